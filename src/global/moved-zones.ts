import { newestOpen } from '../insights/subscription-list.js'
import { specOf } from '../model/resource.js'
import type { Peers } from '../store/peers.js'
import type { Commit, TenantStore } from '../store/store.js'
import type { Sessions } from './sessions.js'
import type { TenantRuntime } from './tenant-runtime.js'

export interface MovedZonesOptions {
  readonly instanceId: string
  readonly sessions: Sessions
}

/** Zones of a tenant whose newest stream is open at another instance that is there; none without other instances. */
export async function zonesElsewhere(
  store: TenantStore,
  peers: Peers | undefined,
  instanceId: string,
): Promise<ReadonlySet<string>> {
  if (!peers) return new Set()
  const [present, { resources }] = await Promise.all([peers.present(), store.list('ZoneInsight')])
  const elsewhere = resources.filter((insight) => {
    const holder = newestOpen(specOf(insight).subscriptions)?.globalInstanceId
    return typeof holder === 'string' && holder !== instanceId && present.has(holder)
  })
  return new Set(elsewhere.map(({ name }) => name))
}

/**
 * The newest stream of a zone wins, also when it is at another instance: the zone's insight lists its subscriptions in
 * the order in which they were stored, which is one order for all instances.
 */
export class MovedZones {
  readonly #options: MovedZonesOptions

  constructor(options: MovedZonesOptions) {
    this.#options = options
  }

  watch(store: TenantStore, runtime: TenantRuntime): void {
    store.watch((commit) => this.#follow(commit, store, runtime))
  }

  #follow({ changes }: Commit, { tenant }: TenantStore, runtime: TenantRuntime): void {
    const { sessions, instanceId } = this.#options
    for (const { key, after } of changes) {
      if (key.type !== 'ZoneInsight' || !after) continue
      const own = sessions.ofZone(tenant, key.name)
      if (own.length === 0) continue
      const { subscriptions } = specOf(after)
      const newest = newestOpen(subscriptions)
      if (!newest || newest.globalInstanceId === instanceId) continue
      // Ours may be on its way into the insight, and is the newest then.
      if (!runtime.insightOf(key.name).isStoredIn(subscriptions)) continue
      const detail = `zone ${key.name} opened a newer stream at ${newest.globalInstanceId}`
      for (const session of own) session.end({ kind: 'superseded', detail })
    }
  }
}
