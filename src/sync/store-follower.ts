import { type BackoffPolicy, backoffDelayMs } from '../base/backoff.js'
import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Random } from '../base/random.js'
import type { ResourceType } from '../model/registry.js'
import type { Commit, Listing, TenantStore } from '../store/store.js'

export interface StoreFollowerOptions {
  readonly store: Pick<TenantStore, 'listAll' | 'watch'>
  readonly types: readonly ResourceType[]
  /** All that there is: at the start, and once more in each new epoch, when what was read before is void. */
  readonly onRead: (listing: Listing) => void
  /** Every commit after the last read, in order. */
  readonly onCommit: (commit: Commit) => void
  /** The epoch is over (the tenant was deleted or restored): nothing known holds until `onRead` is called again. */
  readonly onVoid: () => void
  /** Reading anew has failed, and is tried again after a while. The first read rejects `start` instead. */
  readonly onFailed: (error: AppError) => void
  readonly clock: Clock
  readonly random: Random
}

/** A store that was away is found soon, and not asked by all of its readers at once. */
const RETRY: BackoffPolicy = { baseMs: 200, capMs: 5_000, jitter: 0.5 }

type State =
  | { readonly kind: 'reading'; readonly early: Commit[] }
  | { readonly kind: 'following'; readonly epoch: string; readonly isEmpty: boolean }
  | { readonly kind: 'stopped' }

/** Keeps something in memory true to a store: one complete read, then the change feed, and again from the top in a new epoch. */
export class StoreFollower {
  readonly #options: StoreFollowerOptions
  #state: State = { kind: 'stopped' }
  #unwatch: () => void = () => {}
  #cancelRetry: Cancel = () => {}

  constructor(options: StoreFollowerOptions) {
    this.#options = options
  }

  /** Resolves when `onRead` has been called, or `stop` came first. Rejects as `listAll` does, and is stopped then. */
  async start(): Promise<void> {
    this.#unwatch = this.#options.store.watch((commit) => this.#heard(commit))
    try {
      await this.#read()
    } catch (thrown) {
      this.stop()
      throw thrown
    }
  }

  stop(): void {
    this.#state = { kind: 'stopped' }
    this.#unwatch()
    this.#cancelRetry()
  }

  /** Commits that arrive while it reads wait; watchers hear of a commit before any read that shows it resolves. */
  async #read(): Promise<void> {
    const reading: State = { kind: 'reading', early: [] }
    this.#state = reading
    const listing = await this.#options.store.listAll(this.#options.types)
    if (this.#state !== reading) return
    const { epoch, revision } = listing.head
    const newest = reading.early.at(-1)
    // The read is of an epoch that ended while it was under way.
    if (newest && newest.epoch !== epoch) return this.#read()
    this.#state = { kind: 'following', epoch, isEmpty: revision === 0 }
    this.#options.onRead(listing)
    for (const commit of reading.early) {
      if (commit.epoch === epoch && commit.revision > revision) this.#options.onCommit(commit)
    }
  }

  #heard(commit: Commit): void {
    if (this.#state.kind === 'reading') this.#state.early.push(commit)
    if (this.#state.kind !== 'following') return
    const { epoch, isEmpty } = this.#state
    if (commit.epoch === epoch || (isEmpty && isFirst(commit))) {
      this.#state = { kind: 'following', epoch: commit.epoch, isEmpty: false }
      this.#options.onCommit(commit)
      return
    }
    this.#options.onVoid()
    this.#readAnew(0)
  }

  #readAnew(attempt: number): void {
    const { clock, random, onFailed } = this.#options
    this.#read().catch((thrown: unknown) => {
      if (this.#state.kind === 'stopped') return
      onFailed(AppError.from(thrown))
      this.#cancelRetry = clock.after(backoffDelayMs(RETRY, attempt, random), () => this.#readAnew(attempt + 1))
    })
  }
}

/** What is known of a tenant without a commit is nothing, of whatever epoch: the first one continues it. One without changes voids. */
function isFirst({ revision, changes }: Commit): boolean {
  return revision === 1 && changes.length > 0
}
