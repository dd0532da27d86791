import type { JsonObject } from '../../model/json.js'
import { LABEL } from '../../model/labels.js'
import { kriOf } from '../../model/naming.js'
import type { Resource } from '../../model/resource.js'
import type { MeshHTTPRouteFilter, MeshHTTPRouteMatch, MeshHTTPRouteRule } from '../../model/specs/mesh-http-route.js'
import {
  type BackendRef,
  type Depend,
  type DestinationIndex,
  isHttp,
  type ResolvedBackend,
} from '../../policy/destinations.js'
import { matchesHash } from '../../policy/matches-hash.js'
import { matchesKey } from '../../policy/merge.js'
import { routeRulesOf, type ToRule } from '../../policy/to-rules.js'
import { compareRouteMatches } from './route-match.js'

/** One way through an outbound: what it matches, what happens to it, and where it goes. */
export interface HttpRoute {
  readonly name: string
  /** The MeshHTTPRoute that it comes from; policies may speak of it. Undefined for the way that is always there. */
  readonly policy: Resource | undefined
  readonly match: MeshHTTPRouteMatch
  readonly filters: readonly MeshHTTPRouteFilter[]
  readonly backends: readonly WeightedBackend[]
  /** Weight of the references that lead nowhere; that share of requests is answered 500. */
  readonly unresolvedWeight: number
  /** There are references, and none leads anywhere. */
  readonly deadEnd: boolean
  /** By the position of the filter. */
  readonly mirrors: ReadonlyMap<number, ResolvedBackend>
}

export interface WeightedBackend {
  readonly backend: ResolvedBackend
  readonly weight: number
}

type RuleConf = MeshHTTPRouteRule['default']

const EVERYTHING: MeshHTTPRouteMatch = { path: { type: 'PathPrefix', value: '/' } }
const EVERYTHING_KEY = matchesKey([EVERYTHING as JsonObject])
const EVERYTHING_NAME = matchesHash([EVERYTHING])

/**
 * The routes of an HTTP outbound in order of use, the catch-all last (kuma `meshhttproute/plugin prepareRoutes`).
 * References are resolved in the namespace of the policy that made them.
 */
export function httpRoutes(
  rule: ToRule | undefined,
  fallback: ResolvedBackend,
  destinations: DestinationIndex,
  depend: Depend,
): readonly HttpRoute[] {
  const routes = rule
    ? routeRulesOf(rule.conf).flatMap((one) => routesOfRule(one, rule, fallback, destinations, depend))
    : []
  routes.sort((a, b) => compareRouteMatches(a.match, b.match))
  if (!routes.some(({ match }) => matchesKey([match as JsonObject]) === EVERYTHING_KEY)) {
    routes.push({
      name: EVERYTHING_NAME,
      policy: undefined,
      match: EVERYTHING,
      filters: [],
      backends: [{ backend: fallback, weight: 1 }],
      unresolvedWeight: 0,
      deadEnd: false,
      mirrors: new Map(),
    })
  }
  return routes
}

function routesOfRule(
  { matches, default: conf }: { readonly matches: readonly JsonObject[]; readonly default: JsonObject },
  { originByMatches }: ToRule,
  fallback: ResolvedBackend,
  destinations: DestinationIndex,
  depend: Depend,
): HttpRoute[] {
  const origin = originByMatches.get(matchesKey(matches))
  const { filters = [], backendRefs = [] } = conf as RuleConf
  const resolve = (ref: BackendRef) => {
    const backend = destinations.resolve(ref, origin ? namespaceOf(origin.policy) : {}, depend)
    return backend && isHttp(backend.port.protocol) ? backend : undefined
  }
  const backends: WeightedBackend[] = []
  let unresolvedWeight = 0
  for (const ref of backendRefs) {
    const weight = ref.weight ?? 1
    const backend = weight > 0 ? resolve(ref) : undefined
    if (backend) backends.push({ backend, weight })
    else unresolvedWeight += weight
  }
  const deadEnd = backendRefs.length > 0 && backends.length === 0
  if (backends.length === 0 && !deadEnd) backends.push({ backend: fallback, weight: 1 })
  const mirrors = new Map<number, ResolvedBackend>()
  filters.forEach((filter, index) => {
    const backend = filter.type === 'RequestMirror' && filter.requestMirror && resolve(filter.requestMirror.backendRef)
    if (backend) mirrors.set(index, backend)
  })
  const name = origin ? (kriOf(origin.policy, `rule_${origin.index}`) ?? '') : matchesHash(matches)
  return matches.map((match) => ({
    name,
    policy: origin?.policy,
    match: { ...match, path: (match as MeshHTTPRouteMatch).path ?? EVERYTHING.path } as MeshHTTPRouteMatch,
    filters,
    backends,
    unresolvedWeight,
    deadEnd,
    mirrors,
  }))
}

/** Where a TCP outbound goes: what the MeshTCPRoute says, else straight to its destination. Empty: nowhere. */
export function tcpBackends(
  rule: ToRule | undefined,
  fallback: ResolvedBackend,
  destinations: DestinationIndex,
  depend: Depend,
): readonly WeightedBackend[] {
  if (rule === undefined) return [{ backend: fallback, weight: 1 }]
  const { backendRefs = [] } = (rule.conf.default ?? {}) as RuleConf
  const policy = rule.origins.at(-1)?.policy
  return backendRefs.flatMap((ref) => {
    const weight = ref.weight ?? 1
    const backend = weight > 0 && destinations.resolve(ref, policy ? namespaceOf(policy) : {}, depend)
    return backend ? [{ backend, weight }] : []
  })
}

function namespaceOf({ labels }: Resource) {
  const namespace = labels[LABEL.namespace]
  return namespace === undefined ? {} : { [LABEL.namespace]: namespace }
}
