import { expect, test } from 'vitest'
import { CASES, caseOf, caseSetDigest } from '../../../src/conformance/cases/catalogue.js'

test('every case has an id of its own, in the order of the matrix', () => {
  const ids = CASES.map(({ id }) => id)
  expect(ids).toEqual([...new Set(ids)].sort())
  expect(ids.every((id) => /^ZT-\d{3}$/.test(id))).toBe(true)
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

test('a case is found by its id', () => {
  expect(caseOf('ZT-030')?.area).toBe('algorithm')
  expect(caseOf('ZT-999')).toBeUndefined()
})

test('the digest changes with what a case says', () => {
  const [first] = CASES
  const changed = CASES.map((one) => (one === first ? { ...one, level: 'SHOULD' as const } : one))
  expect(caseSetDigest(CASES)).toMatch(/^sha256:[0-9a-f]{64}$/)
  expect(caseSetDigest(changed)).not.toBe(caseSetDigest(CASES))
})
