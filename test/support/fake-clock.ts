import type { Cancel, Clock } from '../../src/base/clock.js'

interface Timer {
  readonly dueMs: number
  readonly callback: () => void
}

/** A clock that moves only when told to. Timers that fall due in one step are called in order of time, then of arming. */
export class FakeClock implements Clock {
  readonly #startMs: number
  #elapsedMs = 0
  readonly #timers = new Set<Timer>()

  /** `startMs` is the wall time at which the test begins; monotonic time begins at 0. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  after(delayMs: number, callback: () => void): Cancel {
    const timer = { dueMs: this.#elapsedMs + Math.max(0, delayMs), callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Timers that are armed: a test that ends with some of them left has leaked them. */
  get armed(): number {
    return this.#timers.size
  }

  /** Moves time and calls what falls due, timers armed on the way included. Promises settle only after it returns. */
  step(forMs: number): void {
    const untilMs = this.#elapsedMs + forMs
    for (let timer = this.#due(untilMs); timer; timer = this.#due(untilMs)) this.#fire(timer)
    this.#elapsedMs = untilMs
  }

  /** As `step`, but lets promises settle before each timer, for code that awaits between its timers. */
  async stepAsync(forMs: number): Promise<void> {
    const untilMs = this.#elapsedMs + forMs
    await settled()
    for (let timer = this.#due(untilMs); timer; timer = this.#due(untilMs)) {
      this.#fire(timer)
      await settled()
    }
    this.#elapsedMs = untilMs
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer)
    this.#elapsedMs = timer.dueMs
    timer.callback()
  }

  #due(untilMs: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) if (timer.dueMs <= untilMs && (!first || timer.dueMs < first.dueMs)) first = timer
    return first
  }
}

/** Resolves when every promise that was ready, and whatever followed from it without real I/O, has been handled. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
