import type { ClusterJson } from '../../wire/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { RouteAction_HashPolicyJson } from '../../wire/generated/envoy/config/route/v3/route_components_pb.js'
import { type Decimal, optionalDuration } from './envoy-values.js'
import { present } from './present.js'

/** The conf of a MeshLoadBalancingStrategy. */
export interface LoadBalancingConf {
  readonly loadBalancer?: LoadBalancer
  readonly hashPolicies?: readonly HashPolicy[]
  readonly localityAwareness?: LocalityAwareness
}

interface LoadBalancer {
  readonly type: 'RoundRobin' | 'LeastRequest' | 'RingHash' | 'Random' | 'Maglev'
  readonly leastRequest?: { readonly choiceCount?: number; readonly activeRequestBias?: Decimal }
  readonly ringHash?: {
    readonly hashFunction?: 'XXHash' | 'MurmurHash2'
    readonly minRingSize?: number
    readonly maxRingSize?: number
  }
  readonly maglev?: { readonly tableSize?: number }
}

export interface HashPolicy {
  readonly type: 'Header' | 'Cookie' | 'Connection' | 'QueryParameter' | 'FilterState'
  readonly terminal?: boolean
  readonly header?: { readonly name: string }
  readonly cookie?: { readonly name: string; readonly path?: string; readonly ttl?: string }
  readonly connection?: { readonly sourceIP?: boolean }
  readonly queryParameter?: { readonly name: string }
  readonly filterState?: { readonly key: string }
}

export interface LocalityAwareness {
  readonly disabled?: boolean
  readonly localZone?: { readonly affinityTags?: readonly AffinityTag[] }
  readonly crossZone?: {
    readonly failover?: readonly Failover[]
    readonly failoverThreshold?: { readonly percentage: Decimal }
  }
}
export interface AffinityTag {
  readonly key: string
  readonly weight?: number
}
export interface Failover {
  readonly from?: { readonly zones: readonly string[] }
  readonly to: { readonly type: 'None' | 'Only' | 'Any' | 'AnyExcept'; readonly zones?: readonly string[] }
}

type LbFields = Pick<ClusterJson, 'lbPolicy' | 'leastRequestLbConfig' | 'ringHashLbConfig' | 'maglevLbConfig'>

/** A load balancer without settings of its own gets Envoy's. */
export function lbFields({ loadBalancer }: LoadBalancingConf): LbFields {
  switch (loadBalancer?.type) {
    case undefined:
      return {}
    case 'RoundRobin':
      return { lbPolicy: 'ROUND_ROBIN' }
    case 'Random':
      return { lbPolicy: 'RANDOM' }
    case 'LeastRequest':
      return present<LbFields>({
        lbPolicy: 'LEAST_REQUEST',
        leastRequestLbConfig: loadBalancer.leastRequest && leastRequest(loadBalancer.leastRequest),
      })
    case 'RingHash':
      return present<LbFields>({
        lbPolicy: 'RING_HASH',
        ringHashLbConfig: loadBalancer.ringHash && ringHash(loadBalancer.ringHash),
      })
    case 'Maglev': {
      const tableSize = loadBalancer.maglev?.tableSize
      return present<LbFields>({
        lbPolicy: 'MAGLEV',
        maglevLbConfig: tableSize === undefined ? undefined : { tableSize: String(tableSize) },
      })
    }
  }
}

/** With affinity tags the weights of localities count; else Envoy ignores them (kuma `shouldUseLocalityWeightedLb`). */
export function usesLocalityWeights({ localityAwareness }: LoadBalancingConf): boolean {
  return (localityAwareness?.localZone?.affinityTags?.length ?? 0) > 0
}

export function hashPolicyJson(policy: HashPolicy): RouteAction_HashPolicyJson {
  return present<RouteAction_HashPolicyJson>({ terminal: policy.terminal, ...hashSource(policy) })
}

function hashSource(policy: HashPolicy): RouteAction_HashPolicyJson {
  switch (policy.type) {
    case 'Header':
      return { header: { headerName: policy.header?.name ?? '' } }
    case 'Cookie': {
      const { name = '', path, ttl } = policy.cookie ?? {}
      return { cookie: present({ name, path, ttl: optionalDuration(ttl) }) }
    }
    case 'Connection':
      return { connectionProperties: { sourceIp: policy.connection?.sourceIP ?? false } }
    case 'QueryParameter':
      return { queryParameter: { name: policy.queryParameter?.name ?? '' } }
    case 'FilterState':
      return { filterState: { key: policy.filterState?.key ?? '' } }
  }
}

function leastRequest({ choiceCount, activeRequestBias }: NonNullable<LoadBalancer['leastRequest']>) {
  return present({
    choiceCount,
    activeRequestBias:
      activeRequestBias === undefined
        ? undefined
        : // Envoy demands a key under which its runtime may override the value.
          { defaultValue: Number(activeRequestBias), runtimeKey: 'upstream.least_request.active_request_bias' },
  })
}

function ringHash({ hashFunction, minRingSize, maxRingSize }: NonNullable<LoadBalancer['ringHash']>) {
  return present({
    hashFunction: hashFunction === 'MurmurHash2' ? ('MURMUR_HASH_2' as const) : ('XX_HASH' as const),
    minimumRingSize: minRingSize === undefined ? undefined : String(minRingSize),
    maximumRingSize: maxRingSize === undefined ? undefined : String(maxRingSize),
  })
}
