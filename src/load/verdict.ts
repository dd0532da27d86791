import type { LatencyHistogram } from './histogram.js'
import type { Summary } from './summary.js'
import { holds, type Measure, parseThreshold, type Threshold, type ThresholdMetric } from './threshold.js'

export interface JudgedThreshold {
  readonly text: string
  /** As the metric's unit has it; undefined: there is nothing to measure. */
  readonly measured: number | undefined
  readonly outcome: 'held' | 'crossed' | 'not judged'
  readonly why?: string
}

export interface Verdict {
  readonly thresholds: readonly JudgedThreshold[]
  /** Why the generator was the bottleneck; then nothing is judged but what was lost. */
  readonly generatorFaults: readonly string[]
  /** Every zone and sidecar holds what was written last; undefined: it was not looked at. */
  readonly nothingLost: boolean | undefined
  /** `failed`: the target died or the run could not go on; `inconclusive`: the generator was the bottleneck. */
  readonly outcome: 'passed' | 'crossed' | 'inconclusive' | 'failed' | 'interrupted'
}

/** Above this the generator's own lag could be taken for the target's latency. */
const LAG_OF_P50_MAX = 0.1
/** Node's timers are whole milliseconds and may be one late: a lag below this says nothing. */
const LAG_FLOOR_MS = 2
/** Where no zone had anything there is no p50: a process that stands still for so long has seen to that itself. */
const LAG_ALONE_MAX_MS = 1_000
const CORE_MAX = 0.8

export function judge(summary: Summary): Verdict {
  const generatorFaults = faultsOf(summary)
  const texts = summary.start.scenario.thresholds as readonly string[]
  const thresholds = texts.map((text) => judgeOne(parseThreshold(text), summary, generatorFaults.length > 0))
  const nothingLost = summary.final && summary.final.wrong.length === 0
  return {
    thresholds,
    generatorFaults,
    nothingLost,
    outcome: outcomeOf(summary, { thresholds, generatorFaults, nothingLost }),
  }
}

function outcomeOf({ end, counts }: Summary, verdict: Omit<Verdict, 'outcome'>): Verdict['outcome'] {
  if (end.how === 'failed') return 'failed'
  if (end.how === 'interrupted') return 'interrupted'
  // What is lost is lost, whoever was slow; but who never came, because the generator did not get him up, has lost nothing.
  const neverCame = counts.zonesLive < counts.zones && verdict.generatorFaults.length > 0
  if (verdict.nothingLost === false && !neverCame) return 'crossed'
  if (verdict.generatorFaults.length > 0) return 'inconclusive'
  return verdict.thresholds.some(({ outcome }) => outcome === 'crossed') ? 'crossed' : 'passed'
}

function faultsOf({ generator, counts, latency }: Summary): string[] {
  const p50Ms = latency.zone.count > 0 ? latency.zone.percentile(50) : undefined
  const faults = generator.flatMap(({ name, lagP99Ms, cpu }) => {
    const limitMs = p50Ms === undefined ? LAG_ALONE_MAX_MS : Math.max(LAG_FLOOR_MS, p50Ms * LAG_OF_P50_MAX)
    const over = p50Ms === undefined ? `${LAG_ALONE_MAX_MS} ms` : `10 % of the reported p50 of ${p50Ms.toFixed(1)} ms`
    return [
      ...(lagP99Ms > limitMs ? [`${name}: its event loop lags by ${lagP99Ms.toFixed(1)} ms (p99), over ${over}`] : []),
      ...(cpu > CORE_MAX ? [`${name}: it takes ${Math.round(cpu * 100)} % of a core, over ${CORE_MAX * 100} %`] : []),
    ]
  })
  return counts.dropped === 0 ? faults : [...faults, `${counts.dropped} writes were dropped: too many were under way`]
}

function judgeOne(threshold: Threshold, summary: Summary, generatorBound: boolean): JudgedThreshold {
  const { text } = threshold
  const measured = measure(threshold, summary)
  if (measured === undefined) return { text, measured, outcome: 'not judged', why: 'not observable in this run' }
  if (generatorBound) return { text, measured, outcome: 'not judged', why: 'the generator was the bottleneck' }
  return { text, measured, outcome: holds(threshold, measured) ? 'held' : 'crossed' }
}

/** In milliseconds, bytes, or a plain number. */
export function measure({ metric, aggregate }: Measure, summary: Summary): number | undefined {
  const { counts, latency } = summary
  const counted = (count: number) => (aggregate.kind === 'rate' ? count / Math.max(1, counts.loadSeconds) : count)
  switch (metric) {
    case 'nack':
      return counted(counts.nacks)
    case 'writes.dropped':
      return counted(counts.dropped)
    case 'bytes.out':
      return counted(counts.bytesToZones)
    case 'resync.amplification':
      return counts.resyncAmplification
    case 'write.accepted':
      if (aggregate.kind === 'rate' || aggregate.kind === 'count') return counted(counts.accepted)
      return ofHistogram(latency.accepted, aggregate)
    default:
      return ofHistogram(HISTOGRAM[metric](summary), aggregate)
  }
}

const HISTOGRAM: Readonly<
  Record<
    Extract<ThresholdMetric, 'zone.propagation' | 'dataplane.propagation' | 'zone.reconnect'>,
    (summary: Summary) => LatencyHistogram
  >
> = {
  'zone.propagation': ({ latency }) => latency.zone,
  'dataplane.propagation': ({ latency }) => latency.sidecar,
  'zone.reconnect': ({ latency }) => latency.reconnect,
}

function ofHistogram(histogram: LatencyHistogram, aggregate: Threshold['aggregate']): number | undefined {
  if (aggregate.kind === 'count') return histogram.count
  if (histogram.count === 0) return undefined
  switch (aggregate.kind) {
    case 'percentile':
      return histogram.percentile(aggregate.percentile)
    case 'max':
      return histogram.maxMs
    default:
      return histogram.meanMs
  }
}
