import { markdownTable, markdownText } from '../../report/markdown.js'
import type { ConformanceResult } from '../result.js'
import { byArea } from './areas.js'
import { factsOf, verdictText } from './head.js'
import { countsOf, reasonOf, standingOf } from './standing.js'
import { countsText } from './text.js'

/** One screen for a pull request or the summary of a CI step: verdict, head, areas, and what is not simply a pass. */
export function markdownReport(result: ConformanceResult): string {
  const { word, detail, tone } = verdictText(result.verdict)
  const shown = result.cases.filter((one) => standingOf(one) !== 'passed' && standingOf(one) !== 'not run')
  const blocks = [
    `## Conformance: ${SIGNS[tone]} ${word}`,
    markdownText(detail),
    markdownTable(['', ''], factsOf(result)),
    markdownTable(
      ['area', 'rows'],
      byArea(result.cases).map(({ title, cases }) => [title, countsText(countsOf(cases))]),
    ),
    shown.length === 0
      ? ''
      : markdownTable(
          ['case', 'stands', 'level', 'what has to hold', 'why', 'norm'],
          shown.map((one) => [one.id, standingOf(one), one.level, one.title, reasonOf(one), one.norm]),
        ),
    result.leftBehind.length === 0 ? '' : `Left behind on the target: ${markdownText(result.leftBehind.join(', '))}`,
  ]
  return `${blocks
    .filter((block) => block !== '')
    .map((block) => block.trimEnd())
    .join('\n\n')}\n`
}

const SIGNS = { good: '✅', bad: '❌', unsure: '⚠️', muted: '➖' } as const
