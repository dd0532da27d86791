import { invariant } from '../base/assert.js'
import { type Metrics, noMetrics } from '../base/metrics.js'
import type { Batch, Next, Since, Source, Subscription } from '../protocol/ports.js'
import type { Commit, TenantStore } from '../store/store.js'
import { encodeDeltaResponse } from '../wire/delta-codec.js'
import { Placement } from './placement.js'
import type { Recipe } from './recipe.js'
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
}

/** A cursor over a view: the revision its reader got to, per type. Of another view it means nothing. */
interface ViewCursor {
  readonly view: View
  readonly revision: number
}

/**
 * What one class of recipients of one tenant is sent, in memory: filtered, mapped and encoded once, kept current by
 * the store's change feed. After its first complete read it never reads the store again. Streams keep a cursor each
 * and no names; a batch is made once for all streams that stand at the same cursor.
 */
export class View {
  readonly #recipe: Recipe
  readonly #options: ViewOptions
  readonly #types = new Map<string, TypeView>()
  readonly #placement: Placement
  /** Types that we do not have and were asked for too early: they too are owed an answer. At most what streams may ask for. */
  readonly #strangers = new Set<string>()
  readonly #listeners = new Set<(types: readonly string[]) => void>()
  readonly #metrics: Metrics
  #nonce = 0
  #state: 'new' | 'reading' | 'complete' | 'stopped' = 'new'
  #closed: boolean
  #early: Commit[] = []
  #unwatch: () => void = () => {}

  constructor(options: ViewOptions) {
    this.#options = options
    this.#recipe = options.recipe
    this.#closed = options.closed ?? false
    this.#metrics = options.metrics ?? noMetrics
    for (const type of options.recipe.types) this.#types.set(type, new TypeView())
    this.#placement = new Placement(options.recipe, this.#types, this.#metrics)
  }

  /** The first complete read. Commits that arrive meanwhile wait; nothing is sent before it is done. */
  async start(): Promise<void> {
    invariant(this.#state === 'new', 'a view is started once')
    this.#state = 'reading'
    this.#unwatch = this.#options.store.watch((commit) => this.#onCommit(commit))
    const listing = await this.#options.store.listAll([...this.#recipe.types, 'Zone'])
    if (this.#isStopped()) return
    this.#placement.fill(listing)
    this.#state = 'complete'
    for (const commit of this.#early) if (commit.revision > listing.head.revision) this.#apply(commit)
    this.#early = []
    this.#announceAll()
  }

  stop(): void {
    this.#state = 'stopped'
    this.#unwatch()
    this.#listeners.clear()
  }

  /** Ends the hold of the `closed` option. */
  open(): void {
    if (!this.#closed) return
    this.#closed = false
    this.#announceAll()
  }

  get isOpen(): boolean {
    return !this.#closed
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
    return this.#types.get(type)?.head ?? 0
  }

  /** How many resources of a type `zone` is to have. */
  size(type: string, zone: string | undefined): number {
    let size = 0
    for (const _entry of this.#types.get(type)?.entriesFor(zone) ?? []) size += 1
    return size
  }

  /** Resources that cannot be sent to this class, by key, with why. */
  get unsendable(): ReadonlyMap<string, string> {
    return this.#placement.unsendable
  }

  /** Where a cursor of this view stands; undefined for a cursor of another view. */
  revisionAt(cursor: object | undefined): number | undefined {
    const own = cursor as ViewCursor | undefined
    return own?.view === this ? own.revision : undefined
  }

  #isStopped(): boolean {
    return this.#state === 'stopped'
  }

  #next(type: string, since: Since, zone: string | undefined): Next {
    const view = this.#types.get(type)
    if (this.#state !== 'complete' || this.#closed) {
      if (!view) this.#strangers.add(type)
      return { kind: 'not-ready' }
    }
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
    if (view.isSharedWith(zone, revision)) {
      const difference = view.since(revision, undefined)
      if (!difference) return { kind: 'start-over' }
      return this.#limited(
        view.shared(revision, () => this.#batch(type, difference)),
        type,
      )
    }
    const difference = view.since(revision, zone)
    if (!difference) return { kind: 'start-over' }
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
      controlPlane: this.#recipe.identifier,
    })
    this.#metrics.counter('zonelab_view_batches_total').add(1, { resource_type: type })
    const entries = difference.entries.map(({ name, version }) => ({ name, version }))
    return {
      cursor: this.#cursor(difference.revision),
      response: { type, nonce, bytes },
      entries,
      removed: difference.removed,
    }
  }

  #cursor(revision: number): ViewCursor {
    return { view: this, revision }
  }

  #onCommit(commit: Commit): void {
    if (this.#state === 'reading') this.#early.push(commit)
    else if (this.#state === 'complete') this.#apply(commit)
  }

  #apply(commit: Commit): void {
    const changed = this.#placement.apply(commit)
    if (changed.size > 0 && !this.#closed) this.#announce([...changed])
  }

  #announceAll(): void {
    if (this.#closed || this.#state !== 'complete') return
    this.#announce([...this.#types.keys(), ...this.#strangers])
    this.#strangers.clear()
  }

  #announce(types: readonly string[]): void {
    for (const listener of this.#listeners) listener(types)
  }
}
