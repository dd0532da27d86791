import { isJsonObject } from '../../model/json.js'
import { type Resource, specOf } from '../../model/resource.js'
import type { MeshServicePort } from '../../model/specs/mesh-service.js'
import { isReady } from '../snapshot/dataplane-spec.js'
import { inboundsOf, serves } from './service-match.js'

/** `status.dataplaneProxies`: zero counts are left out of a MeshService and printed in a Workload, as Go's types do. */
export interface ProxyCounts {
  readonly connected: number
  readonly healthy: number
  readonly total: number
}

/** Healthy: every port of the service has a ready inbound (kuma `meshservice/status/updater.go`). */
export function serviceCounts(
  members: readonly Resource[],
  ports: readonly MeshServicePort[],
  insights: ReadonlyMap<string, Resource>,
): ProxyCounts {
  return counts(members, insights, (member) => ports.every((port) => serves(member, port)))
}

/** Healthy: every inbound is ready. */
export function workloadCounts(members: readonly Resource[], insights: ReadonlyMap<string, Resource>): ProxyCounts {
  return counts(members, insights, (member) => inboundsOf(member).every((inbound) => isReady(inbound)))
}

function counts(
  members: readonly Resource[],
  insights: ReadonlyMap<string, Resource>,
  healthy: (member: Resource) => boolean,
): ProxyCounts {
  let connected = 0
  let healthyCount = 0
  for (const member of members) {
    const insight = insights.get(member.name)
    if (insight && isOnline(insight)) connected += 1
    if (healthy(member)) healthyCount += 1
  }
  return { connected, healthy: healthyCount, total: members.length }
}

/** Some subscription is open. */
export function isOnline(insight: Resource): boolean {
  const { subscriptions } = specOf(insight)
  if (!Array.isArray(subscriptions)) return false
  return subscriptions.some(
    (item) => isJsonObject(item) && item.connectTime !== undefined && item.disconnectTime === undefined,
  )
}
