import { describe, expect, test } from 'vitest'
import { type Case, SERVICE, verdict } from './verdict.js'

const PREFIX = { path: { type: 'PathPrefix', value: '/a' } }
const http = (matches: object[], conf: object = {}, extra: object = {}) => ({
  to: [{ targetRef: SERVICE, rules: [{ matches, default: conf }], ...extra }],
})
const path = (type: string, value: string) => http([{ path: { type, value } }])
const filter = (...filters: object[]) => http([PREFIX], { filters })
const RULE = 'spec.to[0].rules[0]'
const value = `${RULE}.matches[0].path.value`

const HTTP: readonly Case[] = [
  ['a prefix', path('PathPrefix', '/a'), []],
  ['the root', path('PathPrefix', '/'), []],
  ['a regular expression', path('RegularExpression', '^x/$'), []],
  ['no targets', {}, []],
  ['a relative path', path('Exact', 'a'), [`${value}: must be an absolute path`]],
  [
    'a relative prefix with a slash',
    path('PathPrefix', 'a/'),
    [
      `${value}: does not need a trailing slash because only a \`/\`-separated prefix or an entire path is matched`,
      `${value}: must be an absolute path`,
    ],
  ],
  ['an exact path with a slash', path('Exact', '/a/'), []],
  ['host names', http([PREFIX], {}, { hostnames: ['a'] }), ['spec.to[0].hostnames: must not be defined']],
  [
    'a value for a header that is only present',
    http([
      {
        headers: [
          { name: 'a', type: 'Present', value: 'x' },
          { name: 'b', type: 'Absent' },
        ],
      },
    ]),
    [`${RULE}.matches[0].headers[0].value: must not be defined`],
  ],
  [
    'a query parameter twice',
    http([
      {
        queryParams: [
          { type: 'Exact', name: 'q', value: '1' },
          { type: 'Exact', name: 'q', value: '2' },
        ],
      },
    ]),
    [`${RULE}.matches[0].queryParams[1].name: multiple entries for name q`],
  ],
  [
    'a multi-zone service without a port',
    http([PREFIX], { backendRefs: [{ ...SERVICE, kind: 'MeshMultiZoneService' }] }),
    [`${RULE}.default.backendRefs[0].port: must be defined with kind MeshMultiZoneService`],
  ],
  [
    'the mesh as a backend',
    http([PREFIX], { backendRefs: [{ kind: 'Mesh' }] }),
    [`${RULE}.default.backendRefs[0].kind: value 'Mesh' is not supported`],
  ],
]

const FILTER = `${RULE}.default.filters[0]`
const FILTERS: readonly Case[] = [
  [
    'headers set',
    filter({ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'a', value: 'b' }] } }),
    [],
  ],
  ['no block of its type', filter({ type: 'URLRewrite' }), [`${FILTER}.urlRewrite: must be defined`]],
  [
    'the block of another type',
    filter({ type: 'RequestMirror', urlRewrite: {} }),
    [`${FILTER}.requestMirror: must be defined`],
  ],
  [
    'nothing modified',
    filter({ type: 'ResponseHeaderModifier', responseHeaderModifier: {} }),
    [`${FILTER}.responseHeaderModifier: must have at least one defined: set, add, remove`],
  ],
  [
    'a header twice',
    filter({
      type: 'RequestHeaderModifier',
      requestHeaderModifier: { set: [{ name: 'a', value: '' }], add: [{ name: 'a', value: '' }], remove: ['a'] },
    }),
    [
      `${FILTER}.requestHeaderModifier.add[0].name: duplicate header name`,
      `${FILTER}.requestHeaderModifier.remove[0].name: duplicate header name`,
    ],
  ],
  [
    'an address as host name',
    filter({ type: 'RequestRedirect', requestRedirect: { hostname: '10.0.0.1' } }),
    [`${FILTER}.requestRedirect.hostname: cannot be an IP address`],
  ],
  [
    'the backend’s host name',
    filter({ type: 'URLRewrite', urlRewrite: { hostToBackendHostname: true, hostname: 'a.b' } }),
    [
      `${FILTER}.urlRewrite.hostToBackendHostname: must not be set`,
      `${FILTER}.urlRewrite.hostToBackendHostname: cannot be set together with hostname`,
    ],
  ],
  [
    'a prefix replaced where an exact path matched',
    http([PREFIX, { path: { type: 'Exact', value: '/b' } }], {
      filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } } }],
    }),
    [`${FILTER}.urlRewrite.path.replacePrefixMatch: can only appear if all matches match a path prefix`],
  ],
  ['a mirror', filter({ type: 'RequestMirror', requestMirror: { backendRef: SERVICE, percentage: '0.5' } }), []],
  [
    'a mirror to nobody',
    filter({ type: 'RequestMirror', requestMirror: { backendRef: { kind: 'MeshService' } } }),
    [`${FILTER}.requestMirror.backendRef.labels: must be set when kind is MeshService`],
  ],
]

describe('MeshHTTPRoute', () => {
  test.each(HTTP)('%s', (_what, spec, lines) => {
    expect(verdict('MeshHTTPRoute', spec)).toEqual(lines)
  })
  test.each(FILTERS)('a filter with %s', (_what, spec, lines) => {
    expect(verdict('MeshHTTPRoute', spec)).toEqual(lines)
  })
})

const tcp = (conf: object) => ({ to: [{ targetRef: SERVICE, rules: [{ default: conf }] }] })

test.each([
  ['a backend', tcp({ backendRefs: [SERVICE] }), []],
  ['no rules', { to: [{ targetRef: SERVICE, rules: [] }] }, []],
  ['no backends', tcp({}), [`${RULE}.default.backendRefs: must be defined`]],
  ['empty backends', tcp({ backendRefs: [] }), [`${RULE}.default.backendRefs: must be defined`]],
  [
    'two rules',
    { to: [{ targetRef: SERVICE, rules: [{ default: {} }, { default: {} }] }] },
    ['spec.to[0].rules: in body should have at most 1 items'],
  ],
] as Case[])('MeshTCPRoute with %s', (_what, spec, lines) => {
  expect(verdict('MeshTCPRoute', spec)).toEqual(lines)
})
