import { isIP } from 'node:net'
import { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import { intOrString, portNumber } from './fields.js'
import {
  backendRef,
  type HeaderMatch,
  type HeaderModifier,
  headerMatch,
  headerModifier,
  topTargetRef,
  toTargetRef,
} from './policy-parts.js'
import { checkBackendRef, checkTop, checkToRef, SERVICES } from './reference-rules.js'
import { at, atLeastOneOf, each, REASON, violation } from './rules.js'

const hostname = z
  .string()
  .min(1, { abort: true })
  .max(253, { abort: true })
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/)

const pathRewrite = z.object({
  type: z.enum(['ReplaceFullPath', 'ReplacePrefixMatch']),
  replaceFullPath: z.string().optional(),
  replacePrefixMatch: z.string().optional(),
})

const filter = z.object({
  type: z.enum(['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestRedirect', 'URLRewrite', 'RequestMirror']),
  requestHeaderModifier: headerModifier.optional(),
  responseHeaderModifier: headerModifier.optional(),
  requestRedirect: z
    .object({
      scheme: z.enum(['http', 'https']).optional(),
      hostname: hostname.optional(),
      path: pathRewrite.optional(),
      port: portNumber.optional(),
      statusCode: z.literal([301, 302, 303, 307, 308]).default(302),
    })
    .optional(),
  urlRewrite: z
    .object({
      hostname: hostname.optional(),
      hostToBackendHostname: z.boolean().optional(),
      path: pathRewrite.optional(),
    })
    .optional(),
  requestMirror: z.object({ percentage: intOrString.optional(), backendRef }).optional(),
})
export type MeshHTTPRouteFilter = z.infer<typeof filter>

const match = z.object({
  path: z.object({ type: z.enum(['Exact', 'PathPrefix', 'RegularExpression']), value: z.string().min(1) }).optional(),
  method: z.enum(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE']).optional(),
  queryParams: z
    .array(z.object({ type: z.enum(['Exact', 'RegularExpression']), name: z.string().min(1), value: z.string() }))
    .optional(),
  headers: z.array(headerMatch).optional(),
})
export type MeshHTTPRouteMatch = z.infer<typeof match>

const rule = z.object({
  matches: z.array(match).min(1),
  default: z.object({ filters: z.array(filter).optional(), backendRefs: z.array(backendRef).optional() }),
})
export type MeshHTTPRouteRule = z.infer<typeof rule>

export const meshHTTPRouteSchema = z.object({
  targetRef: topTargetRef.optional(),
  to: z
    .array(z.object({ hostnames: z.array(z.string()).optional(), targetRef: toTargetRef, rules: z.array(rule) }))
    .optional(),
})
export type MeshHTTPRouteSpec = z.infer<typeof meshHTTPRouteSchema>

export function checkMeshHTTPRoute(spec: MeshHTTPRouteSpec): Violation[] {
  return at('spec', [
    ...checkTop(spec.targetRef),
    ...each('to', spec.to, (to) => [
      ...checkToRef(to.targetRef, SERVICES),
      ...each('rules', to.rules, checkRule),
      ...(to.hostnames?.length ? violation('hostnames', REASON.notDefined) : []),
    ]),
  ])
}

function checkRule({ matches, default: { filters, backendRefs } }: MeshHTTPRouteRule): Violation[] {
  const prefixesOnly = matches.every(({ path }) => path?.type === 'PathPrefix')
  return [
    ...each('matches', matches, (item) => [
      ...at('path.value', checkPath(item.path)),
      ...checkQueryParams(item.queryParams),
      ...each('headers', item.headers, checkHeaderMatch),
    ]),
    ...each('default.filters', filters, (item) => checkFilter(item, prefixesOnly)),
    ...each('default.backendRefs', backendRefs, checkBackendRef),
  ]
}

function checkPath(path: MeshHTTPRouteMatch['path']): Violation[] {
  if (path === undefined || path.type === 'RegularExpression' || path.value === '/') return []
  const relative = path.value.startsWith('/') ? [] : violation('', 'must be an absolute path')
  if (path.type === 'Exact' || !path.value.endsWith('/')) return relative
  const trailing = 'does not need a trailing slash because only a `/`-separated prefix or an entire path is matched'
  return [...violation('', trailing), ...relative]
}

function checkQueryParams(params: MeshHTTPRouteMatch['queryParams']): Violation[] {
  const seen = new Set<string>()
  return each('queryParams', params, ({ name }) => {
    if (seen.has(name)) return violation('name', `multiple entries for name ${name}`)
    seen.add(name)
    return []
  })
}

function checkHeaderMatch({ type, value }: HeaderMatch): Violation[] {
  const valueless = type === 'Present' || type === 'Absent'
  return valueless && value ? violation('value', REASON.notDefined) : []
}

/** Each filter needs the block of its type, and a block's own rules. */
function checkFilter(filter: MeshHTTPRouteFilter, prefixesOnly: boolean): Violation[] {
  switch (filter.type) {
    case 'RequestHeaderModifier':
      return block('requestHeaderModifier', filter.requestHeaderModifier, checkHeaderModifier)
    case 'ResponseHeaderModifier':
      return block('responseHeaderModifier', filter.responseHeaderModifier, checkHeaderModifier)
    case 'RequestRedirect':
      return block('requestRedirect', filter.requestRedirect, ({ path, hostname }) => [
        ...checkPathRewrite(path, prefixesOnly),
        ...at('hostname', checkHostname(hostname)),
      ])
    case 'URLRewrite':
      return block('urlRewrite', filter.urlRewrite, ({ path, hostname, hostToBackendHostname }) => [
        ...checkPathRewrite(path, prefixesOnly),
        ...at('hostname', checkHostname(hostname)),
        ...(hostToBackendHostname ? violation('hostToBackendHostname', REASON.notSet) : []),
        ...(hostToBackendHostname && hostname !== undefined
          ? violation('hostToBackendHostname', 'cannot be set together with hostname')
          : []),
      ])
    case 'RequestMirror':
      return block('requestMirror', filter.requestMirror, (mirror) =>
        at('backendRef', checkBackendRef(mirror.backendRef)),
      )
  }
}

function block<Block>(field: string, value: Block | undefined, check: (value: Block) => Violation[]): Violation[] {
  return value === undefined ? violation(field, REASON.defined) : at(field, check(value))
}

function checkPathRewrite(path: z.infer<typeof pathRewrite> | undefined, prefixesOnly: boolean): Violation[] {
  if (path?.replacePrefixMatch === undefined || prefixesOnly) return []
  return violation('path.replacePrefixMatch', 'can only appear if all matches match a path prefix')
}

/** The schema has seen to its form, which an IPv4 address has too. */
function checkHostname(name: string | undefined): Violation[] {
  return name === undefined || isIP(name) === 0 ? [] : violation('', 'cannot be an IP address')
}

function checkHeaderModifier({ set, add, remove }: HeaderModifier): Violation[] {
  if (!set && !add && !remove) return violation('', atLeastOneOf('set', 'add', 'remove'))
  const seen = new Set<string>()
  const once = (name: string) => {
    if (seen.has(name)) return violation('name', 'duplicate header name')
    seen.add(name)
    return []
  }
  return [
    ...each('set', set, ({ name }) => once(name)),
    ...each('add', add, ({ name }) => once(name)),
    ...each('remove', remove, once),
  ]
}
