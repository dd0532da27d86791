import { AppError } from '../base/errors.js'
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
  /** Reading anew has failed: nothing more is called. The first read rejects `start` instead. */
  readonly onFailed: (error: AppError) => void
}

type State =
  | { readonly kind: 'reading'; readonly early: Commit[] }
  | { readonly kind: 'following'; readonly epoch: string }
  | { readonly kind: 'stopped' }

/** Keeps something in memory true to a store: one complete read, then the change feed, and again from the top in a new epoch. */
export class StoreFollower {
  readonly #options: StoreFollowerOptions
  #state: State = { kind: 'stopped' }
  #unwatch: () => void = () => {}

  constructor(options: StoreFollowerOptions) {
    this.#options = options
  }

  /** Resolves when `onRead` has been called, or `stop` came first. Rejects as `listAll` does. */
  async start(): Promise<void> {
    this.#unwatch = this.#options.store.watch((commit) => this.#heard(commit))
    await this.#read()
  }

  stop(): void {
    this.#state = { kind: 'stopped' }
    this.#unwatch()
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
    this.#state = { kind: 'following', epoch }
    this.#options.onRead(listing)
    for (const commit of reading.early) {
      if (commit.epoch === epoch && commit.revision > revision) this.#options.onCommit(commit)
    }
  }

  #heard(commit: Commit): void {
    if (this.#state.kind === 'reading') this.#state.early.push(commit)
    if (this.#state.kind !== 'following') return
    if (this.#state.epoch === commit.epoch) {
      this.#options.onCommit(commit)
      return
    }
    this.#options.onVoid()
    this.#read().catch((thrown: unknown) => {
      this.stop()
      this.#options.onFailed(AppError.from(thrown))
    })
  }
}
