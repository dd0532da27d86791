import { markdownTable } from '../../report/markdown.js'
import type { CaseId } from '../matrix.js'
import type { CaseResult, ConformanceResult } from '../result.js'
import { verdictText } from './head.js'
import { reasonOf, type Standing, standingOf } from './standing.js'

/** What changed from one run to another. */
export interface Comparison {
  readonly before: ConformanceResult
  readonly after: ConformanceResult
  /** False: rows were added, removed or reworded between the two, so a difference may be the suite's. */
  readonly sameCases: boolean
  readonly changes: readonly Change[]
}

export interface Change {
  readonly id: CaseId
  readonly title: string
  readonly level: string
  /** Undefined: that run has no such case. */
  readonly before: Standing | undefined
  readonly after: Standing | undefined
  readonly why: string
}

export function compare(before: ConformanceResult, after: ConformanceResult): Comparison {
  const old = new Map(before.cases.map((one) => [one.id, one]))
  const current = new Map(after.cases.map((one) => [one.id, one]))
  const changes = [...new Set([...old.keys(), ...current.keys()])]
    .sort()
    .map((id) => changeOf(id, old.get(id), current.get(id)))
    .filter(({ before: was, after: is }) => was !== is)
  return { before, after, sameCases: before.header.caseSet.digest === after.header.caseSet.digest, changes }
}

function changeOf(id: CaseId, before: CaseResult | undefined, after: CaseResult | undefined): Change {
  const { title = '', level = '' } = after ?? before ?? {}
  return {
    id,
    title,
    level,
    before: before && standingOf(before),
    after: after && standingOf(after),
    why: after === undefined ? 'not in the second run' : reasonOf(after),
  }
}

/** A row got worse: it passed, and now it does not; or it stands where it fails the run, and did not. */
export function isWorse({ before, after }: Change): boolean {
  const fails = (standing: Standing | undefined) => standing === 'failed' || standing === 'inconclusive'
  return (fails(after) && !fails(before)) || (before === 'passed' && after !== 'passed' && after !== undefined)
}

export function comparisonText({ before, after, sameCases, changes }: Comparison): string {
  const lines = [
    `before: ${sideText(before)}`,
    `after:  ${sideText(after)}`,
    ...(sameCases ? [] : ['the two ran different sets of cases: a difference may be the suite and not the target']),
    '',
    ...(changes.length === 0 ? ['every case stands where it stood'] : changes.map(changeText)),
  ]
  return `${lines.join('\n')}\n`
}

export function comparisonMarkdown({ before, after, sameCases, changes }: Comparison): string {
  const blocks = [
    '## Conformance: before and after',
    markdownTable(['', 'target', 'verdict', 'started'], [sideRow('before', before), sideRow('after', after)]).trimEnd(),
    ...(sameCases ? [] : ['The two ran different sets of cases: a difference may be the suite and not the target.']),
    changes.length === 0
      ? 'Every case stands where it stood.'
      : markdownTable(
          ['case', 'before', 'after', 'what has to hold', 'why'],
          changes.map((change) => [
            change.id,
            change.before ?? 'absent',
            change.after ?? 'absent',
            change.title,
            change.why,
          ]),
        ).trimEnd(),
  ]
  return `${blocks.join('\n\n')}\n`
}

function changeText(change: Change): string {
  const arrow = `${change.before ?? 'absent'} -> ${change.after ?? 'absent'}`
  return `${isWorse(change) ? 'worse' : 'other'}  ${change.id}  ${arrow}  ${change.title}${change.why === '' ? '' : ` (${change.why})`}`
}

function sideText({ header, verdict }: ConformanceResult): string {
  return `${header.target.address}, ${verdictText(verdict).word}, ${header.startedAt}, zonelab ${header.tool.version}`
}

function sideRow(name: string, { header, verdict }: ConformanceResult): readonly string[] {
  return [name, header.target.address, verdictText(verdict).word, header.startedAt]
}
