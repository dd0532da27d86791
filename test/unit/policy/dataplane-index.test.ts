import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DataplaneIndex } from '../../../src/policy/dataplane-index.js'
import { selectSections } from '../../../src/policy/match.js'
import { stored } from '../../support/stored-resource.js'

const spec = { networking: { address: '10.0.0.1', inbound: [{ port: 80 }] } }
const someLabels = fc.dictionary(
  fc.constantFrom('app', 'team', 'kuma.io/display-name'),
  fc.constantFrom('x', 'y', 'd1'),
)
const someDataplane = fc.tuple(fc.constantFrom('d1', 'd2', 'd3'), someLabels)
const somePolicy = fc.record(
  { kind: fc.constantFrom('Mesh', 'Dataplane'), labels: someLabels },
  { requiredKeys: ['kind'] },
)

test('finds the dataplanes that a look at each would find, whichever came and went', () => {
  fc.assert(
    fc.property(fc.array(someDataplane), fc.subarray(['d1', 'd2', 'd3']), somePolicy, (puts, gone, targetRef) => {
      const index = new DataplaneIndex()
      for (const [name, labels] of puts) {
        index.remove(name)
        index.put(stored('Dataplane', name, { labels, spec }))
      }
      for (const name of gone) index.remove(name)
      const policy = stored('MeshTimeout', 't', { spec: { targetRef } })
      const expected = [...index.all()].filter((one) => selectSections(policy, one).selected)
      expect(new Set(index.selectedBy(policy))).toEqual(new Set(expected))
    }),
  )
})
