import type { HashPolicy, MeshLoadBalancingStrategyConf } from '../../model/specs/mesh-load-balancing-strategy.js'
import type { ClusterJson } from '../../wire/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { RouteAction_HashPolicyJson } from '../../wire/generated/envoy/config/route/v3/route_components_pb.js'
import { optionalDuration } from './envoy-values.js'
import { present } from './present.js'

type LoadBalancer = NonNullable<MeshLoadBalancingStrategyConf['loadBalancer']>
type LbFields = Pick<ClusterJson, 'lbPolicy' | 'leastRequestLbConfig' | 'ringHashLbConfig' | 'maglevLbConfig'>

/** A load balancer without settings of its own gets Envoy's. */
export function lbFields({ loadBalancer }: MeshLoadBalancingStrategyConf): LbFields {
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
export function usesLocalityWeights({ localityAwareness }: MeshLoadBalancingStrategyConf): boolean {
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
