export interface WeightedCluster {
  readonly cluster: string
  readonly weight: number
}

/** Routes and TCP proxies name one cluster, or several with their shares, in the same words. */
export function clusterTarget(clusters: readonly WeightedCluster[]) {
  const [only, ...others] = clusters
  if (only !== undefined && others.length === 0) return { cluster: only.cluster }
  return { weightedClusters: { clusters: clusters.map(({ cluster, weight }) => ({ name: cluster, weight })) } }
}
