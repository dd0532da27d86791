import { isDeepStrictEqual } from 'node:util'
import { AppError } from '../base/errors.js'
import { type Interval, median, ratioInterval } from './bootstrap.js'
import { LatencyHistogram } from './histogram.js'
import type { LoadResult } from './load-result.js'
import type { IntervalLine } from './run-lines.js'
import type { Summary } from './summary.js'
import { type Measure, parseMeasure } from './threshold.js'
import { measure } from './verdict.js'

/** `METRIC:AGG>+20%`: the second run may not be so much above the first; `<-20%`: not so much below. */
export interface FailOn extends Measure {
  readonly text: string
  readonly direction: 'above' | 'below'
  /** 0.2 for 20 %. */
  readonly by: number
}

export interface ComparedMeasure {
  readonly name: string
  readonly before: number | undefined
  readonly after: number | undefined
  /** After over before; undefined when either is not observable or the first is 0. */
  readonly ratio: number | undefined
  readonly interval: Interval | undefined
  readonly verdict: 'better' | 'same' | 'worse' | 'not comparable'
}

export interface ComparedTarget {
  readonly name: string
  /** As its API said; undefined: it did not. */
  readonly version: string | undefined
}

export interface LoadComparison {
  readonly targets: { readonly before: ComparedTarget; readonly after: ComparedTarget }
  /** Why the two runs should not be compared; empty when they may. */
  readonly reasons: readonly string[]
  readonly measures: readonly ComparedMeasure[]
  /** `change` is undefined where there was nothing before. */
  readonly failures: readonly { readonly text: string; readonly change: number | undefined }[]
  /** What was to fail the comparison and that one of the runs did not see. */
  readonly unjudged: readonly string[]
}

/** A change below this nobody acts on, however sure it is. */
const WORTH_TELLING = 0.05

const MEASURES: readonly string[] = [
  'zone.propagation:p(50)',
  'zone.propagation:p(99)',
  'dataplane.propagation:p(50)',
  'dataplane.propagation:p(99)',
  'write.accepted:p(99)',
  'zone.reconnect:p(99)',
  'resync.amplification',
  'bytes.out:rate',
  'nack:count',
]

/** What it costs the target: one figure of each run, whose noise nobody knows. */
const COSTS: Readonly<Record<string, (summary: Summary) => number | undefined>> = {
  'target.cpu.idle': ({ targetUse }) => targetUse.cpuQuiet,
  'target.cpu.change': ({ targetUse }) => targetUse.cpuMsPerChange,
  'target.memory': ({ targetUse }) => targetUse.rssMaxBytes,
}

/** Throws `invalid-argument`. */
export function parseFailOn(text: string): FailOn {
  const refuse = (why: string) => new AppError('invalid-argument', `--fail-on "${text}": ${why}`)
  const [, measured = '', operator, percent] = /^(.+?)\s*([<>])\s*([+-]\d+(?:\.\d+)?)%$/.exec(text.trim()) ?? []
  const isAbove = operator === '>' && percent?.startsWith('+')
  const isBelow = operator === '<' && percent?.startsWith('-')
  if (!isAbove && !isBelow) throw refuse('write METRIC:AGG>+N% or METRIC:AGG<-N%, such as zone.propagation:p(99)>+20%')
  const by = Math.abs(Number(percent)) / 100
  return { text: text.trim(), direction: isAbove ? 'above' : 'below', by, ...parseMeasure(measured, refuse) }
}

export function compareLoad(before: LoadResult, after: LoadResult, failOn: readonly FailOn[]): LoadComparison {
  const refuse = (why: string) => new AppError('internal', why)
  const of = (name: string, what: Measure) => compared(name, seen(what, before.summary), seen(what, after.summary))
  const cost = (figure: (summary: Summary) => number | undefined, { summary }: LoadResult) => ({
    figure: figure(summary),
    series: [],
  })
  const measures = [
    ...MEASURES.map((name) => of(name, parseMeasure(name, refuse))),
    ...Object.entries(COSTS).map(([name, figure]) => compared(name, cost(figure, before), cost(figure, after))),
  ]
  const judged = failOn.map((rule) => ({ rule, measure: of(rule.text, rule) }))
  const failures = judged.flatMap(
    ({ rule: { text, direction, by }, measure: { ratio, interval, verdict } }): LoadComparison['failures'] => {
      if (verdict === 'not comparable') return []
      // From nothing to something is more than any share.
      if (ratio === undefined) return direction === 'above' ? [{ text, change: undefined }] : []
      const isOver = direction === 'above' ? ratio > 1 + by : ratio < 1 - by
      return isOver && isChange(interval) ? [{ text, change: ratio - 1 }] : []
    },
  )
  const unjudged = judged.filter(({ measure }) => measure.verdict === 'not comparable').map(({ rule }) => rule.text)
  const targets = { before: targetOf(before), after: targetOf(after) }
  return { targets, reasons: reasonsAgainst(before, after), measures, failures, unjudged }
}

