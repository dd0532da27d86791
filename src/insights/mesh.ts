import { type DataplaneInsightSpec, dataplaneStatus } from '../model/insight.js'
import type { JsonObject } from '../model/json.js'
import type { ResourceType } from '../model/registry.js'
import { type Resource, specOf } from '../model/resource.js'
import type { DataplaneNetworking } from '../model/specs/dataplane.js'
import type { Change } from '../store/store.js'

/** Kuma's words for the states of a MeshInsight, and how each is counted. */
interface Counts {
  total: number
  online: number
  offline: number
  partiallyDegraded: number
}

/** Types that a MeshInsight does not count: it has fields of its own for them, or they are about others. */
const UNCOUNTED: ReadonlySet<ResourceType> = new Set(['DataplaneInsight', 'ServiceInsight'])

/** What a version is called when a sidecar told none. */
const UNKNOWN_VERSION = 'unknown'

/**
 * The numbers of one mesh, kept current change by change: a change costs the resource that it names. Kuma recounts the
 * whole mesh each time (`pkg/insights/resyncer.go`); its totals per version leave partially degraded ones out, ours do not.
 */
export class MeshNumbers {
  readonly #totals = new Map<ResourceType, number>()
  readonly #dataplanes = new Map<string, Resource>()
  readonly #insights = new Map<string, Resource>()

  /** A resource of this mesh came, changed or went. */
  change({ key, before, after }: Pick<Change, 'key' | 'before' | 'after'>): void {
    if (key.type === 'Dataplane') replace(this.#dataplanes, key.name, after)
    if (key.type === 'DataplaneInsight') replace(this.#insights, key.name, after)
    if (UNCOUNTED.has(key.type)) return
    const total = (this.#totals.get(key.type) ?? 0) + (after ? 1 : 0) - (before ? 1 : 0)
    if (total === 0) this.#totals.delete(key.type)
    else this.#totals.set(key.type, total)
  }

  /** The MeshInsight's spec in protobuf JSON; zero counts are left out. */
  json(): JsonObject {
    const all = counts()
    const standard = counts()
    const delegated = counts()
    const kumaDp = new Map<string, Counts>()
    const envoy = new Map<string, Counts>()
    for (const [name, dataplane] of this.#dataplanes) {
      const networking = specOf<{ networking?: DataplaneNetworking }>(dataplane).networking
      const insight = this.#insights.get(name)
      const spec = insight && specOf<DataplaneInsightSpec>(insight)
      const status = dataplaneStatus(networking ?? {}, spec)
      const version = spec?.subscriptions?.at(-1)?.version
      const groups = [
        all,
        networking?.gateway ? delegated : standard,
        countsOf(kumaDp, textOf(version?.kumaDp?.version)),
        countsOf(envoy, textOf(version?.envoy?.version)),
      ]
      for (const group of groups) count(group, status)
    }
    return {
      dataplanes: json(all),
      dpVersions: {
        ...(kumaDp.size > 0 && { kumaDp: jsonOf(kumaDp) }),
        ...(envoy.size > 0 && { envoy: jsonOf(envoy) }),
      },
      mTLS: {},
      dataplanesByType: { standard: json(standard), gateway: json(delegated), gatewayDelegated: json(delegated) },
      resources: Object.fromEntries([...this.#totals].map(([type, total]) => [type, { total }])),
    }
  }
}

function replace(map: Map<string, Resource>, name: string, after: Resource | undefined): void {
  if (after) map.set(name, after)
  else map.delete(name)
}

function counts(): Counts {
  return { total: 0, online: 0, offline: 0, partiallyDegraded: 0 }
}

function countsOf(byVersion: Map<string, Counts>, version = UNKNOWN_VERSION): Counts {
  let found = byVersion.get(version)
  if (!found) {
    found = counts()
    byVersion.set(version, found)
  }
  return found
}

/** A sidecar's word, so anything. */
function textOf(version: unknown): string | undefined {
  return typeof version === 'string' && version !== '' ? version : undefined
}

function count(group: Counts, status: ReturnType<typeof dataplaneStatus>): void {
  group.total += 1
  if (status === 'Online') group.online += 1
  else if (status === 'Offline') group.offline += 1
  else group.partiallyDegraded += 1
}

function json(group: Counts): JsonObject {
  return Object.fromEntries(Object.entries(group).filter(([, number]) => number > 0))
}

function jsonOf(groups: ReadonlyMap<string, Counts>): JsonObject {
  return Object.fromEntries([...groups].map(([version, group]) => [version, json(group)]))
}
