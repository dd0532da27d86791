import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import { fencedStore } from '../store/fenced-store.js'
import type { Fence, LeaderJob, Peers } from '../store/peers.js'
import type { TenantStore } from '../store/store.js'
import { closeLeftOpen } from './subscription-list.js'

export interface DeadInstancesOptions {
  readonly peers: Pick<Peers, 'present'>
  readonly stores: () => readonly TenantStore[]
  /** Insights that instances keep open. */
  readonly types: readonly ('ZoneInsight' | 'DataplaneInsight')[]
  readonly clock: Clock
  readonly log: Logger
}

/** An instance whose session is gone for so long has died; for a shorter time it may be making a new one. */
const DEAD_AFTER_MS = 15_000
const LOOK_EVERY_MS = 5_000

/** The leader shows as offline whose instance died without a word, unless they have found another meanwhile. */
export class DeadInstances implements LeaderJob {
  readonly #options: DeadInstancesOptions
  readonly #missingSinceMs = new Map<string, number>()
  #cancel: Cancel = () => {}
  #term: Fence | undefined

  constructor(options: DeadInstancesOptions) {
    this.#options = options
  }

  async start(fence: Fence): Promise<void> {
    this.#term = fence
    this.#missingSinceMs.clear()
    await this.#look(fence)
  }

  async stop(): Promise<void> {
    this.#term = undefined
    this.#cancel()
  }

  async #look(fence: Fence): Promise<void> {
    const { peers, stores, types, clock, log } = this.#options
    try {
      const present = await peers.present()
      const livesStill = (instance: string) => (present.has(instance) ? this.#seen(instance) : !this.#isDead(instance))
      for (const store of stores()) {
        for (const type of types) await closeLeftOpen(fencedStore(store, fence), type, clock.nowMs(), livesStill)
      }
    } catch (thrown) {
      log.warn('what dead instances left open could not be looked for', { error: AppError.from(thrown) })
    }
    if (this.#term === fence) this.#cancel = clock.after(LOOK_EVERY_MS, () => void this.#look(fence))
  }

  #seen(instance: string): true {
    this.#missingSinceMs.delete(instance)
    return true
  }

  #isDead(instance: string): boolean {
    const nowMs = this.#options.clock.monotonicMs()
    const since = this.#missingSinceMs.get(instance) ?? nowMs
    this.#missingSinceMs.set(instance, since)
    return nowMs - since >= DEAD_AFTER_MS
  }
}
