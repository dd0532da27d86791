import { type BackoffPolicy, backoffDelayMs } from '../base/backoff.js'
import { type Clock, sleep } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { Random } from '../base/random.js'
import { parseWireName, wireName } from '../model/naming.js'
import { descriptorOf, isResourceType, type ResourceType } from '../model/registry.js'
import { keyText, type Resource, type ResourceDraft, type ResourceKey } from '../model/resource.js'
import type { DeltaResource } from '../protocol/messages.js'
import type { Outcome, ReceivedBatch, Refusal, Sink } from '../protocol/ports.js'
import type { Commit, TenantStore, Write, WriteOutcome } from '../store/store.js'
import { type Incoming, readIncoming } from './incoming.js'
import type { ReceiverRules } from './receiver-rules.js'

export interface StoreSinkOptions {
  readonly store: TenantStore
  readonly rules: ReceiverRules
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Told what of a batch is in the store now: what came by name and version, what went by name alone. */
  readonly onApplied?: (type: ResourceType, names: readonly Applied[]) => void
}

export interface Applied {
  readonly name: string
  /** The sender's content version; undefined for a removal. */
  readonly version: string | undefined
}

/** A write may race with the API's or a generator's; three rounds on fresh reads, as Kuma (`pkg/kds/store/sync.go`). */
const CONFLICT_ROUNDS_MAX = 3

/** A store that is away is asked again at these distances. */
const AWAY: BackoffPolicy = { baseMs: 200, capMs: 5_000, jitter: 0.5 }

/** Bodies refused because a local resource has their name; more than this and the oldest is dropped (a reconnect brings it again). */
const BLOCKED_MAX = 1_000

/**
 * Applies received batches to a tenant's store: one transaction a batch, the valid part even when some is refused.
 * A copy refused because a local resource has its name is kept and tried again when that is deleted, since the
 * sender will not offer it again. One piece of work at a time, so that no older copy overtakes a newer one. A store that is
 * away keeps the sender waiting for its answer, and its stream open.
 */
export class StoreSink implements Sink<Uint8Array> {
  readonly #options: StoreSinkOptions
  readonly #blocked = new Map<string, Incoming>()
  readonly #unwatch: () => void
  readonly #stopped = new AbortController()
  #work: Promise<unknown> = Promise.resolve()

  constructor(options: StoreSinkOptions) {
    this.#options = options
    this.#unwatch = options.store.watch((commit) => this.#retryFreed(commit))
  }

  /** What is being applied is finished; nothing is retried any more. */
  stop(): void {
    this.#unwatch()
    this.#stopped.abort()
    this.#blocked.clear()
  }

