import { expect, test } from 'vitest'
import type { Json } from '../../../src/model/json.js'
import type { Labels } from '../../../src/model/labels.js'
import { comparePolicies } from '../../../src/policy/order.js'
import { toEntriesOf } from '../../../src/policy/to-rules.js'
import { stored } from '../../support/stored-resource.js'

const policy = (name: string, targetRef?: Json, labels: Labels = {}) =>
  stored('MeshTimeout', name, { labels, spec: targetRef === undefined ? {} : { targetRef } })

const mesh = { kind: 'Mesh' }
const dataplane = { kind: 'Dataplane', labels: { app: 'web' } }
const inbound = { ...dataplane, sectionName: 'http' }
const zone = { 'kuma.io/origin': 'zone' }
const fromGlobal = { 'kuma.io/origin': 'global' }
const role = (word: string) => ({ 'kuma.io/policy-role': word })

test.each([
  ['a dataplane outweighs the mesh', policy('a', mesh), policy('b', dataplane)],
  ['an absent targetRef is the mesh', policy('a'), policy('b', dataplane)],
  ['an inbound outweighs the dataplane', policy('a', dataplane), policy('b', inbound)],
  ['the zone outweighs the global', policy('a', mesh, fromGlobal), policy('b', mesh, zone)],
  ['no origin outweighs the global', policy('a', mesh, fromGlobal), policy('b', mesh)],
  ['the zone outweighs no origin', policy('a', mesh), policy('b', mesh, zone)],
  ['the kind outweighs the origin', policy('a', mesh, zone), policy('b', dataplane, fromGlobal)],
  ['the origin outweighs the role', policy('a', mesh, { ...fromGlobal, ...role('consumer') }), policy('b', mesh, zone)],
  ['a producer outweighs the system', policy('a', mesh), policy('b', mesh, role('producer'))],
  ['a consumer outweighs a producer', policy('a', mesh, role('producer')), policy('b', mesh, role('consumer'))],
  [
    'a workload owner outweighs a consumer',
    policy('a', mesh, role('consumer')),
    policy('b', mesh, role('workload-owner')),
  ],
  ['the first name outweighs later ones', policy('b', mesh), policy('a', mesh)],
  [
    'the display name counts, not the hashed one',
    policy('a', mesh, { 'kuma.io/display-name': 'y' }),
    policy('b', mesh, { 'kuma.io/display-name': 'x' }),
  ],
])('%s', (_rule, weaker, stronger) => {
  expect(comparePolicies(weaker, stronger)).toBeLessThan(0)
  expect(comparePolicies(stronger, weaker)).toBeGreaterThan(0)
})

test('items of to are ordered by policy, then destination, then name, and keep their own order', () => {
  const to = (kind: string, sectionName?: string) => ({
    targetRef: { kind, labels: {}, ...(sectionName && { sectionName }) },
    default: {},
  })
  const items = (name: string, targetRef: Json, ...kinds: Json[]) =>
    stored('MeshTimeout', name, { spec: { targetRef, to: kinds } })
  const entries = toEntriesOf([
    items('z', dataplane, to('Mesh')),
    items('b', mesh, to('MeshService', 'http'), to('MeshService'), to('Mesh')),
    items('a', mesh, to('MeshHTTPRoute'), to('MeshService')),
  ])
  expect(entries.map(({ policy: { name }, index }) => `${name}${index}`)).toEqual(['b2', 'b1', 'a1', 'b0', 'a0', 'z0'])
})
