import type { CaseResult, ConformanceResult, ResultHeader, Totals, Verdict } from './result.js'

export interface VerdictFacts {
  readonly cases: readonly CaseResult[]
  /** A call without any credential was served. */
  readonly servesAnyone: boolean
  /** Why the run could not go on, if it could not. */
  readonly brokenOff: string | undefined
}

/** The one sentence that a run comes to. Only MUST rows decide; failing outweighs being unable to say. */
export function verdictOf({ cases, servesAnyone, brokenOff }: VerdictFacts): Verdict {
  const binding = cases.filter(({ level }) => level === 'MUST')
  const idsOf = (kind: CaseResult['outcome']['kind']) =>
    binding.filter(({ outcome }) => outcome.kind === kind).map(({ id }) => id)
  if (servesAnyone) return { kind: 'no authentication' }
  const failed = idsOf('failed')
  if (failed.length > 0) return { kind: 'not conformant', failed }
  if (brokenOff !== undefined) return { kind: 'inconclusive', why: brokenOff }
  const unclear = idsOf('inconclusive')
  if (unclear.length > 0) return { kind: 'inconclusive', why: `nothing can be said of ${unclear.join(', ')}` }
  const notRun = idsOf('not-run')
  if (notRun.length > 0) return { kind: 'partial', notRun }
  return binding.length > 0 ? { kind: 'conformant' } : { kind: 'inconclusive', why: 'no MUST row was selected' }
}

export function totalsOf(cases: readonly CaseResult[]): Totals {
  const notRun: Record<string, number> = {}
  const count = { passed: 0, failed: 0, inconclusive: 0 }
  for (const { outcome } of cases) {
    if (outcome.kind === 'not-run') notRun[outcome.reason] = (notRun[outcome.reason] ?? 0) + 1
    else count[outcome.kind] += 1
  }
  return { run: count.passed + count.failed + count.inconclusive, ...count, notRun }
}

/** 0 passed, 10 failed, 11 cannot be said. A MUST row that fails as expected does not fail the run; one that passes against expectation does. */
export function exitCodeOf(verdict: Verdict, cases: readonly CaseResult[]): 0 | 10 | 11 {
  if (verdict.kind === 'no authentication') return 10
  if (cases.some(({ expectation }) => expectation === 'unexpected-pass')) return 10
  const unexpected = cases.filter(
    ({ level, outcome, expectation }) =>
      level === 'MUST' && outcome.kind === 'failed' && expectation !== 'expected-failure',
  )
  if (unexpected.length > 0) return 10
  return verdict.kind === 'inconclusive' ? 11 : 0
}

export interface RunFacts extends VerdictFacts {
  readonly header: Omit<ResultHeader, 'totals'>
  readonly leftBehind: readonly string[]
}

/** The result file of a run that has ended, however it has. */
export function conclude({ header, leftBehind, ...facts }: RunFacts): ConformanceResult {
  const { cases } = facts
  return {
    kind: 'zonelab.conformance/v1',
    header: { ...header, totals: totalsOf(cases) },
    verdict: verdictOf(facts),
    cases,
    leftBehind,
  }
}
