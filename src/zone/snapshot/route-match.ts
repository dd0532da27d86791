import type { MeshHTTPRouteMatch } from '../../model/specs/mesh-http-route.js'
import type {
  QueryParameterMatcherJson,
  RouteMatchJson,
} from '../../wire/generated/envoy/config/route/v3/route_components_pb.js'
import { headerMatcher } from './envoy-values.js'

/** One of Envoy's matches for it. */
export interface EnvoyMatch {
  readonly match: RouteMatchJson
  /** How the path was matched, which decides how a prefix is replaced. */
  readonly prefix: 'none' | 'whole' | 'below'
}

const PATH_ORDER = { Exact: 0, PathPrefix: 1, RegularExpression: 2 } as const

/** Gateway API precedence, strongest first: exact path, longer prefix, longer expression, method, headers, parameters. */
export function compareRouteMatches(a: MeshHTTPRouteMatch, b: MeshHTTPRouteMatch): number {
  return (
    comparePaths(a.path, b.path) ||
    Number(b.method !== undefined) - Number(a.method !== undefined) ||
    (b.headers?.length ?? 0) - (a.headers?.length ?? 0) ||
    (b.queryParams?.length ?? 0) - (a.queryParams?.length ?? 0)
  )
}

function comparePaths(a: MeshHTTPRouteMatch['path'], b: MeshHTTPRouteMatch['path']): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  if (a.type !== b.type) return PATH_ORDER[a.type] - PATH_ORDER[b.type]
  return a.type === 'Exact' ? 0 : b.value.length - a.value.length
}

/**
 * A prefix other than `/` becomes two matches, the path itself and all below it: Envoy's own path-separated prefix
 * would rewrite `/prefix/x` to `//x` (envoyproxy/envoy#23130).
 */
export function envoyMatches({
  path,
  method,
  headers = [],
  queryParams = [],
}: MeshHTTPRouteMatch): readonly EnvoyMatch[] {
  const conditions: RouteMatchJson = {
    headers: [
      ...(method === undefined ? [] : [{ name: ':method', stringMatch: { exact: method } }]),
      ...firstOfEach(headers, ({ name }) => name.toLowerCase()).map(headerMatcher),
    ],
    queryParameters: firstOfEach(queryParams, ({ name }) => name).map(
      ({ name, type, value }): QueryParameterMatcherJson => ({
        name,
        stringMatch: type === 'RegularExpression' ? { safeRegex: { regex: value } } : { exact: value },
      }),
    ),
  }
  return pathMatches(path).map(({ match, prefix }) => ({ match: { ...match, ...conditions }, prefix }))
}

function pathMatches(path: MeshHTTPRouteMatch['path']): readonly EnvoyMatch[] {
  const value = path?.value ?? '/'
  switch (path?.type ?? 'PathPrefix') {
    case 'Exact':
      return [{ match: { path: value }, prefix: 'none' }]
    case 'RegularExpression':
      return [{ match: { safeRegex: { regex: value } }, prefix: 'none' }]
    case 'PathPrefix': {
      if (value === '/') return [{ match: { prefix: '/' }, prefix: 'below' }]
      const whole = value.replace(/\/$/, '')
      return [
        { match: { path: whole }, prefix: 'whole' },
        { match: { prefix: `${whole}/` }, prefix: 'below' },
      ]
    }
  }
}

/** A second match of the same name says nothing. */
function firstOfEach<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  return items.filter((item, index) => items.findIndex((other) => key(other) === key(item)) === index)
}
