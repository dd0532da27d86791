import { invariant } from '../base/assert.js'
import type { Clock } from '../base/clock.js'
import type { Hops } from '../base/hops.js'
import { type Metrics, noMetrics } from '../base/metrics.js'
import type { Random } from '../base/random.js'
import type { ResourceType } from '../model/registry.js'
import type { Batch, Next, Since, Source, Subscription } from '../protocol/ports.js'
import type { Commit, Listing, TenantStore } from '../store/store.js'
import { encodeDeltaResponse } from '../wire/delta-codec.js'
import { Placement } from './placement.js'
import type { Recipe } from './recipe.js'
import { StoreFollower } from './store-follower.js'
import { type Difference, TypeView } from './type-view.js'

export interface ViewOptions {
  readonly store: Pick<TenantStore, 'listAll' | 'watch'>
  readonly recipe: Recipe
  /** Makes nonces of this view differ from those of any other in the process's life. */
  readonly id: string
  /** A batch over this is withheld and named (Kuma's message limit: 10 MiB). */
  readonly messageBytesMax: number
  /** Hold back everything until `open` is called (a zone whose store does not remember; kds.md trap 13). */
  readonly closed?: boolean
  readonly metrics?: Metrics
  /** Where it is told that a change was encoded; of a view that goes up it is told nowhere. */
  readonly hops?: { readonly hops: Hops; readonly tenant: string }
  readonly clock: Clock
  readonly random: Random
}

/** One complete read and what came after it. */
interface Contents {
  readonly types: ReadonlyMap<string, TypeView>
  readonly placement: Placement
}

/** A cursor over a view: the revision its reader got to, per type. Of another view or epoch it means nothing. */
interface ViewCursor {
  readonly contents: Contents
  readonly revision: number
}

/** `lost`: the store could not be read, and no stream may go on from here. */
type State =
  | { readonly kind: 'reading' }
  | { readonly kind: 'complete'; readonly contents: Contents }
  | { readonly kind: 'lost' }

/**
 * What one class of recipients of one tenant is sent, in memory: filtered, mapped and encoded once, kept current by
 * the store's change feed. After its first complete read it never reads the store again. Streams keep a cursor each
 * and no names; a batch is made once for all streams that stand at the same cursor.
 */
export class View {
  readonly #options: ViewOptions
  readonly #follower: StoreFollower
  /** Types that we do not have and were asked for too early: they too are owed an answer. At most what streams may ask for. */
  readonly #strangers = new Set<string>()
  readonly #listeners = new Set<(types: readonly string[]) => void>()
  /** Changed by commits that became durable together; told once, before any of them is answered. */
  readonly #unannounced = new Set<string>()
  readonly #metrics: Metrics
  #nonce = 0
  #state: State = { kind: 'reading' }
  #closed: boolean

