import type { ConformanceResult } from '../result.js'
import { byArea } from './areas.js'
import { evidenceOf } from './evidence.js'
import { factsOf, verdictText } from './head.js'
import { countsOf, reasonOf, type Standing, standingOf } from './standing.js'

/** For a terminal or a log: the verdict first, then everything that is not simply a pass, with its evidence. */
export function textReport(result: ConformanceResult): string {
  const { word, detail } = verdictText(result.verdict)
  const shown = result.cases.filter((one) => standingOf(one) !== 'passed' && standingOf(one) !== 'not run')
  const blocks = [
    `${word.toUpperCase()}: ${detail}`,
    factsOf(result)
      .map(([label, value]) => `${label.padEnd(LABEL_WIDTH)} ${value}`)
      .join('\n'),
    byArea(result.cases)
      .map(({ area, cases }) => `${area.padEnd(AREA_WIDTH)} ${countsText(countsOf(cases))}`)
      .join('\n'),
    ...shown.map((one) =>
      [
        `${standingOf(one)}: ${one.id} ${one.title}`,
        `  ${one.level}, ${one.norm}: ${reasonOf(one)}`,
        ...evidenceOf(one).map((line) => `  ${line}`),
      ].join('\n'),
    ),
    ...(result.leftBehind.length === 0 ? [] : [`left behind on the target: ${result.leftBehind.join(', ')}`]),
  ]
  return `${blocks.join('\n\n')}\n`
}

const LABEL_WIDTH = 'Open streams'.length
const AREA_WIDTH = 'tenant-selection'.length

/** Only what there is: `12 passed, 1 not run`. */
export function countsText(counts: Readonly<Record<Standing, number>>): string {
  const order: readonly Standing[] = [
    'passed',
    'failed',
    'unexpected pass',
    'inconclusive',
    'warning',
    'expected failure',
    'noted',
    'not run',
  ]
  return order
    .filter((standing) => counts[standing] > 0)
    .map((standing) => `${counts[standing]} ${standing}`)
    .join(', ')
}
