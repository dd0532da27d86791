import type { Verdict as PageVerdict } from '../../report/html-page.js'
import type { CaseId } from '../matrix.js'
import type { ConformanceResult, Totals, Verdict } from '../result.js'

/** What every form of report opens with, as label and value. */
export function factsOf({ header, cases }: ConformanceResult): readonly (readonly [label: string, value: string])[] {
  const { target, caseSet, behaviours, profiles, tool, totals, startedAt, endedAt } = header
  const dials = profiles.includes('zone-client')
  const took = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000
  return [
    ['Target', target.product === undefined ? target.address : `${target.address} (${target.product})`],
    ['Certificate', target.certificateFingerprint ?? (dials ? 'none: it dials' : 'none: plaintext')],
    ...(target.api === undefined ? [] : [['API', target.api] as const]),
    ['Profile', profiles.join(', ')],
    ['Open answers', behaviours.answers === 'zonelab' ? "zonelab's only" : "zonelab's or Kuma's"],
    ['Open streams', behaviours.openStream],
    ['Tool', `${tool.name} ${tool.version}`],
    ['Cases', `${caseSet.cases}, ${caseSet.digest}`],
    ['Started', `${startedAt}, took ${took.toFixed(1)} s`],
    ['Run', runText(totals)],
    ['Not run', notRunText(totals)],
    ...answeredAs(cases),
  ]
}

/** Of the rows on which Kuma and zonelab differ, whose answer was found. */
export function answersFound(
  cases: ConformanceResult['cases'],
): readonly (readonly [whose: string, ids: readonly CaseId[]])[] {
  return Object.entries(WHOSE)
    .map(([who, words]) => [words, cases.flatMap(({ id, answeredAs }) => (answeredAs === who ? [id] : []))] as const)
    .filter(([, ids]) => ids.length > 0)
}

const WHOSE = { zonelab: 'zonelab', kuma: 'Kuma', mixed: 'both' } as const

function answeredAs(cases: ConformanceResult['cases']): readonly (readonly [label: string, value: string])[] {
  const found = answersFound(cases).map(([whose, ids]) => `${whose}: ${ids.join(', ')}`)
  return found.length === 0 ? [] : [['Answered as', found.join('; ')]]
}

function runText({ run, passed, failed, inconclusive }: Totals): string {
  return `${run}: ${passed} passed, ${failed} failed, ${inconclusive} inconclusive`
}

function notRunText({ notRun }: Totals): string {
  const reasons = Object.entries(notRun)
  const total = reasons.reduce((sum, [, count]) => sum + count, 0)
  return total === 0 ? '0' : `${total}: ${reasons.map(([reason, count]) => `${count} ${reason}`).join(', ')}`
}

/** The verdict in words. Only `conformant` has the tone of a pass. */
export function verdictText(verdict: Verdict): PageVerdict {
  const word = verdict.kind
  switch (verdict.kind) {
    case 'conformant':
      return { tone: 'good', word, detail: 'every MUST row that applies was run and passed' }
    case 'not conformant':
      return {
        tone: 'bad',
        word,
        detail: `${counted(verdict.failed.length, 'MUST row')} failed: ${listed(verdict.failed)}`,
      }
    case 'partial': {
      const rows = counted(verdict.notRun.length, 'MUST row')
      return {
        tone: 'unsure',
        word,
        detail: `no pass: nothing failed, but ${rows} did not run: ${listed(verdict.notRun)}`,
      }
    }
    case 'no authentication':
      return { tone: 'bad', word, detail: 'a call without any credential was served' }
    case 'inconclusive':
      return { tone: 'unsure', word, detail: verdict.why }
  }
}

/** Every row that failed was listed as one that would: the run does not fail, and still is no pass. */
export function failsAsExpected({ verdict, cases }: ConformanceResult): boolean {
  if (verdict.kind !== 'not conformant') return false
  return cases.every(
    ({ level, outcome, expectation }) =>
      level !== 'MUST' || outcome.kind !== 'failed' || expectation === 'expected-failure',
  )
}

const LISTED_MAX = 20

function listed(ids: readonly string[]): string {
  const more = ids.length - LISTED_MAX
  return ids.slice(0, LISTED_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