  constructor(options: ViewOptions) {
    this.#options = options
    this.#closed = options.closed ?? false
    this.#metrics = options.metrics ?? noMetrics
    this.#follower = new StoreFollower({
      store: options.store,
      types: [...new Set<ResourceType>([...options.recipe.types, 'Zone'])],
      onRead: (listing) => this.#fill(listing),
      onCommit: (commit) => this.#apply(commit),
      onVoid: () => {
        this.#state = { kind: 'reading' }
      },
      // Streams keep what they have until it is read.
      onFailed: () => {},
      clock: options.clock,
      random: options.random,
    })
  }

  /** The first complete read; nothing is sent before it is done. Rejects when the store cannot be read: streams then start over. */
  async start(): Promise<void> {
    try {
      await this.#follower.start()
    } catch (thrown) {
      this.#lose()
      throw thrown
    }
  }

  stop(): void {
    this.#follower.stop()
    this.#listeners.clear()
  }

  /** Ends the hold of the `closed` option. */
  open(): void {
    if (!this.#closed) return
    this.#closed = false
    this.#announceAll()
  }

  /** A view that could not be read serves nobody: who needs one makes another. */
  get isLost(): boolean {
    return this.#state.kind === 'lost'
  }

  /** A light source for one stream; `zone` is left what it owns out of its batches. */
  sourceFor(zone: string | undefined): Source {
    return {
      next: (type, _subscription: Subscription, since) => this.#next(type, since, zone),
      onChange: (listener) => {
        this.#listeners.add(listener)
        return () => this.#listeners.delete(listener)
      },
    }
  }

  /** The last revision that changed what this class is sent of a type; 0 for types that it does not have. */
  head(type: string): number {
    return this.#contents?.types.get(type)?.head ?? 0
  }

  /** Resources that cannot be sent to this class, by key, with why. */
  get unsendable(): ReadonlyMap<string, string> {
    return this.#contents?.placement.unsendable ?? new Map()
  }

  /** Where a cursor of this view stands; undefined for a cursor of another view or epoch. */
  revisionAt(cursor: object | undefined): number | undefined {
    const own = cursor as ViewCursor | undefined
    return own !== undefined && own.contents === this.#contents ? own.revision : undefined
  }

  get #contents(): Contents | undefined {
    return this.#state.kind === 'complete' ? this.#state.contents : undefined
  }

  #next(type: string, since: Since, zone: string | undefined): Next {
    if (this.#state.kind === 'lost') return { kind: 'start-over' }
    if (this.#state.kind === 'reading' || this.#closed) {
      if (!this.#options.recipe.types.some((known) => known === type)) this.#strangers.add(type)
      return { kind: 'not-ready' }
    }
    const view = this.#state.contents.types.get(type)
    if (!view) return this.#nextOfUnknownType(type, since)
    if (since.kind === 'nothing') return this.#everything(type, view, zone)
    if (since.kind === 'versions') return this.#batchOrWithheld(type, view.against(since.versions, zone))
    const revision = this.revisionAt(since.cursor)
    if (revision === undefined) return { kind: 'start-over' }
    if (revision >= view.head) return { kind: 'nothing', cursor: since.cursor }
    return this.#increment(type, view, revision, zone)
  }

  #everything(type: string, view: TypeView, zone: string | undefined): Next {
    if (!view.isSharedWith(zone, 'everything')) return this.#batchOrWithheld(type, view.everything(zone))
    const batch = view.shared('everything', () => this.#batch(type, view.everything(undefined)))
    return this.#limited(batch, type)
  }

  #increment(type: string, view: TypeView, revision: number, zone: string | undefined): Next {
    if (!view.reaches(revision)) return { kind: 'start-over' }
    if (view.isSharedWith(zone, revision)) {
      const batch = view.shared(revision, () => this.#batch(type, view.since(revision, undefined)))
      return this.#limited(batch, type)
    }
    const difference = view.since(revision, zone)
    if (difference.entries.length + difference.removed.length === 0) {
      return { kind: 'nothing', cursor: this.#cursor(difference.revision) }
    }
    return this.#batchOrWithheld(type, difference)
  }

  /** A type that we do not have gets one empty answer and then nothing (kds.md §2.4). */
  #nextOfUnknownType(type: string, since: Since): Next {
    if (since.kind === 'cursor') return { kind: 'nothing', cursor: since.cursor }
    return { kind: 'batch', batch: this.#batch(type, { entries: [], removed: [], revision: 0 }) }
  }

  #batchOrWithheld(type: string, difference: Difference): Next {
    return this.#limited(this.#batch(type, difference), type)
  }

  #limited(batch: Batch, type: string): Next {
    const bytes = batch.response.bytes.length
    if (bytes <= this.#options.messageBytesMax) return { kind: 'batch', batch }
    const reason = `${batch.entries.length} ${type} resources take ${bytes} bytes, over the message limit of ${this.#options.messageBytesMax}; delete some or raise the limit on both sides`
    return { kind: 'withheld', reason }
  }

  #batch(type: string, difference: Difference): Batch {
    this.#nonce += 1
    const nonce = `${this.#options.id}-${this.#nonce}`
    const bytes = encodeDeltaResponse({
      type,
      nonce,
      resources: difference.entries.map((entry) => entry.bytes),
      removed: difference.removed,
      controlPlane: this.#options.recipe.identifier,
    })
    this.#metrics.counter('zonelab_view_batches_total', { resource_type: type }).add(1)
    const entries = difference.entries.map(({ name, version }) => ({ name, version }))
    return {
      cursor: this.#cursor(difference.revision),
      response: { type, nonce, bytes },
      entries,
      removed: difference.removed,
    }
  }

  #cursor(revision: number): ViewCursor {
    invariant(this.#contents !== undefined, 'only a complete view gives batches')
    return { contents: this.#contents, revision }
  }

  #fill(listing: Listing): void {
    const { recipe, hops, clock } = this.#options
    const types = new Map(recipe.types.map((type) => [type, new TypeView()]))
    const placement = new Placement(recipe, types, this.#metrics, hops && { ...hops, clock })
    placement.fill(listing)
    this.#state = { kind: 'complete', contents: { types, placement } }
    this.#announceAll()
  }

  #apply(commit: Commit): void {
    const changed = this.#contents?.placement.apply(commit)
    if (!changed || changed.size === 0 || this.#closed) return
    if (this.#unannounced.size === 0) queueMicrotask(() => this.#announceChanges())
    for (const type of changed) this.#unannounced.add(type)
  }

  #announceChanges(): void {
    const types = [...this.#unannounced]
    this.#unannounced.clear()
    if (!this.#closed) this.#announce(types)
  }

  #lose(): void {
    this.#state = { kind: 'lost' }
    this.#announceAll()
  }

  #announceAll(): void {
    if (this.#closed || this.#state.kind === 'reading') return
    this.#announce([...this.#options.recipe.types, ...this.#strangers])
    this.#strangers.clear()
  }

  #announce(types: readonly string[]): void {
    for (const listener of this.#listeners) listener(types)
  }
}
