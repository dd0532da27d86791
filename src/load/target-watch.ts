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
  #before: { readonly atMs: number; readonly cpuSeconds: number } | undefined

  constructor(options: TargetWatchOptions) {
    this.#options = options
  }

  /** Since the last time. */
  async sample(): Promise<TargetSample> {
    const { pid, clock } = this.#options
    const counters = await this.counters()
    const fromProcess = pid === undefined ? undefined : processUse(pid)
    const cpuSeconds = fromProcess?.cpuSeconds ?? counters.get('process_cpu_seconds_total')
    const lag = counters.get('nodejs_eventloop_lag_p99_seconds')
    const atMs = clock.monotonicMs()
    const before = this.#before
    this.#before = cpuSeconds === undefined ? undefined : { atMs, cpuSeconds }
    return {
      cpu:
        before && cpuSeconds !== undefined
          ? (cpuSeconds - before.cpuSeconds) / ((atMs - before.atMs) / 1_000)
          : undefined,
      rssBytes: fromProcess?.rssBytes ?? counters.get('process_resident_memory_bytes'),
      loopLagP99Ms: lag === undefined ? undefined : lag * 1_000,
    }
  }

  /** Every series of the target's metrics, summed over its labels; none when it does not answer. */
  async counters(): Promise<ReadonlyMap<string, number>> {
    const { metricsUrl, clock, fetch } = this.#options
    if (metricsUrl === undefined) return new Map()
    const abort = new AbortController()
    const cancel = clock.after(ANSWER_WITHIN_MS, () => abort.abort())
    try {
      const answer = await fetch(metricsUrl, { signal: abort.signal })
      return answer.ok ? readMetrics(await answer.text()) : new Map()
    } catch {
      return new Map()
    } finally {
      cancel()
    }
  }
}

/** Prometheus' text format: the sum of each name's series. */
export function readMetrics(text: string): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [, name, value] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{.*\})?\s+(\S+)/.exec(line) ?? []
    if (name !== undefined && Number.isFinite(Number(value))) sums.set(name, (sums.get(name) ?? 0) + Number(value))
  }
  return sums
}

/** Undefined where there is no /proc, or no such process any more. */
function processUse(pid: number): { readonly cpuSeconds: number; readonly rssBytes: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may hold spaces; what is counted comes after it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [user, system, pages] = [fields[11], fields[12], fields[21]].map(Number)
    return {
      cpuSeconds: ((user ?? 0) + (system ?? 0)) / TICKS_PER_SECOND,
      rssBytes: (pages ?? 0) * PAGE_BYTES,
    }
  } catch {
    return undefined
  }
}