/** What would make a difference of figures a difference of something else. */
function reasonsAgainst(before: LoadResult, after: LoadResult): string[] {
  const [a, b] = [before.summary.start, after.summary.start]
  const without = ({ seed: _seed, thresholds: _thresholds, ...scenario }: typeof a.scenario) => scenario
  return [
    ...(isDeepStrictEqual(without(a.scenario), without(b.scenario)) ? [] : ['the scenarios differ']),
    ...(a.scenario.seed === b.scenario.seed ? [] : [`the seeds differ: ${a.scenario.seed} and ${b.scenario.seed}`]),
    ...(isDeepStrictEqual(a.machine, b.machine) ? [] : ['the machines differ']),
    ...(a.workers === b.workers ? [] : ['the generators have another number of processes']),
    ...[before, after].flatMap(({ verdict, summary }, place) => {
      const which = place === 0 ? 'the first run' : 'the second run'
      if (summary.end.how !== 'done') return [`${which} was ${summary.end.how}`]
      return verdict.generatorFaults.length > 0 ? [`${which} was bound by its generator`] : []
    }),
  ]
}

function targetOf({ summary }: LoadResult): ComparedTarget {
  const { name, version } = summary.start.target
  return { name, version }
}

/** One run's figure, and the same of each second of its load, where there is such a thing. */
interface Seen {
  readonly figure: number | undefined
  readonly series: readonly number[]
}

function seen(what: Measure, summary: Summary): Seen {
  return { figure: measure(what, summary), series: series(what, summary) }
}

function compared(name: string, before: Seen, after: Seen): ComparedMeasure {
  const [first, second] = [before.figure, after.figure]
  const interval = ratioInterval(after.series, before.series)
  // Of what there are intervals of, the ratio is that of their medians, to which the interval belongs.
  const byIntervals = interval && median(after.series) / median(before.series)
  const ratio = byIntervals ?? (first && second !== undefined ? second / first : undefined)
  const known = first !== undefined && second !== undefined
  if (known && first === second) return { name, before: first, after: second, ratio: 1, interval, verdict: 'same' }
  if (!known || ratio === undefined || !Number.isFinite(ratio)) {
    return {
      name,
      before: first,
      after: second,
      ratio: undefined,
      interval,
      verdict: known ? plainly(first, second) : 'not comparable',
    }
  }
  const changed = Math.abs(ratio - 1) >= WORTH_TELLING && isChange(interval)
  return { name, before: first, after: second, ratio, interval, verdict: changed ? plainly(1, ratio) : 'same' }
}

/** Everything that is measured is better when it is less. */
function plainly(first: number, second: number): 'better' | 'worse' {
  return second > first ? 'worse' : 'better'
}

/** Whether it can be told from noise; a single figure has none that we know of. */
function isChange(interval: Interval | undefined): boolean {
  return interval === undefined || interval.low > 1 || interval.high < 1
}

/** The measure of each interval of the load by itself: how much it varies is the noise. */
function series({ metric, aggregate }: Measure, { intervals, start }: Summary): number[] {
  const { warmup } = (start.scenario.load ?? {}) as { warmup?: number }
  const load = intervals.filter(({ phase }) => phase === 'load')
  const fromMs = (load[0]?.atMs ?? 0) + (warmup ?? 0)
  const histogramOf = (line: IntervalLine): string | undefined => {
    if (metric === 'zone.propagation') return line.latency.zone
    if (metric === 'dataplane.propagation') return line.latency.sidecar
    return metric === 'write.accepted' && aggregate.kind !== 'count' && aggregate.kind !== 'rate'
      ? line.latency.accepted
      : undefined
  }
  return load.flatMap((line) => {
    if (line.atMs < fromMs) return []
    const text = histogramOf(line)
    if (text === undefined) return metric === 'bytes.out' ? [line.wire.bytesIn] : []
    const histogram = LatencyHistogram.decode(text)
    if (histogram.count === 0) return []
    if (aggregate.kind === 'percentile') return [histogram.percentile(aggregate.percentile)]
    return [aggregate.kind === 'max' ? histogram.maxMs : histogram.meanMs]
  })
}
