import { type TapPoint, tapDocument } from '../../report/tap.js'
import type { CaseResult, ConformanceResult } from '../result.js'
import { byArea } from './areas.js'
import { evidenceOf } from './evidence.js'
import { factsOf, failsAsExpected, verdictText } from './head.js'
import { reasonOf, standingOf } from './standing.js'

/** TAP 14, a subtest per area. The last point is the verdict: skipped points alone would read as a pass. */
export function tapReport(result: ConformanceResult): string {
  const { word, detail } = verdictText(result.verdict)
  const verdict: TapPoint = {
    ok: word === 'conformant',
    description: 'the target is conformant',
    ...(failsAsExpected(result) && { directive: { kind: 'todo', reason: `${word}, as expected` } }),
    ...(word !== 'conformant' && { diagnostic: { verdict: word, why: detail } }),
  }
  return tapDocument(
    factsOf(result).map(([label, value]) => `${label}: ${value}`),
    [
      ...byArea(result.cases).map(({ area, cases }) => ({ name: area, points: cases.map(pointOf) })),
      { name: 'verdict', points: [verdict] },
    ],
  )
}

function pointOf(one: CaseResult): TapPoint {
  const standing = standingOf(one)
  const description = `${one.id} ${one.title}`
  const reason = `${standing}: ${reasonOf(one)}`
  const diagnostic = { level: one.level, norm: one.norm, why: reasonOf(one), evidence: evidenceOf(one) }
  switch (standing) {
    case 'passed':
      return { ok: true, description }
    case 'not run':
      return { ok: true, description, directive: { kind: 'skip', reason: reasonOf(one) } }
    case 'failed':
    case 'unexpected pass':
      return { ok: false, description, diagnostic }
    case 'inconclusive':
      if (one.level === 'MUST') return { ok: false, description, diagnostic }
      return { ok: false, description, directive: { kind: 'todo', reason }, diagnostic }
    case 'warning':
    case 'expected failure':
    case 'noted':
      return { ok: false, description, directive: { kind: 'todo', reason }, diagnostic }
  }
}
