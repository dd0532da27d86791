import type { Tone } from '../../report/html-page.js'
import type { CaseResult } from '../result.js'

/**
 * What a case comes to for a reader: its outcome, weighed by its level and by what was expected of it. Every form of report
 * goes by this, so that none of them is kinder than another.
 */
export const STANDINGS = {
  failed: 'bad',
  'unexpected pass': 'bad',
  inconclusive: 'unsure',
  warning: 'unsure',
  'expected failure': 'unsure',
  noted: 'muted',
  'not run': 'muted',
  passed: 'good',
} as const satisfies Record<string, Tone>
export type Standing = keyof typeof STANDINGS

/** `warning`: a SHOULD row that failed. `noted`: a REPORT row whose answer is another than ours. */
export function standingOf({ level, outcome, expectation }: CaseResult): Standing {
  switch (outcome.kind) {
    case 'passed':
      return expectation === 'unexpected-pass' ? 'unexpected pass' : 'passed'
    case 'inconclusive':
      return 'inconclusive'
    case 'not-run':
      return 'not run'
    case 'failed':
      if (expectation === 'expected-failure') return 'expected failure'
      if (level === 'MUST') return 'failed'
      return level === 'SHOULD' ? 'warning' : 'noted'
  }
}

/** Why a case stands where it stands; for one that passed, whose answer it was if that was open. */
export function reasonOf({ outcome, expectation, answeredAs }: CaseResult): string {
  switch (outcome.kind) {
    case 'passed':
      if (expectation === 'unexpected-pass') return 'it passed, and the file of expected failures lists it: take it out'
      return answeredAs === undefined ? '' : `answered as ${answeredAs === 'mixed' ? 'both' : answeredAs}`
    case 'not-run':
      return outcome.reason
    case 'failed':
    case 'inconclusive':
      return outcome.why
  }
}

export type Counts = Readonly<Record<Standing, number>>

export function countsOf(cases: readonly CaseResult[]): Counts {
  const counts = Object.fromEntries(Object.keys(STANDINGS).map((standing) => [standing, 0])) as Record<Standing, number>
  for (const one of cases) counts[standingOf(one)] += 1
  return counts
}
