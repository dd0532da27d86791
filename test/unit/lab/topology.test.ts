import { expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { shopTopology } from '../../../src/lab/shop.js'
import { type BehaviourRules, parseTopology, totalsOf } from '../../../src/lab/topology.js'

/** Knows one behaviour, and holds every number to be none. */
const behaviours: BehaviourRules = {
  known: new Set(['steady']),
  mistakesIn: (value) => (typeof value === 'number' ? [{ path: [], reason: 'is a number' }] : []),
}

const refusal = (text: string): string => {
  try {
    parseTopology(text, 'lab.yaml', behaviours)
  } catch (thrown) {
    const error = AppError.from(thrown)
    expect(error.code === 'invalid-topology' || error.code === 'invalid-argument').toBe(true)
    return error.message
  }
  throw new Error('the topology was accepted')
}

test('a file that leaves out what it can is completed with defaults', () => {
  const text = `
kind: Topology
services: [{ name: web }]
zones:
  - name: east
    fleets: [{ service: web }]
  - name: west
    external: true
`
  expect(parseTopology(text, 'lab.yaml', behaviours)).toEqual({
    shards: ['us-1'],
    placement: {},
    tenants: ['default'],
    meshes: ['default'],
    behaviours: {},
    services: [{ name: 'web', mesh: 'default', port: 8080, protocol: 'http', labels: {}, calls: [] }],
    zones: [
      { name: 'east', external: false, fleets: [{ service: 'web', replicas: 1, behaviour: 'steady' }] },
      { name: 'west', external: true, fleets: [] },
    ],
  })
})

test.each([
  [
    'a shard without a number',
    'kind: Topology\nshards: [us]\nzones:\n  - name: a\n',
    'lab.yaml:2:10: shards[0]: must be REGION-NUMBER, like us-1',
  ],
  [
    'a placement on a shard that is not there',
    'kind: Topology\nshards: [us-1]\nplacement: { default: eu-1 }\nzones:\n  - name: a\n',
    'lab.yaml:3:14: placement.default: there is no shard "eu-1"; known: us-1',
  ],
  [
    'a placement of nobody',
    'kind: Topology\nplacement: { team-a: us-1 }\nzones:\n  - name: a\n',
    'lab.yaml:2:14: placement.team-a: there is no tenant "team-a"',
  ],
  [
    'a wrong name',
    'kind: Topology\nzones:\n  - name: East\n',
    'lab.yaml:3:5: zones[0].name: must be an RFC 1035 label',
  ],
  [
    'an unknown field',
    'kind: Topology\nzones:\n  - name: a\n    colour: red\n',
    'lab.yaml:4:5: zones[0].colour: there is no such field',
  ],
  [
    'a service that is not there',
    'kind: Topology\nservices: [{name: web}]\nzones:\n  - name: a\n    fleets:\n      - service: wep\n',
    'lab.yaml:6:9: zones[0].fleets[0].service: there is no service "wep"; known: web',
  ],
  [
    'a zone that is there twice',
    'kind: Topology\nzones:\n  - name: a\n  - name: a\n',
    'lab.yaml:4:5: zones[1].name: "a" is there twice',
  ],
  [
    'a mesh that is not there',
    'kind: Topology\nservices:\n  - name: web\n    mesh: blue\nzones: [{name: a}]\n',
    'lab.yaml:4:5: services[0].mesh: there is no mesh "blue"',
  ],
  [
    'a behaviour that is not there',
    'kind: Topology\nservices: [{name: web}]\nbehaviours: {odd: {}}\nzones:\n  - name: a\n    fleets:\n      - service: web\n        behaviour: slow\n',
    'lab.yaml:8:9: zones[0].fleets[0].behaviour: there is no behaviour "slow"; known: odd, steady',
  ],
  [
    "a mistake in one of the file's own behaviours",
    'kind: Topology\nbehaviours:\n  odd: 5\nzones: [{name: a}]\n',
    'lab.yaml:3:3: behaviours.odd: is a number',
  ],
  ['no zone', 'kind: Topology\n', 'lab.yaml:1:1: zones: is missing'],
  ['what is no list', 'kind: Topology\nzones: 3\n', 'lab.yaml:2:1: zones: must be a list'],
  ['what is no map', 'kind: Topology\nzones: [a]\n', 'lab.yaml:2:9: zones[0]: must be a map'],
  [
    'a part of a port',
    'kind: Topology\nservices: [{name: a, port: 1.5}]\n',
    'services[0].port: must be a whole number',
  ],
  ['broken YAML', 'kind: Topology\nzones: [\n', 'lab.yaml:3:1: '],
  ['no topology at all', 'kind: Scenario\n', 'lab.yaml:1:1: there is no document with "kind: Topology" in it'],
  ['two topologies', 'kind: Topology\nzones: [{name: a}]\n---\nkind: Topology\n', 'lab.yaml:4:1: a second Topology'],
])('%s is named with file, line and column', (_what, text, message) => {
  expect(refusal(text)).toContain(message)
})

test('all mistakes of a file are named at once', () => {
  expect(refusal('kind: Topology\nzones: [{name: a}]\none: 1\ntwo: 2\n').split('\n')).toHaveLength(2)
  expect(refusal('kind: Topology\nzones:\n  - name: A\n  - name: B\n').split('\n')).toHaveLength(2)
})

test('the totals count per parent, and leave sidecars of external zones to who runs them', () => {
  const topology = shopTopology({ tenants: 2, zones: 3, dataplanes: 10, external: ['zone-3'] })
  expect(totalsOf(topology)).toEqual({ tenants: 2, zones: 6, externalZones: 2, dataplanes: 40 })
})

test('the shop deals its sidecars out in turn', () => {
  const [zone] = shopTopology({ tenants: 1, zones: 1, dataplanes: 10, external: [] }).zones
  expect(zone?.fleets.map(({ service, replicas }) => `${service} ${replicas}`)).toEqual([
    'frontend 4',
    'backend 3',
    'database 3',
  ])
})

test('an external zone that is not there is refused by name', () => {
  expect(() => shopTopology({ tenants: 1, zones: 2, dataplanes: 0, external: ['zone-9'] })).toThrow(
    '--external zone-9: there is no such zone; the zones are zone-1, zone-2',
  )
})
