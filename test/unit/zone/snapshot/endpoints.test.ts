import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LocalityAwareness } from '../../../../src/model/specs/mesh-load-balancing-strategy.js'
import { type Endpoint, loadAssignment } from '../../../../src/zone/snapshot/endpoints.js'

const endpoint = (zone: string, port: number, labels = {}): Endpoint => ({
  address: '10.0.0.1',
  port,
  zone,
  weight: 1,
  labels,
})
const from = (locality?: LocalityAwareness, affinity = {}) => ({ zone: 'east', affinity, locality })
const places = (endpoints: readonly Endpoint[], viewpoint: ReturnType<typeof from>) =>
  loadAssignment('c', { sets: [endpoints], viewpoint }).endpoints?.map(
    ({ locality, priority, loadBalancingWeight: weight }) => ({
      ...locality,
      priority,
      weight,
    }),
  )

const someFailover = fc.record({
  to: fc.record({
    type: fc.constantFrom('None', 'Only', 'Any', 'AnyExcept'),
    zones: fc.subarray(['west', 'north', 'south']),
  }),
})
const someLocality: fc.Arbitrary<LocalityAwareness | undefined> = fc.option(
  fc.record(
    {
      disabled: fc.boolean(),
      localZone: fc.record({ affinityTags: fc.subarray([{ key: 'a' }, { key: 'b', weight: 5 }]) }),
      crossZone: fc.record({ failover: fc.array(someFailover, { maxLength: 3 }) }),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<LocalityAwareness>,
  { nil: undefined },
)
const someEndpoint = fc
  .record({
    zone: fc.constantFrom('east', 'west', 'north', 'south'),
    port: fc.integer({ min: 1, max: 6 }),
    labels: fc.record({ a: fc.constantFrom('1', '2'), b: fc.constantFrom('1', '2') }, { requiredKeys: [] }),
  })
  .map(({ zone, port, labels }) => endpoint(zone, port, labels))

test('whatever the rules, clients that are strict can read it: named localities, weights, no address twice, no gap', () => {
  fc.assert(
    fc.property(fc.array(someEndpoint, { maxLength: 12 }), someLocality, (endpoints, locality) => {
      const groups =
        loadAssignment('c', { sets: [endpoints], viewpoint: from(locality, { a: '1', b: '1' }) }).endpoints ?? []
      const addresses = groups.flatMap(({ lbEndpoints = [] }) => lbEndpoints.map((one) => JSON.stringify(one.endpoint)))
      expect(new Set(addresses).size).toBe(addresses.length)
      const priorities = [...new Set(groups.map(({ priority }) => priority))].sort()
      expect(priorities).toEqual(priorities.map((_, i) => i))
      for (const { locality: place, loadBalancingWeight, lbEndpoints } of groups) {
        expect(place?.zone).toBeTruthy()
        expect(loadBalancingWeight).toBeGreaterThan(0)
        expect(lbEndpoints?.length).toBeGreaterThan(0)
      }
    }),
  )
})

test('without rules the own zone goes first and others follow; disabled, all are equal', () => {
  const both = [endpoint('west', 1), endpoint('east', 2), endpoint('east', 3)]
  expect(places(both, from())).toEqual([
    { zone: 'east', priority: 0, weight: 2 },
    { zone: 'west', priority: 1, weight: 1 },
  ])
  expect(places(both, from({ disabled: true }))?.map(({ priority }) => priority)).toEqual([0, 0])
})

test('a service that is only elsewhere begins at priority 0 all the same', () => {
  expect(places([endpoint('west', 1)], from())).toEqual([{ zone: 'west', priority: 0, weight: 1 }])
})

test('failover rules say who follows, in their order; who is not named is left out', () => {
  const everywhere = ['east', 'west', 'north', 'south'].map((zone, i) => endpoint(zone, i))
  const failover = [
    { from: { zones: ['north'] }, to: { type: 'Any' as const } },
    { to: { type: 'Only' as const, zones: ['south'] } },
    { to: { type: 'AnyExcept' as const, zones: ['west', 'south'] } },
  ]
  expect(places(everywhere, from({ crossZone: { failover } }))?.map(({ zone, priority }) => [zone, priority])).toEqual([
    ['east', 0],
    ['south', 1],
    ['north', 2],
  ])
})

test('affinity takes nine tenths for the first label that both share, and the given weight where there is one', () => {
  const near = [endpoint('east', 1, { node: 'n1' }), endpoint('east', 2, { rack: 'r1' }), endpoint('east', 3)]
  const affinity = { node: 'n1', rack: 'r1' }
  const tags = [{ key: 'node' }, { key: 'rack' }]
  expect(
    places(near, from({ localZone: { affinityTags: tags } }, affinity))?.map(({ subZone, weight }) => [
      subZone,
      weight,
    ]),
  ).toEqual([
    [undefined, 1],
    ['node=n1', 90],
    ['rack=r1', 9],
  ])
  const given = from({ localZone: { affinityTags: [{ key: 'node', weight: 7 }] } }, affinity)
  expect(places(near, given)?.find(({ subZone }) => subZone === 'node=n1')?.weight).toBe(7)
})
