import { readFileSync } from 'node:fs'
import type { Clock } from '../base/clock.js'

/** How the target was, over a while; what it does not show is undefined. */
export interface TargetSample {
  /** Share of one core. */
  readonly cpu: number | undefined
  readonly rssBytes: number | undefined
  readonly loopLagP99Ms: number | undefined
}

export interface TargetWatchOptions {
  readonly metricsUrl: string | undefined
  readonly pid: number | undefined
  readonly clock: Clock
  readonly fetch: typeof fetch
}

/** Linux counts CPU in ticks of so many a second (USER_HZ), whatever the kernel's own. */
const TICKS_PER_SECOND = 100
const PAGE_BYTES = 4_096
const ANSWER_WITHIN_MS = 2_000

/** Looks at the target from outside: at its process where that is ours, else at its metrics. */
export class TargetWatch {
  readonly #options: TargetWatchOptions
  #before: (Cpu & { readonly atMs: number }) | undefined
  #counters: ReadonlyMap<string, number> = new Map()
  #grown = new Map<string, number>()

  constructor(options: TargetWatchOptions) {
    this.#options = options
  }

  /** Since the last time. */
  async sample(): Promise<TargetSample> {
    const { pid, clock } = this.#options
    const { counters, gauges } = await this.#read()
    const fromProcess = pid === undefined ? undefined : processUse(pid)
    const fromMetrics = counters.get('process_cpu_seconds_total')
    const cpu: Cpu | undefined =
      fromProcess ?? (fromMetrics === undefined ? undefined : { source: 'metrics', cpuSeconds: fromMetrics })
    const lag = gauges.get('nodejs_eventloop_lag_p99_seconds')
    const atMs = clock.monotonicMs()
    const before = this.#before
    this.#before = cpu && { ...cpu, atMs }
    return {
      cpu: cpu && before && cpuBetween(before, cpu, atMs - before.atMs),
      rssBytes: fromProcess?.rssBytes ?? gauges.get('process_resident_memory_bytes'),
      loopLagP99Ms: lag === undefined ? undefined : lag * 1_000,
    }
  }

  /** From now on `grown` counts. */
  async startCounting(): Promise<void> {
    await this.#read()
    this.#grown = new Map()
  }

  /** By how much each of the target's counters has grown, summed over its labels; none when it does not answer. */
  async grown(): Promise<ReadonlyMap<string, number>> {
    await this.#read()
    return this.#grown
  }

  async #read(): Promise<Metrics> {
    const text = await this.#text()
    if (text === undefined) return { counters: new Map(), gauges: new Map() }
    const metrics = readMetrics(text)
    for (const [name, value] of metrics.counters) {
      const last = this.#counters.get(name) ?? 0
      // A counter only falls when its process was started anew, and then it has grown from nothing.
      const by = value < last ? value : value - last
      if (by > 0) this.#grown.set(name, (this.#grown.get(name) ?? 0) + by)
    }
    this.#counters = metrics.counters
    return metrics
  }

  async #text(): Promise<string | undefined> {
    const { metricsUrl, clock, fetch } = this.#options
    if (metricsUrl === undefined) return undefined
    const abort = new AbortController()
    const cancel = clock.after(ANSWER_WITHIN_MS, () => abort.abort())
    try {
      const answer = await fetch(metricsUrl, { signal: abort.signal })
      return answer.ok ? await answer.text() : undefined
    } catch {
      return undefined
    } finally {
      cancel()
    }
  }
}

interface Cpu {
  /** What the two tell does not compare: a process that was started anew goes on in its metrics alone. */
  readonly source: 'process' | 'metrics'
  readonly cpuSeconds: number
}

function cpuBetween(before: Cpu, now: Cpu, elapsedMs: number): number | undefined {
  const seconds = now.cpuSeconds - before.cpuSeconds
  return now.source === before.source && seconds >= 0 ? seconds / (elapsedMs / 1_000) : undefined
}

/** Sums of each name's series. */
interface Metrics {
  /** What only grows, the sums and counts of histograms among it. */
  readonly counters: ReadonlyMap<string, number>
  readonly gauges: ReadonlyMap<string, number>
}

/** Prometheus' text format. A name without a type is taken for a counter, and so is one that OpenMetrics keeps for counters. */
function readMetrics(text: string): Metrics {
  const [counters, gauges] = [new Map<string, number>(), new Map<string, number>()]
  const gaugeNames = new Set([...text.matchAll(/^# TYPE (\S+)(?<!_total) gauge$/gm)].map(([, name]) => name))
  for (const line of text.split('\n')) {
    const [, name, value] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{.*\})?\s+(\S+)/.exec(line) ?? []
    if (name === undefined || !Number.isFinite(Number(value))) continue
    const sums = gaugeNames.has(name) ? gauges : counters
    sums.set(name, (sums.get(name) ?? 0) + Number(value))
  }
  return { counters, gauges }
}

/** Undefined where there is no /proc, or no such process any more. */
function processUse(pid: number): (Cpu & { readonly rssBytes: number }) | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may hold spaces; what is counted comes after it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [user, system, pages] = [fields[11], fields[12], fields[21]].map(Number)
    return {
      source: 'process',
      cpuSeconds: ((user ?? 0) + (system ?? 0)) / TICKS_PER_SECOND,
      rssBytes: (pages ?? 0) * PAGE_BYTES,
    }
  } catch {
    return undefined
  }
}
