import { isOnline, type Subscription } from '../model/insight.js'
import type { Json, JsonObject } from '../model/json.js'
import { LABEL } from '../model/labels.js'
import { descriptorOf, isResourceType, RESOURCE_TYPES, type ResourceType } from '../model/registry.js'
import { type Resource, specOf, statusOf } from '../model/resource.js'
import type { TenantStore } from '../store/store.js'

/** How many of something there are, by state. */
interface StateCounts {
  online: number
  offline: number
  partiallyDegraded: number
  total: number
}

/** Zones, dataplanes and policies are the sums of what MeshInsights and ZoneInsights say; services are counted here. */
export async function globalInsight(store: TenantStore): Promise<JsonObject> {
  const { resources } = await store.listAll([...SUMMED_TYPES, ...COUNTED_TYPES])
  const all = (type: ResourceType) => resources.filter((resource) => resource.type === type)
  const meshInsights = all('MeshInsight').map((insight) => specOf<MeshInsight>(insight))
  const totals = resourceTotals(meshInsights)
  const policies = [...totals].filter(([type]) => isResourceType(type) && descriptorOf(type).policy !== undefined)
  for (const type of COUNTED_TYPES) if (all(type).length > 0) totals.set(type, all(type).length)
  const zones = all('ZoneInsight')
  return {
    dataplanes: {
      standard: sumOfStates(meshInsights, 'standard'),
      gatewayDelegated: sumOfStates(meshInsights, 'gatewayDelegated'),
    },
    meshes: { total: meshInsights.length },
    policies: { total: policies.reduce((sum, [, total]) => sum + total, 0) },
    resources: Object.fromEntries([...totals].map(([type, total]) => [type, { total }])),
    services: {
      internal: { ...internalServices(all('MeshService')) },
      external: { total: all('MeshExternalService').length },
      gatewayDelegated: { ...gatewayServices(all('Dataplane'), all('DataplaneInsight')) },
    },
    zones: {
      controlPlanes: { online: zones.filter(isOnlineInsight).length, total: zones.length },
      // Zone proxies are Dataplanes in 3.0, and Kuma leaves these at zero.
      zoneEgresses: { online: 0, total: 0 },
      zoneIngresses: { online: 0, total: 0 },
    },
  }
}

const SUMMED_TYPES: readonly ResourceType[] = [
  'MeshInsight',
  'ZoneInsight',
  'MeshService',
  'MeshExternalService',
  'Dataplane',
  'DataplaneInsight',
]

/** Global types that no MeshInsight counts and everybody may see. */
const COUNTED_TYPES: readonly ResourceType[] = RESOURCE_TYPES.filter((type) => {
  const { scope, paths, adminOnly } = descriptorOf(type)
  const isOther = type !== 'Mesh' && type !== 'Zone' && !type.endsWith('Insight')
  return scope === 'global' && paths.length > 0 && !adminOnly && isOther
})

interface MeshInsight {
  readonly resources?: Readonly<Record<string, { readonly total?: number }>>
  readonly dataplanesByType?: Readonly<Record<string, Partial<StateCounts>>>
}

function resourceTotals(meshInsights: readonly MeshInsight[]): Map<string, number> {
  const totals = new Map<string, number>()
  for (const { resources = {} } of meshInsights) {
    for (const [type, { total = 0 }] of Object.entries(resources)) totals.set(type, (totals.get(type) ?? 0) + total)
  }
  return totals
}

function sumOfStates(meshInsights: readonly MeshInsight[], kind: string): JsonObject {
  const sum = noneYet()
  for (const { dataplanesByType } of meshInsights) {
    const { online = 0, offline = 0, partiallyDegraded = 0, total = 0 } = dataplanesByType?.[kind] ?? {}
    sum.online += online
    sum.offline += offline
    sum.partiallyDegraded += partiallyDegraded
    sum.total += total
  }
  return { ...sum }
}

interface ServiceStatus {
  readonly dataplaneProxies?: { readonly connected?: number; readonly healthy?: number; readonly total?: number }
}

/** A proxy serves when it is connected and healthy; the two are counted apart, so the smaller bounds the overlap. */
function internalServices(services: readonly Resource[]): StateCounts {
  const counts = noneYet()
  for (const service of services) {
    const { connected = 0, healthy = 0, total = 0 } = statusOf<ServiceStatus>(service)?.dataplaneProxies ?? {}
    countService(counts, Math.min(connected, healthy), total)
  }
  return counts
}

/** Delegated gateways are in no MeshService: they are grouped by workload, and stand alone without one. */
function gatewayServices(dataplanes: readonly Resource[], insights: readonly Resource[]): StateCounts {
  const onlineNames = new Set(insights.filter(isOnlineInsight).map(({ mesh, name }) => `${mesh}/${name}`))
  const services = new Map<string, { online: number; total: number }>()
  for (const { mesh, name, labels, ...dataplane } of dataplanes) {
    if (specOf<{ networking?: { gateway?: Json } }>(dataplane).networking?.gateway === undefined) continue
    const workload = labels[LABEL.workload]
    const key = workload ? `workload:${mesh}/${workload}` : `dataplane:${mesh}/${name}`
    const { online, total } = services.get(key) ?? { online: 0, total: 0 }
    services.set(key, { online: online + (onlineNames.has(`${mesh}/${name}`) ? 1 : 0), total: total + 1 })
  }
  const counts = noneYet()
  for (const { online, total } of services.values()) countService(counts, online, total)
  return counts
}

function noneYet(): StateCounts {
  return { online: 0, offline: 0, partiallyDegraded: 0, total: 0 }
}

function countService(counts: StateCounts, online: number, total: number): void {
  counts.total += 1
  if (total === 0 || online === 0) counts.offline += 1
  else if (online === total) counts.online += 1
  else counts.partiallyDegraded += 1
}

function isOnlineInsight(insight: Resource): boolean {
  return isOnline(specOf<{ subscriptions?: readonly Subscription[] }>(insight))
}
