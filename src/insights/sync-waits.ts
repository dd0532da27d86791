import type { Clock } from '../base/clock.js'
import type { Laggard, SyncedAnswer } from './sync-report.js'

/** Those who wait until nobody is behind. Each leaves when that is so, at its timeout, or when it is told to. */
export class SyncWaits {
  readonly #clock: Clock
  readonly #checks = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#checks.size
  }

  /** To be called whenever a peer came, answered or went. */
  changed(): void {
    for (const check of this.#checks) check()
  }

  /** Resolves when `laggards` gives none; at the timeout, or when `signal` aborts, with those that it then gives. */
  until(laggards: () => readonly Laggard[], timeoutMs: number, signal?: AbortSignal): Promise<SyncedAnswer> {
    return new Promise((resolve) => {
      const finish = (behind: readonly Laggard[]) => {
        cancel()
        signal?.removeEventListener('abort', give)
        this.#checks.delete(check)
        resolve({ synced: behind.length === 0, laggards: behind })
      }
      const give = () => finish(laggards())
      const check = () => {
        const behind = laggards()
        if (behind.length === 0) finish(behind)
      }
      const cancel = this.#clock.after(timeoutMs, give)
      signal?.addEventListener('abort', give, { once: true })
      this.#checks.add(check)
      if (signal?.aborted) give()
      else check()
    })
  }
}
