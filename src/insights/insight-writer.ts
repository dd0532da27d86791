import { unreachable } from '../base/assert.js'
import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import { canonicalJson, type JsonObject } from '../model/json.js'
import { type Resource, type ResourceKey, specOf } from '../model/resource.js'
import type { TenantStore, WriteOutcome } from '../store/store.js'

export interface InsightWriterOptions {
  readonly store: TenantStore
  readonly key: ResourceKey
  readonly owner: ResourceKey | undefined
  readonly clock: Clock
  readonly log: Logger
  /** How long a write may wait that nothing urgent asks for (Kuma's flush interval: 10 s). */
  readonly untilDueMs: () => number
  /** The stored insight, brought up to date. Pure; called again when someone else wrote in between. */
  readonly update: (stored: JsonObject) => JsonObject
  /** Labels of a newly made insight; those of a stored one are kept. */
  readonly labels?: Readonly<Record<string, string>>
}

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'waiting'; readonly cancel: Cancel }
  /** `again`: something changed while the write was under way. */
  | { readonly kind: 'writing'; readonly again: 'no' | 'later' | 'now' }
  | { readonly kind: 'stopped' }

/** Another writer of one insight is rare (an admin deletes a zone); three fresh reads settle it. */
const CONFLICT_ROUNDS_MAX = 3

/**
 * Writes one insight: at once when something urgent happened (connect, close), else when it is due, and never when
 * nothing changed. Counters live in memory in between, so a busy stream costs one write an interval.
 */
export class InsightWriter {
  readonly #options: InsightWriterOptions
  #state: State = { kind: 'idle' }
  #settled: Promise<void> = Promise.resolve()
  /** As it was last written: what is there still, unless somebody else wrote. */
  #known: Resource | undefined

  constructor(options: InsightWriterOptions) {
    this.#options = options
  }

  /** Something changed; it may wait for the interval. */
  changed(): void {
    switch (this.#state.kind) {
      case 'idle': {
        const cancel = this.#options.clock.after(this.#options.untilDueMs(), () => this.#write())
        this.#state = { kind: 'waiting', cancel }
        return
      }
      case 'waiting':
      case 'stopped':
        return
      case 'writing':
        if (this.#state.again === 'no') this.#state = { kind: 'writing', again: 'later' }
        return
      default:
        unreachable(this.#state)
    }
  }

  /** Something that others should see now. Resolves when it is stored, or could not be. */
  async flush(): Promise<void> {
    if (this.#state.kind === 'writing') this.#state = { kind: 'writing', again: 'now' }
    else if (this.#state.kind !== 'stopped') {
      if (this.#state.kind === 'waiting') this.#state.cancel()
      this.#write()
    }
    await this.#settled
  }

  /** No further write begins; what was not written is lost, so flush what matters first. */
  stop(): void {
    if (this.#state.kind === 'waiting') this.#state.cancel()
    this.#state = { kind: 'stopped' }
  }

  /** Writes what is pending, then stops. */
  async finish(): Promise<void> {
    const pending = this.#state.kind === 'waiting' || (this.#state.kind === 'writing' && this.#state.again !== 'no')
    if (pending) await this.flush()
    await this.#settled
    this.stop()
  }

  #write(): void {
    this.#state = { kind: 'writing', again: 'no' }
    this.#settled = this.#store().then(() => this.#written())
  }

  #written(): Promise<void> | undefined {
    if (this.#state.kind !== 'writing') return undefined
    const { again } = this.#state
    this.#state = { kind: 'idle' }
    if (again === 'later') this.changed()
    if (again !== 'now') return undefined
    this.#write()
    return this.#settled
  }

  async #store(): Promise<void> {
    const { store, key, owner, update, log } = this.#options
    try {
      for (let round = 0; round < CONFLICT_ROUNDS_MAX; round += 1) {
        const stored = this.#known ?? (await store.get(key))
        if (this.#state.kind === 'stopped') return
        // An insight does not outlive what it is about: a deleted zone is not brought back by a late counter.
        if (!this.#known && owner && !(await store.get(owner))) return
        const spec = canonicalJson(update(stored ? specOf(stored) : {}))
        const labels = stored?.labels ?? this.#options.labels ?? {}
        const resource = { ...key, labels, spec, status: undefined, owner, syncedVersion: undefined }
        const expect = stored ? { version: stored.version } : 'absent'
        const { outcomes } = await store.commit([{ kind: 'put', resource, expect }])
        this.#known = writtenBy(outcomes[0])
        if (this.#known) return
      }
      log.warn('insight kept changing while it was written', { type: key.type, name: key.name })
    } catch (thrown) {
      log.error('insight could not be written', { type: key.type, name: key.name, error: AppError.from(thrown) })
    }
  }
}

/** Undefined when it was another's word that counted, or the insight has gone. */
function writtenBy(outcome: WriteOutcome | undefined): Resource | undefined {
  switch (outcome?.kind) {
    case 'created':
    case 'updated':
    case 'unchanged':
      return outcome.resource
    default:
      return undefined
  }
}
