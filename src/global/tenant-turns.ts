import type { Clock } from '../base/clock.js'
import type { TenantId } from '../model/tenant.js'

export interface TenantTurnsOptions {
  readonly clock: Clock
  /** Calls back when the sockets have had their turn. Default: `setImmediate`. */
  readonly afterSockets?: (callback: () => void) => void
}

/** Some ten sends. What comes meanwhile waits for so long at most, and a send more. */
const SLICE_MS = 1

/**
 * Shares the event loop between tenants: each in turn sends for a slice of time, and between two slices what has come in
 * is read. While there is time and nobody waits, work runs at once. What waits is a stream that has something to send,
 * not what it would send: that is taken from its view when its turn comes, with all that has changed until then.
 */
export class TenantTurns {
  readonly #clock: Clock
  readonly #afterSockets: (callback: () => void) => void
  /** Never an empty set; in the order of the tenants' turns. */
  readonly #waiting = new Map<TenantId, Set<() => void>>()
  #sliceEndMs: number | undefined

  constructor({ clock, afterSockets = setImmediate }: TenantTurnsOptions) {
    this.#clock = clock
    this.#afterSockets = afterSockets
  }

  /** Runs `work` now or later, once for however often it is asked for meanwhile. It must not throw. */
  ask(tenant: TenantId, work: () => void): void {
    if (this.#waiting.size === 0 && this.#hasTime()) {
      work()
      return
    }
    const works = this.#waiting.get(tenant) ?? new Set()
    this.#waiting.set(tenant, works.add(work))
  }

  /** Begins a slice if none is under way. */
  #hasTime(): boolean {
    const nowMs = this.#clock.monotonicMs()
    if (this.#sliceEndMs === undefined) {
      this.#sliceEndMs = nowMs + SLICE_MS
      this.#afterSockets(() => this.#next())
    }
    return nowMs < this.#sliceEndMs
  }

  #next(): void {
    this.#sliceEndMs = undefined
    // Who has more to do than there is time for goes to the end. Who has had no time keeps its turn.
    for (const [tenant, works] of this.#waiting) {
      if (!this.#hasTime()) return
      for (const work of works) {
        if (!this.#hasTime()) break
        works.delete(work)
        work()
      }
      this.#waiting.delete(tenant)
      if (works.size === 0) continue
      this.#waiting.set(tenant, works)
      return
    }
  }
}
