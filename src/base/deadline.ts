import type { Cancel, Clock } from './clock.js'

/**
 * A delay that begins anew with every message and is hardly ever over. Starting and stopping it touch no timer: one
 * that is armed looks, when it goes off, how much of the delay is left.
 */
export class Deadline {
  readonly #clock: Clock
  readonly #delayMs: number
  readonly #onOver: () => void
  #dueMs: number | undefined
  #cancelTimer: Cancel | undefined

  constructor(clock: Clock, delayMs: number, onOver: () => void) {
    this.#clock = clock
    this.#delayMs = delayMs
    this.#onOver = onOver
  }

  /** The delay begins, or begins again. */
  start(): void {
    this.#dueMs = this.#clock.monotonicMs() + this.#delayMs
    if (!this.#cancelTimer) this.#arm(this.#delayMs)
  }

  /** It is not waited for any more, until the next start. */
  stop(): void {
    this.#dueMs = undefined
  }

  /** Stops for good. */
  release(): void {
    this.stop()
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #arm(delayMs: number): void {
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#cancelTimer = undefined
      if (this.#dueMs === undefined) return
      const leftMs = this.#dueMs - this.#clock.monotonicMs()
      // A timer may go off a fraction of a millisecond early.
      if (leftMs >= 1) return this.#arm(leftMs)
      this.#dueMs = undefined
      this.#onOver()
    })
  }
}
