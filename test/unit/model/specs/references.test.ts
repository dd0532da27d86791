import { describe, expect, test } from 'vitest'
import { type Case, MESH, PROXY, SERVICE, verdict } from './verdict.js'

const NAMED = { 'kuma.io/display-name': 'a' }
const conf = { idleTimeout: '1s' }
const to = (targetRef: object, top?: object) => ({ ...(top && { targetRef: top }), to: [{ targetRef, default: conf }] })
const rule = (matches: object[], top?: object) => ({
  ...(top && { targetRef: top }),
  rules: [{ matches, default: { http: { requestTimeout: '1s' } } }],
})

const TARGETS: readonly Case[] = [
  ['the mesh', to(MESH), []],
  ['the mesh, on some proxies', to(MESH, PROXY), []],
  ['a service', to(SERVICE), []],
  ['a port of a service', to({ ...SERVICE, sectionName: 'http' }), []],
  ['a port of a multi-zone service', to({ kind: 'MeshMultiZoneService', labels: NAMED, sectionName: 'http' }), []],
  ['a route', to({ kind: 'MeshHTTPRoute', labels: NAMED }), []],
  [
    'the mesh with labels and a section',
    to({ kind: 'Mesh', labels: NAMED, sectionName: 'x' }),
    [
      'spec.to[0].targetRef.labels: must not be set with kind Mesh',
      'spec.to[0].targetRef.sectionName: must not be set with kind Mesh',
    ],
  ],
  [
    'a service without labels',
    to({ kind: 'MeshService' }),
    ['spec.to[0].targetRef.labels: must be set when kind is MeshService'],
  ],
  [
    'empty labels',
    to({ kind: 'MeshService', labels: {} }),
    ['spec.to[0].targetRef.labels: must be set when kind is MeshService'],
  ],
  [
    'a section of an external service',
    to({ kind: 'MeshExternalService', labels: NAMED, sectionName: 'x' }),
    ['spec.to[0].targetRef.sectionName: must not be set with kind MeshExternalService'],
  ],
  [
    'a section of proxies, for outbounds',
    to(MESH, { kind: 'Dataplane', sectionName: 'http' }),
    ['spec.targetRef.sectionName: can only be used with inbound policies'],
  ],
  [
    'a section of proxies, for inbounds',
    rule([{ sni: { type: 'Exact', value: 'a.b' } }], { kind: 'Dataplane', sectionName: 'http' }),
    [],
  ],
]

describe('target references', () => {
  test.each(TARGETS)('%s', (_what, spec, lines) => {
    expect(verdict('MeshTimeout', spec)).toEqual(lines)
  })

  test('a policy names the kinds that it can take', () => {
    const spec = { to: [{ targetRef: { kind: 'Mesh' }, rules: [] }] }
    expect(verdict('MeshHTTPRoute', spec)).toEqual(["spec.to[0].targetRef.kind: value 'Mesh' is not supported"])
  })
})

const spiffe = (value: string) => rule([{ spiffeID: { type: 'Exact', value } }])
const invalid = (reason: string) => [`spec.rules[0].matches[0].spiffeID: must be a valid Spiffe ID: ${reason}`]

const MATCHES: readonly Case[] = [
  ['an id', spiffe('spiffe://mesh.east/ns/shop/sa/web'), []],
  ['a trust domain', spiffe('spiffe://mesh_1'), []],
  ['no scheme', spiffe('mesh/x'), invalid('scheme is missing or invalid')],
  ['no trust domain', spiffe('spiffe:///x'), invalid('trust domain is missing')],
  [
    'upper case in the trust domain',
    spiffe('spiffe://Mesh/x'),
    invalid('trust domain characters are limited to lowercase letters, numbers, dots, dashes, and underscores'),
  ],
  ['a slash at the end', spiffe('spiffe://mesh/x/'), invalid('path cannot have a trailing slash')],
  ['an empty segment', spiffe('spiffe://mesh//x'), invalid('path cannot contain empty segments')],
  ['dots', spiffe('spiffe://mesh/../x'), invalid('path cannot contain dot segments')],
  ['nothing', spiffe(''), invalid('cannot be empty')],
  ['an empty match', rule([{}]), ["spec.rules[0].matches[0]: must specify at least one of 'spiffeID' or 'sni'"]],
  ['an empty name', rule([{ sni: { type: 'Exact', value: '' } }]), ['spec.rules[0].matches[0].sni.value: must be set']],
]

describe('matches', () => {
  test.each(MATCHES)('%s', (_what, spec, lines) => {
    expect(verdict('MeshTimeout', spec)).toEqual(lines)
  })

  test('a server name is a DNS name', () => {
    expect(verdict('MeshTimeout', rule([{ sni: { type: 'Exact', value: 'A' } }]))).toEqual([
      expect.stringMatching(/^spec\.rules\[0\]\.matches\[0\]\.sni\.value: a lowercase RFC 1123 subdomain must/),
    ])
  })
})
