import type { Snapshot, SnapshotEntry } from '../../src/protocol/snapshot-source.js'
import { ENVOY_TYPE_URL, type EnvoyJson, type EnvoyKind, encodeEnvoy, typedConfig } from '../../src/wire/envoy-codec.js'

const ADS = { ads: {}, resourceApiVersion: 'V3' } as const

/** An EDS cluster. */
export function cluster(name: string, changes: EnvoyJson<'cluster'> = {}): EnvoyJson<'cluster'> {
  return { name, type: 'EDS', edsClusterConfig: { edsConfig: ADS }, connectTimeout: '5s', ...changes }
}

/** One that has its endpoint with it. */
export function staticCluster(name: string, portValue = 8080): EnvoyJson<'cluster'> {
  return { name, type: 'STATIC', loadAssignment: endpoints(name, portValue) }
}

export function endpoints(clusterName: string, ...ports: number[]): EnvoyJson<'endpoint'> {
  const lbEndpoints = ports.map((portValue) => ({ endpoint: { address: socket('10.0.0.1', portValue) } }))
  return { clusterName, endpoints: [{ locality: { zone: 'zone-1' }, lbEndpoints }] }
}

/** A TCP listener. */
export function listener(name: string, portValue: number, clusterName = 'unchecked'): EnvoyJson<'listener'> {
  const filter = {
    name: 'envoy.filters.network.tcp_proxy',
    typedConfig: typedConfig('TcpProxy', { statPrefix: name, cluster: clusterName }),
  }
  return { name, address: socket('127.0.0.1', portValue), filterChains: [{ filters: [filter] }] }
}

function socket(address: string, portValue: number) {
  return { socketAddress: { address, portValue } }
}

type Contents = { readonly [K in EnvoyKind]?: readonly EnvoyJson<K>[] }

/** Snapshot of these resources, each under the name that it has in itself. */
export function envoySnapshot(contents: Contents): Snapshot {
  const types = new Map<string, Map<string, SnapshotEntry>>()
  for (const kind of Object.keys(ENVOY_TYPE_URL) as EnvoyKind[]) {
    const entries = new Map<string, SnapshotEntry>()
    for (const json of contents[kind] ?? []) {
      const name = nameOf(json)
      entries.set(name, encodeEnvoy(kind, name, json))
    }
    types.set(ENVOY_TYPE_URL[kind], entries)
  }
  return types
}

function nameOf(json: object): string {
  const { name, clusterName } = json as { name?: string; clusterName?: string }
  return name ?? clusterName ?? ''
}
