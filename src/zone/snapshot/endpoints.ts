import type { Labels } from '../../model/labels.js'
import type { LocalityAwareness, ZoneFailover } from '../../model/specs/mesh-load-balancing-strategy.js'
import type {
  LbEndpointJson,
  LocalityLbEndpointsJson,
} from '../../wire/generated/envoy/config/endpoint/v3/endpoint_components_pb.js'
import type { ClusterLoadAssignmentJson } from '../../wire/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { lbMetadata } from './envoy-values.js'

/** An address behind a port of a service. */
export interface Endpoint {
  readonly address: string
  readonly port: number
  readonly zone: string
  /** How many instances stand behind the address as far as load balancing goes; at least 1. */
  readonly weight: number
  /** Of the workload, for affinity and retries; empty for another zone's. */
  readonly labels: Labels
}

/** What decides, besides the endpoints, how one proxy sees them. */
export interface Viewpoint {
  readonly zone: string
  /** The proxy's values of the labels that affinity asks for. */
  readonly affinity: Labels
  readonly locality: LocalityAwareness | undefined
}

export interface LoadAssignmentInput {
  /** An address may stand in several. */
  readonly sets: readonly (readonly Endpoint[])[]
  readonly viewpoint: Viewpoint
}

interface Placed {
  readonly endpoint: Endpoint
  readonly zone: string
  readonly subZone: string
  readonly priority: number
  /** Of the locality; undefined: as many as its endpoints weigh. */
  readonly weight: number | undefined
}

/** Share of healthy hosts at which Envoy begins to spill over, once localities are configured (kuma: 200). */
const SPILL_OVER_DEFAULT = 200

/**
 * A ClusterLoadAssignment that Envoy and gRPC's own clients both take: each locality is named and has a weight, no
 * address occurs twice, priorities begin at 0 and have no gap (dataplane.md §0.4).
 */
export function loadAssignment(
  clusterName: string,
  { sets, viewpoint }: LoadAssignmentInput,
): ClusterLoadAssignmentJson {
  const placed = distinct(sets.flat()).flatMap((endpoint) => place(endpoint, viewpoint) ?? [])
  const priorities = [...new Set(placed.map(({ priority }) => priority))].sort((a, b) => a - b)
  const groups = new Map<string, Placed[]>()
  for (const one of placed) {
    const key = `${priorities.indexOf(one.priority)}/${one.zone}/${one.subZone}`
    const group = groups.get(key)
    if (group) group.push(one)
    else groups.set(key, [one])
  }
  const localities = [...groups.keys()]
    .sort()
    .map((key) => locality(groups.get(key) ?? [], (priority) => priorities.indexOf(priority)))
  const factor = spillOver(viewpoint.locality)
  return { clusterName, endpoints: localities, ...(factor && { policy: { overprovisioningFactor: factor } }) }
}

/** One address is one endpoint, with the weight of all that stand behind it. */
function distinct(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const byAddress = new Map<string, Endpoint>()
  for (const endpoint of endpoints) {
    const key = `${endpoint.address} ${endpoint.port}`
    const known = byAddress.get(key)
    byAddress.set(key, known ? { ...known, weight: known.weight + endpoint.weight } : endpoint)
  }
  return [...byAddress.values()]
}

/** Kuma `meshloadbalancingstrategy`: local first, others next; with rules, by the rules, and what none admits is left out. */
function place(endpoint: Endpoint, { zone, affinity, locality }: Viewpoint): Placed | undefined {
  const unplaced = { endpoint, zone: endpoint.zone, subZone: '', weight: undefined }
  const hasRules = locality?.localZone !== undefined || locality?.crossZone !== undefined
  if (endpoint.zone === zone) {
    const tags = locality?.localZone?.affinityTags ?? []
    const index = tags.findIndex(({ key }) => affinity[key] !== undefined && endpoint.labels[key] === affinity[key])
    const tag = tags[index]
    if (tag === undefined) return { ...unplaced, priority: 0, weight: hasRules ? 1 : undefined }
    const weight = tag.weight ?? generatedWeight(tags, index)
    return { ...unplaced, priority: 0, subZone: `${tag.key}=${affinity[tag.key]}`, weight }
  }
  if (!hasRules) return { ...unplaced, priority: locality?.disabled ? 0 : 1 }
  const rules = locality?.crossZone?.failover ?? []
  const index = rules.findIndex((rule) => appliesFrom(rule, zone) && admits(rule, endpoint.zone))
  return index < 0 ? undefined : { ...unplaced, priority: index + 1 }
}

/** Nine tenths for the first tag, nine hundredths for the next; together a power of ten, the rest taking one. */
function generatedWeight(tags: readonly unknown[], index: number): number {
  return 9 * 10 ** (tags.length - index - 1)
}

function appliesFrom({ from }: ZoneFailover, zone: string): boolean {
  return from === undefined || from.zones.includes(zone)
}

function admits({ to }: ZoneFailover, zone: string): boolean {
  switch (to.type) {
    case 'Any':
      return true
    case 'Only':
      return to.zones?.includes(zone) ?? false
    case 'AnyExcept':
      return !to.zones?.includes(zone)
    case 'None':
      return false
  }
}

function spillOver(locality: LocalityAwareness | undefined): number | undefined {
  if (locality?.localZone === undefined && locality?.crossZone === undefined) return undefined
  const percentage = Number(locality.crossZone?.failoverThreshold?.percentage ?? 0)
  return percentage > 0 ? Math.trunc(100 / percentage) * 100 || 100 : SPILL_OVER_DEFAULT
}

function locality(group: readonly Placed[], rank: (priority: number) => number): LocalityLbEndpointsJson {
  const [{ zone, subZone, priority, weight }] = group as readonly [Placed, ...Placed[]]
  const total = group.reduce((sum, { endpoint }) => sum + endpoint.weight, 0)
  return {
    locality: subZone === '' ? { zone } : { zone, subZone },
    lbEndpoints: group
      .map(({ endpoint }) => endpoint)
      .sort(byAddress)
      .map(lbEndpoint),
    loadBalancingWeight: weight ?? total,
    priority: rank(priority),
  }
}

function lbEndpoint({ address, port, weight, labels }: Endpoint): LbEndpointJson {
  return {
    endpoint: { address: { socketAddress: { address, portValue: port } } },
    ...(Object.keys(labels).length > 0 && { metadata: lbMetadata(labels) }),
    loadBalancingWeight: weight,
  }
}

function byAddress(a: Endpoint, b: Endpoint): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1
  return a.port - b.port
}
