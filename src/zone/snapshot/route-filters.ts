import type { IntOrString } from '../../model/specs/fields.js'
import type { MeshHTTPRouteFilter } from '../../model/specs/mesh-http-route.js'
import type { HeaderModifier } from '../../model/specs/policy-parts.js'
import type { HeaderValueOptionJson } from '../../wire/generated/envoy/config/core/v3/base_pb.js'
import type {
  RedirectAction_RedirectResponseCodeJson,
  RedirectActionJson,
  RouteActionJson,
  RouteJson,
} from '../../wire/generated/envoy/config/route/v3/route_components_pb.js'
import { fractionalPercent } from './envoy-values.js'
import { present } from './present.js'
import type { EnvoyMatch } from './route-match.js'

type Redirect = NonNullable<MeshHTTPRouteFilter['requestRedirect']>
type Rewrite = NonNullable<MeshHTTPRouteFilter['urlRewrite']>
type PathRewrite = NonNullable<Rewrite['path']>

const REDIRECT_CODES: Readonly<Record<Redirect['statusCode'], RedirectAction_RedirectResponseCodeJson>> = {
  301: 'MOVED_PERMANENTLY',
  302: 'FOUND',
  303: 'SEE_OTHER',
  307: 'TEMPORARY_REDIRECT',
  308: 'PERMANENT_REDIRECT',
}

/** A redirect is an answer of its own: nothing goes to a backend. */
export function endsRequest(filters: readonly MeshHTTPRouteFilter[]): boolean {
  return filters.some(({ type }) => type === 'RequestRedirect')
}

/** The route with the filters' effect, in their order. `mirrors` are cluster names by the filter's position. */
export function withFilters(
  route: RouteJson,
  filters: readonly MeshHTTPRouteFilter[],
  prefix: EnvoyMatch['prefix'],
  mirrors: Readonly<Record<number, string>>,
): RouteJson {
  return filters.reduce((filtered, filter, index) => apply(filtered, filter, prefix, mirrors[index]), route)
}

function apply(
  route: RouteJson,
  filter: MeshHTTPRouteFilter,
  prefix: EnvoyMatch['prefix'],
  mirror?: string,
): RouteJson {
  switch (filter.type) {
    case 'RequestHeaderModifier': {
      const { added, removed } = headerChanges(filter.requestHeaderModifier)
      return {
        ...route,
        requestHeadersToAdd: [...(route.requestHeadersToAdd ?? []), ...added],
        requestHeadersToRemove: [...(route.requestHeadersToRemove ?? []), ...removed],
      }
    }
    case 'ResponseHeaderModifier': {
      const { added, removed } = headerChanges(filter.responseHeaderModifier)
      return {
        ...route,
        responseHeadersToAdd: [...(route.responseHeadersToAdd ?? []), ...added],
        responseHeadersToRemove: [...(route.responseHeadersToRemove ?? []), ...removed],
      }
    }
    case 'RequestRedirect': {
      const { route: _backend, directResponse: _answer, ...rest } = route
      return { ...rest, redirect: redirect(filter.requestRedirect ?? { statusCode: 302 }, prefix) }
    }
    case 'URLRewrite':
      return withAction(route, rewrite(filter.urlRewrite ?? {}, prefix))
    case 'RequestMirror':
      return mirror === undefined ? route : withAction(route, mirrorTo(route, mirror, filter.requestMirror?.percentage))
  }
}

/** Filters on the way to a backend say nothing where there is no backend. */
function withAction(route: RouteJson, change: RouteActionJson): RouteJson {
  return route.route === undefined ? route : { ...route, route: { ...route.route, ...change } }
}

function headerChanges({ set = [], add = [], remove = [] }: HeaderModifier = {}) {
  const added: HeaderValueOptionJson[] = [
    ...set.map(({ name, value }) => ({
      header: { key: name, value },
      appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' as const,
    })),
    ...add.map(({ name, value }) => ({
      header: { key: name, value },
      appendAction: 'APPEND_IF_EXISTS_OR_ADD' as const,
    })),
  ]
  return { added, removed: remove }
}

function redirect(
  { scheme, hostname, port, path, statusCode }: Redirect,
  prefix: EnvoyMatch['prefix'],
): RedirectActionJson {
  return present<RedirectActionJson>({
    schemeRedirect: scheme,
    hostRedirect: hostname,
    portRedirect: port,
    responseCode: REDIRECT_CODES[statusCode] ?? 'FOUND',
    ...pathRewrite(path, prefix),
  })
}

function rewrite(
  { hostname, path }: NonNullable<MeshHTTPRouteFilter['urlRewrite']>,
  prefix: EnvoyMatch['prefix'],
): RouteActionJson {
  return present<RouteActionJson>({ hostRewriteLiteral: hostname, ...pathRewrite(path, prefix) })
}

function pathRewrite(path: PathRewrite | undefined, prefix: EnvoyMatch['prefix']) {
  if (path === undefined) return {}
  if (path.type === 'ReplaceFullPath') return { regexRewrite: wholePath(path.replaceFullPath ?? '') }
  if (prefix === 'none') return {}
  const replacement = path.replacePrefixMatch ?? ''
  return prefix === 'whole' ? { regexRewrite: wholePath(replacement) } : { prefixRewrite: replacement }
}

function wholePath(substitution: string) {
  return { pattern: { regex: '.*' }, substitution }
}

function mirrorTo(route: RouteJson, cluster: string, percentage: IntOrString | undefined): RouteActionJson {
  const share = percentage === undefined ? undefined : { defaultValue: fractionalPercent(Number(percentage)) }
  return {
    requestMirrorPolicies: [
      ...(route.route?.requestMirrorPolicies ?? []),
      present({ cluster, runtimeFraction: share }),
    ],
  }
}
