import { describe, expect, test } from 'vitest'
import type { Json } from '../../../../src/model/json.js'
import { namesByWorkload, spiffeIdOf, trustDomainOf } from '../../../../src/zone/identity/spiffe-id.js'
import { stored } from '../../../support/stored-resource.js'

const LABELS = { 'kuma.io/workload': 'backend', 'k8s.kuma.io/namespace': 'shop', team: 'blue' }

function identity(spiffeID?: Json, labels = {}) {
  return stored('MeshIdentity', 'identity', { labels, spec: spiffeID === undefined ? {} : { spiffeID } })
}

function dataplane(labels: Readonly<Record<string, string>> = LABELS) {
  return stored('Dataplane', 'backend-1', { labels })
}

describe('the trust domain', () => {
  test.each<[string, Json | undefined, Record<string, string>, string]>([
    ['is of mesh and zone when nothing is said', undefined, {}, 'default.east.mesh.local'],
    [
      'is of the zone that the MeshIdentity came from',
      undefined,
      { 'kuma.io/zone': 'west' },
      'default.west.mesh.local',
    ],
    ['may be a plain name', { trustDomain: 'example.org' }, {}, 'example.org'],
    ['may be of the mesh alone', { trustDomain: '{{ .Mesh }}.local' }, {}, 'default.local'],
    [
      "may hold a label of the MeshIdentity's",
      { trustDomain: '{{ label "env" }}.local' },
      { env: 'prod' },
      'prod.local',
    ],
  ])('%s', (_name, spiffeID, labels, expected) => {
    expect(trustDomainOf(identity(spiffeID, labels), 'east')).toBe(expected)
  })

  test.each<[string, Json, RegExp]>([
    ['upper case', { trustDomain: 'Example.org' }, /"Example.org" can be no trust domain/],
    ['a path', { trustDomain: 'a/b' }, /"a\/b" can be no trust domain/],
    ['nothing', { trustDomain: '' }, /"" can be no trust domain/],
    ['a label that is not there', { trustDomain: '{{ label "env" }}' }, /label env not found/],
    ['a field of the path', { trustDomain: '{{ .Workload }}' }, /can't evaluate field Workload/],
  ])('is not %s', (_name, spiffeID, message) => {
    expect(() => trustDomainOf(identity(spiffeID), 'east')).toThrow(message)
  })
})

describe('the SPIFFE ID', () => {
  test.each<[string, Json | undefined, string]>([
    ['is of the workload when nothing is said', undefined, 'spiffe://default.east.mesh.local/workload/backend'],
    [
      'may be of namespace and label',
      { path: '/ns/{{ .Namespace }}/{{ label "team" }}' },
      'spiffe://default.east.mesh.local/ns/shop/blue',
    ],
    ['may have no path', { path: '', trustDomain: 'td' }, 'spiffe://td'],
    ['may repeat its trust domain', { path: '/of/{{ .TrustDomain }}', trustDomain: 'td' }, 'spiffe://td/of/td'],
  ])('%s', (_name, spiffeID, expected) => {
    expect(spiffeIdOf(identity(spiffeID), dataplane(), 'east')).toBe(expected)
  })

  test.each<[string, Json | undefined, Readonly<Record<string, string>>, RegExp]>([
    [
      'of a dataplane without a workload',
      undefined,
      {},
      /Dataplane backend-1 the path "\/workload\/".*no label kuma.io\/workload/,
    ],
    ['with an empty segment', { path: '/a//b' }, LABELS, /the path "\/a\/\/b", which no SPIFFE ID has$/],
    ['with a segment of dots', { path: '/a/../b' }, LABELS, /no SPIFFE ID has/],
    ['without a slash at its start', { path: 'a' }, LABELS, /no SPIFFE ID has/],
    ['with a space', { path: '/a b' }, LABELS, /no SPIFFE ID has/],
    ['with a label that is not there', { path: '/{{ label "nope" }}' }, LABELS, /label nope not found/],
  ])('is not one %s', (_name, spiffeID, labels, message) => {
    expect(() => spiffeIdOf(identity(spiffeID), dataplane(labels), 'east')).toThrow(message)
  })

  test('of a changed MeshIdentity is the new one', () => {
    expect(spiffeIdOf(identity({ path: '/a' }), dataplane(), 'east')).toMatch(/\/a$/)
    expect(spiffeIdOf(identity({ path: '/b' }), dataplane(), 'east')).toMatch(/\/b$/)
  })
})

describe('a name comes from the workload', () => {
  test.each<[string, Json | undefined, boolean]>([
    ['when nothing is said', undefined, true],
    ['by the field', { path: '/ns/{{ .Namespace }}/{{ .Workload }}' }, true],
    ['by its label', { path: '/{{ label "kuma.io/workload" }}' }, true],
    ['not by other labels', { path: '/{{ label "team" }}' }, false],
    ['not when there is no path', { path: '' }, false],
  ])('%s', (_name, spiffeID, expected) => {
    expect(namesByWorkload(identity(spiffeID))).toBe(expected)
  })
})
