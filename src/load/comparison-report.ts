import { markdownTable, markdownText } from '../report/markdown.js'
import type { ComparedMeasure, ComparedTarget, LoadComparison } from './compare.js'
import { bytes, cores, milliseconds } from './text-report.js'

const HEAD = ['measure', 'before', 'after', 'change', '95 % interval', 'verdict']
const NOTE =
  'The change is that of the medians of the seconds of the load; its interval comes from resampling them (bootstrap, fixed seed). A change whose interval holds 0 % is noise.'

export function comparisonText({ targets, measures, ...found }: LoadComparison): string {
  const lines = [HEAD, ...measures.map(cells)]
  const widths = HEAD.map((_cell, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  const table = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const who = [`before: ${named(targets.before)}`, `after: ${named(targets.after)}`, '']
  return `${[...who, ...table, '', NOTE, ...told(found)].join('\n')}\n`
}

export function comparisonMarkdown({ targets, measures, ...found }: LoadComparison): string {
  const list = told(found).map((line) => `- ${markdownText(line)}`)
  const who = `Before: ${markdownText(named(targets.before))} · after: ${markdownText(named(targets.after))}`
  return `${[who, '', markdownTable(HEAD, measures.map(cells)).trimEnd(), '', NOTE, ...(list.length > 0 ? ['', ...list] : [])].join('\n')}\n`
}

export function comparisonJson(comparison: LoadComparison): string {
  return `${JSON.stringify(comparison, null, 2)}\n`
}

function told({ reasons, failures, unjudged }: Pick<LoadComparison, 'reasons' | 'failures' | 'unjudged'>): string[] {
  return [
    ...reasons.map((reason) => `not comparable: ${reason}`),
    ...failures.map(
      ({ text, change }) => `failed: ${text}: ${change === undefined ? 'there was none before' : percent(change)}`,
    ),
    ...unjudged.map((text) => `not judged: ${text}: not observable in both runs`),
  ]
}

function cells({ name, before, after, ratio, interval, verdict }: ComparedMeasure): string[] {
  return [
    name,
    value(name, before),
    value(name, after),
    ratio === undefined ? '' : percent(ratio - 1),
    interval === undefined ? '' : `${percent(interval.low - 1)} … ${percent(interval.high - 1)}`,
    verdict,
  ]
}

export function named({ name, version }: ComparedTarget): string {
  return version === undefined ? name : `${name} (${version})`
}

function value(name: string, number: number | undefined): string {
  if (number === undefined) return 'not observable'
  if (name === 'target.cpu.idle') return cores(number)
  if (name === 'target.cpu.change') return milliseconds(number)
  if (name === 'target.memory') return bytes(number)
  if (name.startsWith('bytes')) return `${bytes(Math.round(number))}/s`
  return /p\(\d/.test(name) ? milliseconds(number) : String(Math.round(number * 100) / 100)
}

function percent(change: number): string {
  return `${change >= 0 ? '+' : '−'}${Math.abs(change * 100).toFixed(1)} %`
}
