import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'

export interface RefusalThrottleOptions {
  readonly clock: Clock
  /** Refusals that one address is told per second. After a quiet time twice as many are told at once. */
  readonly perSecond: number
}

/** Seconds' worth of refusals that are told at once, and that may wait; beyond, calls are turned away. */
const BURST_S = 2
const WAITING_S = 2
/** Calls of such an address that are still read at one time, so that a zone with a good token behind it gets in. */
const READ_MAX = 8
/** Addresses that are remembered; who is forgotten starts with a full allowance. */
const ADDRESSES_MAX = 10_000

interface Caller {
  /** What is left of the allowance; below zero, how many wait. */
  allowance: number
  atMs: number
  waiting: number
  reading: number
}

/**
 * Slows down whoever is refused again and again. Only refusals wait: a credential that holds is never kept out by what others
 * behind the same address try, and nobody else is slowed at all.
 */
export class RefusalThrottle {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  readonly #waitingMax: number
  readonly #callers = new Map<string, Caller>()

  constructor({ clock, perSecond }: RefusalThrottleOptions) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = perSecond * BURST_S
    this.#waitingMax = perSecond * WAITING_S
  }

  /** Runs what may refuse; a refusal is passed on when its turn comes. Throws `overloaded` when too many wait. */
  async around<T>(address: string, decide: () => Promise<T>): Promise<T> {
    const caller = this.#caller(address)
    if (caller.waiting >= this.#waitingMax && caller.reading >= READ_MAX) throw overloaded()
    caller.reading += 1
    try {
      return await decide().finally(() => {
        caller.reading -= 1
      })
    } catch (thrown) {
      await this.#turn(caller)
      throw thrown
    }
  }

  #caller(address: string): Caller {
    const known = this.#callers.get(address)
    const caller = known ?? { allowance: this.#burst, atMs: this.#clock.monotonicMs(), waiting: 0, reading: 0 }
    // The map is in order of use, so that the first is whom nobody has heard of for longest.
    this.#callers.delete(address)
    this.#callers.set(address, caller)
    if (this.#callers.size > ADDRESSES_MAX) this.#callers.delete(this.#callers.keys().next().value ?? '')
    return caller
  }

  async #turn(caller: Caller): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    const gained = ((nowMs - caller.atMs) * this.#perSecond) / 1000
    caller.allowance = Math.min(this.#burst, caller.allowance + gained)
    caller.atMs = nowMs
    if (caller.waiting >= this.#waitingMax) throw overloaded()
    caller.allowance -= 1
    if (caller.allowance >= 0) return
    const delayMs = (-caller.allowance * 1000) / this.#perSecond
    caller.waiting += 1
    await new Promise<void>((resolve) => this.#clock.after(delayMs, resolve))
    caller.waiting -= 1
  }
}

function overloaded(): AppError {
  return new AppError(
    'overloaded',
    'too many calls from this address were refused; check the token and try again later',
  )
}
