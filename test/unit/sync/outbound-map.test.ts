import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../../src/model/json.js'
import { NODE_FEATURES, recipientClass } from '../../../src/sync/features.js'
import { mapDown, mapUp } from '../../../src/sync/outbound-map.js'
import { stored } from '../../support/stored-resource.js'

const ALL = recipientClass(NODE_FEATURES)
const KEEP_ALL = { skipPrefixes: [] }
const PUBLIC = canonicalJson({ data: 'cHVibGlj' })
const publicKeyOf = () => PUBLIC

/** kds.md §4.4, mapper by mapper. */
describe('what a global makes of a resource', () => {
  test('origin is the global, also of what came from a zone, whose label stays', () => {
    const labels = { 'kuma.io/origin': 'zone', 'kuma.io/zone': 'zone-2', 'kuma.io/display-name': 'backend' }
    const sent = mapDown(stored('MeshService', 'backend-d8466258x75748d7', { labels }), ALL, publicKeyOf, KEEP_ALL)
    expect(sent).toMatchObject({
      name: 'backend-d8466258x75748d7',
      labels: { 'kuma.io/origin': 'global', 'kuma.io/zone': 'zone-2', 'kuma.io/display-name': 'backend' },
    })
  })

  test('labels of skipped prefixes are left out', () => {
    const mesh = stored('Mesh', 'm', { labels: { 'acme.io/team': 'a', 'acme.io/cost': 'b', kept: 'c' } })
    expect(mapDown(mesh, ALL, publicKeyOf, { skipPrefixes: ['acme.io/'] }).labels).toEqual({
      kept: 'c',
      'kuma.io/origin': 'global',
    })
  })

  test('a zone signing key is its public half, under a name that tells the old one', () => {
    const key = stored('GlobalSecret', 'zone-token-signing-key-7', { spec: { data: 'cHJpdmF0ZQ==' } })
    expect(mapDown(key, ALL, publicKeyOf, KEEP_ALL)).toMatchObject({
      name: 'zone-token-signing-public-key-7',
      spec: PUBLIC,
      labels: { 'kuma.io/display-name': 'zone-token-signing-key-7' },
    })
  })

  test('another secret keeps its data and its name, and gets no display name', () => {
    const secret = stored('GlobalSecret', 'mine', { spec: { data: 'bWluZQ==' } })
    expect(mapDown(secret, ALL, publicKeyOf, KEEP_ALL)).toMatchObject({
      name: 'mine',
      spec: secret.spec,
      labels: { 'kuma.io/origin': 'global' },
    })
  })

  test.each([
    ['MeshService', '{"dataplaneProxies":{},"tls":{}}'],
    ['MeshMultiZoneService', '{}'],
    ['MeshTimeout', undefined],
  ] as const)('the status of a %s is sent as %s', (type, status) => {
    const resource = stored(type, 'x', { status: { dataplaneProxies: { total: 3 } } })
    expect(mapDown(resource, ALL, publicKeyOf, KEEP_ALL).status).toBe(status)
  })

  test.each(['Mesh', 'Config', 'Secret', 'GlobalSecret'] as const)('a %s keeps its name', (type) => {
    expect(mapDown(stored(type, 'x'), ALL, publicKeyOf, KEEP_ALL).name).toBe('x')
  })

  test('any other is named by a hash of its display name, which it then carries', () => {
    expect(mapDown(stored('MeshTimeout', 'mesh-timeout-all-default'), ALL, publicKeyOf, KEEP_ALL)).toMatchObject({
      name: 'mesh-timeout-all-default-bv8z44b7bzb99xc7',
      labels: { 'kuma.io/display-name': 'mesh-timeout-all-default' },
    })
  })

  test('a zone that does not know hashes gets plain names', () => {
    expect(mapDown(stored('MeshTimeout', 'x'), recipientClass([]), publicKeyOf, KEEP_ALL).name).toBe('x')
  })
})

describe('what a zone makes of a resource', () => {
  test('origin and zone are stated over whatever was there, the grace time stays here, the name is hashed', () => {
    const labels = {
      'kuma.io/zone': 'another',
      'kuma.io/deletion-grace-period-started-at': '2026-01-01T00:00:00Z',
      'kuma.io/mesh': 'default',
    }
    const sent = mapUp(stored('Dataplane', 'dp-1', { labels }), 'zone-1', KEEP_ALL)
    expect(sent.name).toBe('dp-1-dff6z597w47d46xx')
    expect(sent.labels).toEqual({
      'kuma.io/display-name': 'dp-1',
      'kuma.io/mesh': 'default',
      'kuma.io/origin': 'zone',
      'kuma.io/zone': 'zone-1',
    })
  })

  test('an insight and its Dataplane get the same name', () => {
    const names = (['Dataplane', 'DataplaneInsight'] as const).map(
      (type) => mapUp(stored(type, 'dp-1'), 'zone-1', KEEP_ALL).name,
    )
    expect(new Set(names)).toEqual(new Set(['dp-1-dff6z597w47d46xx']))
  })

  test('heartbeats of an insight do not travel', () => {
    const insight = (generation: number) =>
      stored('DataplaneInsight', 'dp-1', { spec: { subscriptions: [{ id: 'a', generation }] } })
    const [one, two] = [1, 2].map((generation) => mapUp(insight(generation), 'zone-1', KEEP_ALL))
    expect(one).toEqual(two)
    expect(one?.spec).toBe('{"subscriptions":[{"id":"a"}]}')
  })

  test('the status goes along', () => {
    const service = stored('MeshService', 's', { status: { dataplaneProxies: { total: 3 } } })
    expect(mapUp(service, 'zone-1', KEEP_ALL).status).toBe('{"dataplaneProxies":{"total":3}}')
  })
})
