import { expect, test } from 'vitest'
import { CASES, caseSetDigest, casesOf } from '../../../src/conformance/cases/catalogue.js'
import { wayOf } from '../../../src/conformance/door.js'

test('cases stand in the order of the matrix, and no run has two of one id', () => {
  const ids = CASES.map(({ id }) => id)
  expect(ids).toEqual([...ids].sort())
  expect(ids.every((id) => /^ZT-\d{3}$/.test(id))).toBe(true)
  const inOneRun = CASES.flatMap(({ id, profiles }) => [...new Set(profiles.map(wayOf))].map((way) => `${id} ${way}`))
  expect(inOneRun).toEqual([...new Set(inOneRun)])
})

test('a case marked Δ says both answers, and a call of it that Kuma answers otherwise', () => {
  for (const { id, delta, procedure } of CASES) {
    const differs = procedure.kind === 'calls' && procedure.variants.some(({ kuma }) => kuma !== undefined)
    if (delta && procedure.kind === 'calls') expect([id, differs]).toEqual([id, true])
  }
})

test('variants of a case have names of their own, and each expects something', () => {
  for (const { id, procedure } of CASES) {
    if (procedure.kind !== 'calls') continue
    const names = procedure.variants.map(({ name }) => name)
    expect([id, new Set(names).size]).toEqual([id, names.length])
    expect(procedure.variants.every(({ expect: answers }) => answers.length > 0)).toBe(true)
  }
})

test('a case is found by its id, and one that is judged from both sides as two', () => {
  expect(casesOf('ZT-030').map(({ area }) => area)).toEqual(['algorithm'])
  expect(casesOf('ZT-144').map(({ profiles }) => profiles)).toEqual([['zone-jwt'], ['zone-client']])
  expect(casesOf('ZT-999')).toEqual([])
})

test('the digest changes with what a case says', () => {
  const [first] = CASES
  const changed = CASES.map((one) => (one === first ? { ...one, level: 'SHOULD' as const } : one))
  expect(caseSetDigest(CASES)).toMatch(/^sha256:[0-9a-f]{64}$/)
  expect(caseSetDigest(changed)).not.toBe(caseSetDigest(CASES))
})
