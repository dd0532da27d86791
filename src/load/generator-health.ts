import type { Cancel, Clock } from '../base/clock.js'
import { LatencyHistogram } from './histogram.js'

/** How one process of the generator was, over a while. */
export interface GeneratorHealth {
  /** How late its event loop was with a timer: an encoded histogram. */
  readonly lag: string
  /** Share of one core. */
  readonly cpu: number
}

/** Often enough to meet a stall that matters, seldom enough to cost nothing. */
const BEAT_MS = 5

/** Watches the process that it is made in. A stall counts as often as a beat fell into it. */
export class HealthMonitor {
  readonly #clock: Clock
  readonly #lag = LatencyHistogram.empty()
  #cancel: Cancel = () => {}
  #cpu = process.cpuUsage()
  #sinceMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#sinceMs = clock.monotonicMs()
    this.#beat()
  }

  /** Since the last time. */
  take(): GeneratorHealth {
    const nowMs = this.#clock.monotonicMs()
    const { user, system } = process.cpuUsage(this.#cpu)
    const elapsedMs = Math.max(1, nowMs - this.#sinceMs)
    const health = { lag: this.#lag.encode(), cpu: (user + system) / 1_000 / elapsedMs }
    this.#cpu = process.cpuUsage()
    this.#sinceMs = nowMs
    this.#lag.reset()
    return health
  }

  stop(): void {
    this.#cancel()
  }

  #beat(): void {
    const dueMs = this.#clock.monotonicMs() + BEAT_MS
    this.#cancel = this.#clock.after(BEAT_MS, () => {
      this.#lag.recordEvery(Math.max(0, this.#clock.monotonicMs() - dueMs), BEAT_MS)
      this.#beat()
    })
  }
}
