import { type Estimate, round } from './statistics.js'

/** One figure beside the bar that it has to reach (`docs/PERFORMANCE.md`). */
export interface Bar {
  readonly what: string
  readonly value: number | Estimate
  readonly atLeast?: number
  readonly atMost?: number
  /** Of an interval, the end that must reach the bar; default: the median. */
  readonly judgedBy?: 'median' | 'high'
  /** What a ratio is made of. */
  readonly against?: { readonly ours: number; readonly peer: number; readonly unit: string }
}

export interface Report {
  /** Against their bars. */
  readonly bars: readonly Bar[]
  /** What else was seen, by name; of this machine and this run, never to be compared with another's. */
  readonly figures: Readonly<Record<string, number>>
  /** What could not be measured here, and why. */
  readonly notes?: readonly string[]
}

export function reaches({ value, atLeast, atMost, judgedBy = 'median' }: Bar): boolean {
  const judged = typeof value === 'number' ? value : value[judgedBy]
  return judged >= (atLeast ?? Number.NEGATIVE_INFINITY) && judged <= (atMost ?? Number.POSITIVE_INFINITY)
}

/** The whole of a bench's own process: measures, tells `main.ts` and ends. */
export async function runBench(measure: () => Promise<Report>): Promise<void> {
  const report = await measure()
  await new Promise<void>((resolve) => process.send?.(report, undefined, undefined, () => resolve()))
  process.exit()
}

/** One line for machines. */
export function jsonLine(bench: string, report: Report, machine: object): string {
  const bars = report.bars.map((bar) => ({ ...bar, value: rounded(bar.value), reached: reaches(bar) }))
  const figures = Object.fromEntries(Object.entries(report.figures).map(([name, value]) => [name, round(value)]))
  return JSON.stringify({ bench, bars, figures, notes: report.notes, machine })
}

/** Some lines for people. */
export function summary(bench: string, report: Report): string {
  const bars = report.bars.map((bar) => {
    const wanted = bar.atLeast === undefined ? `at most ${bar.atMost}` : `at least ${bar.atLeast}`
    return `  ${reaches(bar) ? 'reached' : 'MISSED '}  ${bar.what}: ${shown(bar.value)} (bar: ${wanted})`
  })
  const figures = Object.entries(report.figures).map(([name, value]) => `           ${name}: ${round(value)}`)
  const notes = (report.notes ?? []).map((note) => `           ${note}`)
  return [bench, ...bars, ...figures, ...notes].join('\n')
}

export interface BenchResult {
  readonly bench: string
  readonly report: Report
}

/** All bars of a run in one table; a bench that failed has none, and is named below it. */
export function table(results: readonly BenchResult[]): string {
  const rows = results.flatMap(({ bench, report }) =>
    report.bars.map((bar) => [
      bench,
      bar.what,
      bar.against ? `${round(bar.against.ours)} ${bar.against.unit}` : '',
      bar.against ? `${round(bar.against.peer)} ${bar.against.unit}` : '',
      bar.atLeast === undefined ? `≤ ${bar.atMost}` : `≥ ${bar.atLeast}`,
      shown(bar.value),
      reaches(bar) ? 'reached' : 'missed',
    ]),
  )
  const all = [['bench', 'metric', 'ours', 'peer', 'limit', 'ratio or value', ''], ...rows]
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function rounded(value: number | Estimate): number | Estimate {
  if (typeof value === 'number') return round(value)
  return { median: round(value.median), low: round(value.low), high: round(value.high) }
}

function shown(value: number | Estimate): string {
  if (typeof value === 'number') return String(round(value))
  return `${round(value.median)} [${round(value.low)} – ${round(value.high)}]`
}
