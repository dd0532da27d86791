import type { Clock } from '../base/clock.js'
import type { Random } from '../base/random.js'

/**
 * The instants at which one control plane writes the insights that changed since the last: all together, so that they
 * go into one transaction and one message, and not each in its own. Control planes differ in when that is.
 */
export class FlushTicks {
  readonly #clock: Clock
  readonly #intervalMs: number
  readonly #firstMs: number

  constructor(clock: Clock, random: Random, intervalMs: number) {
    this.#clock = clock
    this.#intervalMs = intervalMs
    this.#firstMs = clock.monotonicMs() - random.next() * intervalMs
  }

  untilNextMs(): number {
    return this.#intervalMs - ((this.#clock.monotonicMs() - this.#firstMs) % this.#intervalMs)
  }
}