  async apply(batch: ReceivedBatch<Uint8Array>): Promise<Outcome> {
    const { type } = batch
    // A newer peer's type: taken and ignored, never deleted, never an error (invariant I20).
    if (!isResourceType(type)) return { kind: 'applied' }
    return this.#inTurn(async () => {
      try {
        return await this.#applyOnceThere(this.#read(type, batch))
      } catch (thrown) {
        return { kind: 'failed', detail: `could not store ${type}: ${AppError.from(thrown).message}` }
      }
    })
  }

  /**
   * What is held of a type, as the sender named it: what a subscriber says it has when it connects again. Empty, which
   * asks for the whole truth, when something in scope is of no version that the sender could know.
   */
  async versions(type: ResourceType): Promise<ReadonlyMap<string, string>> {
    const { resources } = await this.#options.store.list(type)
    const versions = new Map<string, string>()
    for (const resource of resources) {
      if (!this.#options.rules.inScope(resource)) continue
      if (resource.syncedVersion === undefined) return new Map()
      versions.set(wireName(resource.mesh, resource.name), resource.syncedVersion)
    }
    return versions
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work)
    this.#work = done.catch(() => {})
    return done
  }

  /** Decodes, validates and attributes. Of two copies under one name the last one counts. */
  #read(type: ResourceType, { wholeTruth, resources, removed }: ReceivedBatch<Uint8Array>): Reading {
    const accepted = new Map<string, Incoming>()
    const refusals: Refusal[] = []
    for (const received of resources) {
      try {
        const incoming = this.#options.rules.accept(readIncoming(type, received))
        if (incoming) accepted.set(keyText(incoming), incoming)
      } catch (thrown) {
        refusals.push(this.#refusal(type, received, thrown))
      }
    }
    return { type, wholeTruth, accepted, refusals, removed: removed.map((name) => keyOfWire(type, name)) }
  }

  #refusal(type: ResourceType, { name, version }: DeltaResource<Uint8Array>, thrown: unknown): Refusal {
    const reason = `${type} "${name}": ${AppError.from(thrown).message}`
    this.#options.log.warn('received resource refused', { type, name, reason })
    return { name, version, reason }
  }

  async #applyOnceThere(reading: Reading): Promise<Outcome> {
    const { clock, random, log } = this.#options
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#apply(reading)
      } catch (thrown) {
        const error = AppError.from(thrown)
        if (error.code !== 'unavailable' || this.#stopped.signal.aborted) throw error
        log.warn('what was received waits for the store', { type: reading.type, error })
        await sleep(clock, backoffDelayMs(AWAY, attempt, random), this.#stopped.signal).catch(() => {})
      }
    }
  }

  async #apply(reading: Reading): Promise<Outcome> {
    const { type, accepted, removed } = reading
    const { store, rules, onApplied } = this.#options
    if (rules.owner && !(await store.get(rules.owner)))
      return { kind: 'failed', detail: `${rules.owner.type} ${rules.owner.name} is not there any more` }
    const blocked = await this.#commit(reading)
    if (!blocked) return { kind: 'failed', detail: `${type} kept changing while it was synced` }
    this.#keepBlocked(reading, blocked)
    const stored = [...accepted.values()].filter((incoming) => !blocked.includes(incoming))
    onApplied?.(type, [
      ...stored.map((incoming) => ({ name: wire(incoming), version: incoming.version })),
      ...removed.map((key) => ({ name: wire(key), version: undefined })),
    ])
    const refusals = [...reading.refusals, ...blocked.map(blockedRefusal)]
    return refusals.length === 0 ? { kind: 'applied' } : { kind: 'refused', refusals }
  }

  /** Returns what a local resource blocks; undefined when others would not let go. */
  async #commit(reading: Reading): Promise<readonly Incoming[] | undefined> {
    for (let round = 0; round < CONFLICT_ROUNDS_MAX; round += 1) {
      const { writes, blocked } = this.#plan(reading, await this.#stored(reading))
      const { outcomes } = await this.#options.store.commit(writes)
      if (outcomes.every((outcome, i) => hasTakenEffect(writes[i], outcome))) return blocked
    }
    return undefined
  }

  async #stored({ type, wholeTruth, accepted, removed }: Reading): Promise<ReadonlyMap<string, Resource>> {
    const { store } = this.#options
    const found = wholeTruth
      ? (await store.list(type)).resources
      : await Promise.all([...accepted.values(), ...removed].map((key) => store.get(key)))
    return new Map(found.filter((resource) => resource !== undefined).map((resource) => [keyText(resource), resource]))
  }

  #plan({ type, wholeTruth, accepted, refusals, removed }: Reading, stored: ReadonlyMap<string, Resource>): Plan {
    const { rules } = this.#options
    const writes: Write[] = []
    const blocked: Incoming[] = []
    for (const incoming of accepted.values()) {
      const before = stored.get(keyText(incoming))
      if (before && !rules.inScope(before)) blocked.push(incoming)
      else {
        const expect = before ? { version: before.version } : 'absent'
        writes.push({ kind: 'put', resource: this.#draft(incoming, before), expect })
      }
    }
    // What was refused keeps the copy that is there, and what is both sent and removed is an update (trap 35).
    const kept = new Set([...accepted.keys(), ...refusals.map(({ name }) => keyText(keyOfWire(type, name)))])
    const gone = wholeTruth ? [...stored.values()] : removed.map((key) => stored.get(keyText(key)))
    for (const resource of gone) {
      if (!resource || kept.has(keyText(resource)) || !rules.inScope(resource)) continue
      writes.push({ kind: 'delete', key: resource, expect: { version: resource.version } })
    }
    return { writes, blocked }
  }

  #draft(incoming: Incoming, before: Resource | undefined): ResourceDraft {
    const { type, mesh, name, labels, spec } = incoming
    const { keepsOwnStatus, owner } = this.#options.rules
    const status = keepsOwnStatus ? before?.status : incoming.status
    return { type, mesh, name, labels, spec, status, owner, syncedVersion: incoming.version }
  }

  /** A blocked copy waits only as long as the sender has it, and the newest one waits. */
  #keepBlocked({ type, wholeTruth, accepted, removed }: Reading, blocked: readonly Incoming[]): void {
    for (const key of accepted.keys()) this.#blocked.delete(key)
    for (const key of removed) this.#blocked.delete(keyText(key))
    if (wholeTruth) for (const [key, waiting] of this.#blocked) if (waiting.type === type) this.#blocked.delete(key)
    for (const incoming of blocked) {
      if (this.#blocked.size >= BLOCKED_MAX) this.#blocked.delete(this.#blocked.keys().next().value as string)
      this.#blocked.set(keyText(incoming), incoming)
    }
  }

  #retryFreed({ changes }: Commit): void {
    for (const { key, after } of changes) {
      if (after !== undefined || !this.#blocked.has(keyText(key))) continue
      void this.#inTurn(() => this.#retry(keyText(key)))
    }
  }

  async #retry(key: string): Promise<void> {
    const incoming = this.#blocked.get(key)
    if (!incoming) return
    const { type, name } = incoming
    try {
      const accepted = new Map([[key, incoming]])
      await this.#apply({ type, wholeTruth: false, accepted, refusals: [], removed: [] })
    } catch (thrown) {
      this.#options.log.error('a kept resource could not be stored', { type, name, error: AppError.from(thrown) })
    }
  }
}

/** A batch, understood. */
interface Reading {
  readonly type: ResourceType
  readonly wholeTruth: boolean
  readonly accepted: ReadonlyMap<string, Incoming>
  readonly refusals: readonly Refusal[]
  readonly removed: readonly ResourceKey[]
}

interface Plan {
  readonly writes: readonly Write[]
  readonly blocked: readonly Incoming[]
}

/** Someone else's delete is as good as ours, but what we meant to update and is gone must be made again. */
function hasTakenEffect(write: Write | undefined, { kind }: WriteOutcome): boolean {
  return kind !== 'conflict' && (kind !== 'absent' || write?.kind === 'delete')
}

/** Kuma tells this kind of refusal by its first words, and does not alarm on it (trap 30). */
function blockedRefusal(incoming: Incoming): Refusal {
  const { type, name, version } = incoming
  const reason = `user error: ${type} "${name}" is there already and is not the sender's; delete or rename it`
  return { name: wire(incoming), version, reason }
}

function wire({ mesh, name }: Pick<ResourceKey, 'mesh' | 'name'>): string {
  return wireName(mesh, name)
}

function keyOfWire(type: ResourceType, text: string): ResourceKey {
  const { name, mesh } = parseWireName(text)
  return { type, name, mesh: descriptorOf(type).scope === 'mesh' ? mesh : undefined }
}
