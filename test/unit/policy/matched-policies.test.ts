import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Resource } from '../../../src/model/resource.js'
import { PolicyMatcher } from '../../../src/policy/matched-policies.js'
import { stored } from '../../support/stored-resource.js'

const dataplane = stored('Dataplane', 'd', { spec: { networking: { address: '10.0.0.1', inbound: [{ port: 80 }] } } })
/** Changes of one policy: how weak it is, whether it takes effect, or only what it says. */
const somePolicy = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    kind: fc.constantFrom('Mesh', 'Dataplane'),
    effect: fc.constantFrom({}, {}, { 'kuma.io/effect': 'shadow' }),
    said: fc.nat(3),
  })
  .map(({ name, kind, effect, said }) =>
    stored('MeshTimeout', name, { labels: effect, spec: { targetRef: { kind }, rules: [{ default: { said } }] } }),
  )

test('after any history of policies, what a dataplane matched is what it matches anew', () => {
  const someStep = fc.record({ after: somePolicy, goes: fc.nat(3).map((fate) => fate === 0) })
  fc.assert(
    fc.property(fc.array(someStep, { minLength: 10, maxLength: 20 }), (steps) => {
      const there = new Map<string, Resource>()
      const matcher = new PolicyMatcher('MeshTimeout', [])
      for (const { after: policy, goes } of steps) {
        const before = there.get(policy.name)
        const after = goes ? undefined : policy
        if (after) there.set(policy.name, after)
        else there.delete(policy.name)
        matcher.change(before, after, [dataplane])
        const anew = new PolicyMatcher('MeshTimeout', there.values())
        expect(matcher.match(dataplane)).toEqual(anew.match(dataplane))
      }
    }),
  )
})
