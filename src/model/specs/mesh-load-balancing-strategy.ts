import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { duration, type IntOrString, intOrString, uint32 } from './fields.js'
import { type ToTargetRef, toList, topTargetRef } from './policy-parts.js'
import { checkTop, checkToRef, MESH_AND_SERVICES_AND_ROUTES } from './reference-rules.js'
import { at, decimalOf, each, percentage, positiveNumber, REASON, violation } from './rules.js'

const hashPolicy = z.object({
  type: z.enum(['Header', 'Cookie', 'Connection', 'QueryParameter', 'FilterState']),
  terminal: z.boolean().optional(),
  header: z.object({ name: z.string().min(1) }).optional(),
  cookie: z.object({ name: z.string().min(1), ttl: duration.optional(), path: z.string().optional() }).optional(),
  connection: z.object({ sourceIP: z.boolean().optional() }).optional(),
  queryParameter: z.object({ name: z.string().min(1) }).optional(),
  filterState: z.object({ key: z.string().min(1) }).optional(),
})
export type HashPolicy = z.infer<typeof hashPolicy>

/** Envoy's limits of its two table-based balancers. */
const ringSize = uint32.min(1).max(8_000_000)
const tableSize = uint32.min(1).max(5_000_011)

const loadBalancer = z.object({
  type: z.enum(['RoundRobin', 'LeastRequest', 'RingHash', 'Random', 'Maglev']),
  roundRobin: z.object({}).optional(),
  leastRequest: z
    .object({ choiceCount: uint32.min(2).optional(), activeRequestBias: intOrString.optional() })
    .optional(),
  ringHash: z
    .object({
      hashFunction: z.enum(['XXHash', 'MurmurHash2']).optional(),
      minRingSize: ringSize.optional(),
      maxRingSize: ringSize.optional(),
    })
    .optional(),
  random: z.object({}).optional(),
  maglev: z.object({ tableSize: tableSize.optional() }).optional(),
})

const failover = z.object({
  from: z.object({ zones: z.array(z.string()) }).optional(),
  to: z.object({ type: z.enum(['None', 'Only', 'Any', 'AnyExcept']), zones: z.array(z.string()).optional() }),
})
export type ZoneFailover = z.infer<typeof failover>

const localityAwareness = z.object({
  disabled: z.boolean().optional(),
  localZone: z
    .object({ affinityTags: z.array(z.object({ key: z.string(), weight: uint32.optional() })).optional() })
    .optional(),
  crossZone: z
    .object({
      failover: z.array(failover).optional(),
      failoverThreshold: z.object({ percentage: intOrString }).optional(),
    })
    .optional(),
})
export type LocalityAwareness = z.infer<typeof localityAwareness>

const conf = z.object({
  localityAwareness: localityAwareness.optional(),
  loadBalancer: loadBalancer.optional(),
  hashPolicies: z.array(hashPolicy).optional(),
})

export const meshLoadBalancingStrategySchema = z.object({
  targetRef: topTargetRef.optional(),
  to: toList(conf.prefault({})).optional(),
})
export type MeshLoadBalancingStrategySpec = z.infer<typeof meshLoadBalancingStrategySchema>
export type MeshLoadBalancingStrategyConf = z.infer<typeof conf>

const ROUTES_HASH_ONLY = 'field is not allowed when targetRef.kind is MeshHTTPRoute, only hashPolicies is supported'

export function checkMeshLoadBalancingStrategy(spec: MeshLoadBalancingStrategySpec): Violation[] {
  return at('spec', [
    ...checkTop(spec.targetRef),
    ...each('to', spec.to, (to) => [
      ...checkToRef(to.targetRef, MESH_AND_SERVICES_AND_ROUTES),
      ...at('default', checkConf(to.default, to.targetRef)),
    ]),
  ])
}

