import { describe, expect, test } from 'vitest'
import { CASES } from '../../src/conformance/cases/catalogue.js'
import { redCases } from './faults/fault-bench.js'
import { runZoneFault } from './zone-faults/zone-fault-bench.js'
import { ZONE_FAULTS } from './zone-faults/zone-fault-table.js'

/** A zone that does not do what is waited for is waited for to the end: half a minute of real time, more where it is full. */
const WITHIN_MS = 240_000

describe('the suite can fail a zone', { concurrent: true, timeout: WITHIN_MS }, () => {
  test.each(ZONE_FAULTS.map((fault) => [fault.name, fault] as const))(
    'it catches one that %s',
    async (_name, fault) => {
      const [first] = fault.caughtBy
      expect(redCases(await runZoneFault(fault, fault.caughtBy.slice(0, 1)))).toEqual([first])
    },
  )

  test('the puppet that plays the faults has none of its own', async () => {
    const sound = await runZoneFault({ name: 'has no fault', caughtBy: [], manners: {} }, [])
    expect(sound.cases.map(({ id, outcome }) => `${id} ${outcome.kind}`)).toEqual(
      CASES.filter(({ profiles }) => profiles.includes('zone-client')).map(({ id }) => `${id} passed`),
    )
  })

  test('of a zone that never calls nothing is said', async () => {
    const result = await runZoneFault(
      { name: 'trusts nobody', caughtBy: [], manners: { trusts: () => false }, speed: 10 },
      [],
    )
    expect(result.verdict).toMatchObject({ kind: 'inconclusive', why: expect.stringContaining('makes no call') })
    expect(new Set(result.cases.map(({ outcome }) => outcome.kind))).toEqual(new Set(['inconclusive']))
  })
})

test('the table names cases that there are, and no fault twice', () => {
  const ids = CASES.filter(({ profiles }) => profiles.includes('zone-client')).map(({ id }) => id)
  expect(ZONE_FAULTS.flatMap(({ caughtBy }) => caughtBy).filter((id) => !ids.includes(id))).toEqual([])
  expect(new Set(ZONE_FAULTS.map(({ name }) => name)).size).toBe(ZONE_FAULTS.length)
  // A row that no fault turns red is one that nothing shows to be able to.
  expect(ids.filter((id) => !ZONE_FAULTS.some(({ caughtBy }) => caughtBy.includes(id)))).toEqual([])
})
