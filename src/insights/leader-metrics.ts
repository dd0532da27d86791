import type { PromMetrics } from '../base/prom-metrics.js'
import type { ResourceType } from '../model/registry.js'

export interface ResourceCount {
  readonly tenant: string
  readonly type: ResourceType
  readonly count: number
}

/** What one process does for all that share its store, and knows for that how many resources there are. */
export interface Leading {
  readonly leads: boolean
  resourceCounts(): Iterable<ResourceCount>
}

/** As in Kuma only the leader counts, so that a sum over instances is true. Nothing is counted before someone asks. */
export function exposeLeader(metrics: Pick<PromMetrics, 'collect'>, leading: Leading, withCounts: boolean): void {
  metrics.collect('leader', () => [{ labels: {}, value: leading.leads ? 1 : 0 }])
  if (!withCounts) return
  metrics.collect('resources_count', () => {
    const counts = leading.leads ? [...leading.resourceCounts()] : []
    return counts.map(({ type, tenant, count }) => ({ labels: { resource_type: type, tenant }, value: count }))
  })
}