function checkConf(conf: MeshLoadBalancingStrategyConf, target: ToTargetRef): Violation[] {
  const hashed = each('hashPolicies', conf.hashPolicies, checkHashPolicy)
  if (target.kind === 'MeshHTTPRoute') {
    return [
      ...hashed,
      ...(conf.loadBalancer ? violation('loadBalancer', ROUTES_HASH_ONLY) : []),
      ...(conf.localityAwareness ? violation('localityAwareness', ROUTES_HASH_ONLY) : []),
    ]
  }
  return [
    ...at('loadBalancer', checkLoadBalancer(conf.loadBalancer)),
    ...at('localityAwareness', checkLocality(conf.localityAwareness, target)),
    ...hashed,
  ]
}

/** Each hash policy needs the block of its type. */
function checkHashPolicy(policy: HashPolicy): Violation[] {
  switch (policy.type) {
    case 'Header':
      return policy.header ? [] : violation('header', REASON.defined)
    case 'QueryParameter':
      return policy.queryParameter ? [] : violation('queryParameter', REASON.defined)
    case 'FilterState':
      return policy.filterState ? [] : violation('filterState', REASON.defined)
    case 'Connection':
      return policy.connection ? [] : violation('connection', REASON.defined)
    case 'Cookie': {
      if (policy.cookie === undefined) return violation('cookie', REASON.defined)
      const { path } = policy.cookie
      return path === undefined || path.startsWith('/') ? [] : violation('cookie.path', 'must be an absolute path')
    }
  }
}

function checkLoadBalancer(balancer: MeshLoadBalancingStrategyConf['loadBalancer']): Violation[] {
  return balancer?.type === 'LeastRequest' ? checkBias(balancer.leastRequest?.activeRequestBias) : []
}

function checkBias(bias: IntOrString | undefined): Violation[] {
  if (bias === undefined) return []
  const number = decimalOf(bias)
  const field = 'leastRequest.activeRequestBias'
  if (number === undefined) return violation(field, 'string must be a valid number')
  return number < 0 ? violation(field, 'must be greater or equal then: 0') : []
}

function checkLocality(locality: LocalityAwareness | undefined, target: ToTargetRef): Violation[] {
  return [
    ...at('localZone', checkAffinity(locality?.localZone?.affinityTags ?? [])),
    ...at('crossZone', checkCrossZone(locality?.crossZone, target)),
  ]
}

function checkAffinity(tags: readonly { readonly key: string; readonly weight?: number | undefined }[]): Violation[] {
  const weighted = tags.filter(({ weight }) => weight !== undefined).length
  return [
    ...each('affinityTags', tags, ({ key, weight }) => [
      ...(key === '' ? violation('key', REASON.notEmpty) : []),
      ...positiveNumber('weight', weight),
    ]),
    ...(weighted > 0 && weighted < tags.length
      ? violation('affinityTags', 'all or none affinity tags should have weight')
      : []),
  ]
}

function checkCrossZone(crossZone: LocalityAwareness['crossZone'], target: ToTargetRef): Violation[] {
  if (crossZone === undefined) return []
  const selects = Object.keys(target.labels ?? {}).length > 0 || (target.sectionName ?? '') !== ''
  return [
    ...(target.kind === 'MeshService' && selects
      ? violation('', `${REASON.notSet}: MeshService traffic is local`)
      : []),
    ...each('failover', crossZone.failover, checkFailover),
    ...percentage('failoverThreshold.percentage', crossZone.failoverThreshold?.percentage, false),
  ]
}

function checkFailover({ from, to }: ZoneFailover): Violation[] {
  const named = (to.zones ?? []).length > 0
  const takesZones = to.type === 'Only' || to.type === 'AnyExcept'
  return [
    ...(from?.zones.length === 0 ? violation('from.zones', REASON.notEmpty) : []),
    ...each('from.zones', from?.zones, (zone) => (zone === '' ? violation('', REASON.notEmpty) : [])),
    ...(named && !takesZones ? violation('to.zones', `must be empty when type is ${to.type}`) : []),
    ...(!named && takesZones ? violation('to.zones', `must not be empty when type is ${to.type}`) : []),
  ]
}
