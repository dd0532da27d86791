import { expect, test } from 'vitest'
import type { CaseOutcome, CaseResult } from '../../../src/conformance/result.js'
import { conclude, exitCodeOf, totalsOf, verdictOf } from '../../../src/conformance/verdict.js'

const result = (number: number, outcome: CaseOutcome, changes: Partial<CaseResult> = {}): CaseResult => ({
  id: `ZT-00${number}`,
  area: 'presence',
  title: 'something holds',
  level: 'MUST',
  basis: 'rfc',
  norm: 'RFC 8725 §3.1',
  safety: 'safe',
  needs: ['wire'],
  reproduce: 'zonelab conformance run',
  outcome,
  elapsedMs: 1,
  attempts: [],
  ...changes,
})
const passed = result(1, { kind: 'passed' })
const failed = result(2, { kind: 'failed', why: 'taken' })
const unclear = result(3, { kind: 'inconclusive', why: 'the legal peer was refused' })
const notRun = result(4, { kind: 'not-run', reason: 'needs operator' })
const judge = (cases: readonly CaseResult[], servesAnyone = false, brokenOff?: string) =>
  verdictOf({ cases, servesAnyone, brokenOff })

test('every MUST row run and passed is conformant', () => {
  expect(judge([passed])).toEqual({ kind: 'conformant' })
})

test('a failed MUST row outweighs everything that is not known', () => {
  expect(judge([passed, failed, unclear, notRun], false, 'died')).toEqual({
    kind: 'not conformant',
    failed: ['ZT-002'],
  })
})

test('a row that binds nobody does not decide', () => {
  const reported = { ...failed, level: 'REPORT' as const }
  expect(judge([passed, reported])).toEqual({ kind: 'conformant' })
  expect(exitCodeOf(judge([passed, reported]), [passed, reported])).toBe(0)
})

test('MUST rows that were not run make it partial, and name them', () => {
  expect(judge([passed, notRun])).toEqual({ kind: 'partial', notRun: ['ZT-004'] })
})

test('what cannot be said is inconclusive, and so is a run without a MUST row', () => {
  expect(judge([passed, unclear])).toMatchObject({ kind: 'inconclusive' })
  expect(judge([passed], false, 'the target died')).toEqual({ kind: 'inconclusive', why: 'the target died' })
  expect(judge([])).toMatchObject({ kind: 'inconclusive' })
})

test('a target that serves anyone has no authentication, whatever else it does', () => {
  expect(judge([passed], true)).toEqual({ kind: 'no authentication' })
  expect(exitCodeOf({ kind: 'no authentication' }, [passed])).toBe(10)
})

test('an expected failure passes the run, an unexpected pass fails it', () => {
  const known = { ...failed, expectation: 'expected-failure' as const }
  expect(exitCodeOf(judge([passed, known]), [passed, known])).toBe(0)
  expect(exitCodeOf(judge([passed, failed]), [passed, failed])).toBe(10)
  const surprise = { ...passed, expectation: 'unexpected-pass' as const }
  expect(exitCodeOf(judge([surprise]), [surprise])).toBe(10)
  expect(exitCodeOf(judge([unclear]), [unclear])).toBe(11)
})

test('totals count what was run, and what was not by reason', () => {
  expect(totalsOf([passed, failed, unclear, notRun, notRun])).toEqual({
    run: 3,
    passed: 1,
    failed: 1,
    inconclusive: 1,
    notRun: { 'needs operator': 2 },
  })
})

test('a result says what was run, what it came to and what is left', () => {
  const header = {
    tool: { name: 'zonelab', version: '0' },
    caseSet: { digest: 'sha256:0', cases: 2 },
    target: { address: '127.0.0.1:5685', isZonelab: true },
    profiles: ['zone-jwt'],
    behaviours: { answers: 'zonelab', openStream: 'parity' },
    startedAt: '2026-06-01T00:00:00Z',
    endedAt: '2026-06-01T00:00:01Z',
  } as const
  const facts = { cases: [passed, notRun], servesAnyone: false, brokenOff: undefined }
  expect(conclude({ header, leftBehind: ['Zone x'], ...facts })).toMatchObject({
    header: { totals: { run: 1, notRun: { 'needs operator': 1 } } },
    verdict: { kind: 'partial', notRun: ['ZT-004'] },
    leftBehind: ['Zone x'],
  })
})
