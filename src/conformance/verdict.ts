import type { CaseResult, ConformanceResult, ResultHeader, Totals, Verdict } from './result.js'

/** The reason of a case that the user left out. */
export const NOT_SELECTED = 'not selected'

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

/**
 * 0: what binds was run and passed, or was left out by choice. 10: something that binds failed, or passed against expectation.
 * 11: it cannot be said, or something that binds was not run for want of means.
 */
export function exitCodeOf(verdict: Verdict, cases: readonly CaseResult[]): 0 | 10 | 11 {
  const binding = cases.filter(({ level }) => level === 'MUST')
  const failed = binding.some(({ outcome, expectation }) => outcome.kind === 'failed' && expectation === undefined)
  const surprised = cases.some(({ expectation }) => expectation === 'unexpected-pass')
  if (failed || surprised || verdict.kind === 'no authentication') return 10
  const wanting = binding.some(({ outcome }) => outcome.kind === 'not-run' && outcome.reason !== NOT_SELECTED)
  return verdict.kind === 'inconclusive' || wanting ? 11 : 0
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
