import type { MeshHTTPRouteFilter, MeshHTTPRouteMatch } from '../../model/specs/mesh-http-route.js'
import type { HashPolicy } from '../../model/specs/mesh-load-balancing-strategy.js'
import type { MeshRetryConf } from '../../model/specs/mesh-retry.js'
import type { Protocol } from '../../policy/destinations.js'
import type { RouteActionJson, RouteJson } from '../../wire/generated/envoy/config/route/v3/route_components_pb.js'
import type { FractionalPercentJson } from '../../wire/generated/envoy/type/v3/percent_pb.js'
import { fractionalPercent } from './envoy-values.js'
import { hashPolicyJson } from './load-balancing.js'
import { present } from './present.js'
import { retryPolicy } from './retry.js'
import { endsRequest, withFilters } from './route-filters.js'
import { type EnvoyMatch, envoyMatches } from './route-match.js'
import type { RouteTimeouts } from './timeouts.js'
import { clusterTarget, type WeightedCluster } from './weighted-clusters.js'

/** One HTTP route with all that policies say about it, as plain data. */
export interface RouteInput {
  readonly name: string
  readonly match: MeshHTTPRouteMatch
  readonly filters: readonly MeshHTTPRouteFilter[]
  readonly clusters: readonly WeightedCluster[]
  readonly unresolvedWeight: number
  readonly deadEnd: boolean
  /** Cluster of the mirror by the filter's position. */
  readonly mirrors: Readonly<Record<number, string>>
  readonly timeouts: RouteTimeouts
  /** What is said of the route, then of its service; the first that asks for retries counts. */
  readonly retry: readonly MeshRetryConf[]
  readonly protocol: Protocol
  readonly hashPolicies: readonly HashPolicy[]
}

/** Envoy's routes for it, in order: a share for what leads nowhere stands before the way that leads somewhere. */
export function routeJson(input: RouteInput): RouteJson[] {
  return envoyMatches(input.match).flatMap((match) => {
    const answersItself = endsRequest(input.filters)
    if (input.deadEnd && !answersItself) return [notServed(input, match)]
    const served = finished(input, match, { route: action(input) })
    if (input.unresolvedWeight === 0 || input.deadEnd || answersItself) return [served]
    const total = input.clusters.reduce((sum, { weight }) => sum + weight, input.unresolvedWeight)
    const share = { defaultValue: sharePercent(input.unresolvedWeight, total) }
    return [notServed(input, { ...match, match: { ...match.match, runtimeFraction: share } }), served]
  })
}

function notServed(input: RouteInput, match: EnvoyMatch): RouteJson {
  return finished(input, match, { directResponse: { status: 500 } })
}

function finished({ name, filters, mirrors }: RouteInput, { match, prefix }: EnvoyMatch, what: RouteJson): RouteJson {
  return withFilters({ name, match, ...what }, filters, prefix, mirrors)
}

function action({ clusters, timeouts, retry, protocol, hashPolicies }: RouteInput): RouteActionJson {
  return present<RouteActionJson>({
    ...clusterTarget(clusters),
    timeout: timeouts.request,
    idleTimeout: timeouts.streamIdle,
    retryPolicy: retry.map((conf) => retryPolicy(conf, protocol)).find((policy) => policy !== undefined),
    hashPolicy: hashPolicies.length > 0 ? hashPolicies.map(hashPolicyJson) : undefined,
  })
}

/** In the coarsest unit that divides evenly, so that a third is not rounded to a percent. */
function sharePercent(part: number, whole: number): FractionalPercentJson {
  const units = [
    ['HUNDRED', 100],
    ['TEN_THOUSAND', 10_000],
    ['MILLION', 1_000_000],
  ] as const
  for (const [denominator, scale] of units) {
    if ((part * scale) % whole === 0) return { numerator: (part * scale) / whole, denominator }
  }
  return fractionalPercent(Math.round((part / whole) * 1_000_000) / 10_000)
}
