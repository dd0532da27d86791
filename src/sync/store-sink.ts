import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import { canonicalJson } from '../model/json.js'
import { parseWireName } from '../model/naming.js'
import { descriptorOf, isResourceType, type ResourceType } from '../model/registry.js'
import { keyText, type Resource, type ResourceDraft, type ResourceKey } from '../model/resource.js'
import type { DeltaResource } from '../protocol/messages.js'
import type { Outcome, ReceivedBatch, Refusal, Sink } from '../protocol/ports.js'
import type { Commit, TenantStore, Write } from '../store/store.js'
import { type Incoming, readIncoming } from './incoming.js'
import type { ReceiverRules } from './receiver-rules.js'

export interface StoreSinkOptions {
  readonly store: TenantStore
  readonly rules: ReceiverRules
  readonly log: Logger
  /** Told which resources a batch changed, after they are durable. */
  readonly onApplied?: (type: ResourceType, names: readonly string[]) => void
}

/** A write may race with the API's or a generator's; three rounds on fresh reads, as Kuma (`pkg/kds/store/sync.go`). */
const CONFLICT_ROUNDS_MAX = 3

/** Bodies refused because a local resource has their name; more than this and the oldest is dropped (a reconnect brings it again). */
const REFUSED_KEPT_MAX = 1_000

/**
 * Applies received batches to a tenant's store: one transaction a batch, the valid part even when some is refused.
 * A copy refused because a local resource has its name is kept and tried again when that is deleted, since the
 * sender will not offer it again.
 */
export class StoreSink implements Sink<Uint8Array> {
  readonly #options: StoreSinkOptions
  readonly #refused = new Map<string, { readonly type: ResourceType; readonly resource: DeltaResource<Uint8Array> }>()
  readonly #unwatch: () => void

  constructor(options: StoreSinkOptions) {
    this.#options = options
    this.#unwatch = options.store.watch((commit) => this.#retryFreed(commit))
  }

  stop(): void {
    this.#unwatch()
    this.#refused.clear()
  }

  async apply(batch: ReceivedBatch<Uint8Array>): Promise<Outcome> {
    // A newer peer's type: taken and ignored, never deleted, never an error (invariant I20).
    if (!isResourceType(batch.type)) return { kind: 'applied' }
    try {
      return await this.#apply(batch.type, batch)
    } catch (thrown) {
      const error = AppError.from(thrown)
      return { kind: 'failed', detail: `could not store ${batch.type}: ${error.message}` }
    }
  }

  /** What is held of a type, as the sender named it: what a subscriber says it has when it connects again. */
  async versions(type: ResourceType): Promise<ReadonlyMap<string, string>> {
    const { resources } = await this.#options.store.list(type)
    const versions = new Map<string, string>()
    for (const resource of resources) {
      if (resource.syncedVersion === undefined || !this.#options.rules.inScope(resource)) continue
      versions.set(`${resource.name}.${resource.mesh ?? ''}`, resource.syncedVersion)
    }
    return versions
  }

  async #apply(type: ResourceType, batch: ReceivedBatch<Uint8Array>): Promise<Outcome> {
    const read = this.#read(type, batch.resources)
    const refusals = [...read.refusals]
    let blocked: Incoming[] = []
    for (let round = 0; ; round += 1) {
      const stored = await this.#stored(type, batch, read.accepted)
      const plan = this.#plan(type, batch, read, stored)
      blocked = plan.blocked
      const { outcomes } = await this.#options.store.commit(plan.writes)
      if (!outcomes.some((outcome) => outcome.kind === 'conflict')) break
      if (round + 1 === CONFLICT_ROUNDS_MAX)
        return { kind: 'failed', detail: `${type} kept changing while it was synced` }
    }
    for (const incoming of blocked) {
      this.#keepRefused(incoming, batch)
      const reason = `user error: ${type} "${incoming.name}" is there already and is not the sender's; delete or rename it`
      refusals.push({ name: wire(incoming), version: incoming.version, reason })
    }
    this.#options.onApplied?.(type, [...read.accepted.map(wire), ...batch.removed])
    return refusals.length === 0 ? { kind: 'applied' } : { kind: 'refused', refusals }
  }

  #read(type: ResourceType, resources: readonly DeltaResource<Uint8Array>[]): ReadBatch {
    const accepted: Incoming[] = []
    const refusals: Refusal[] = []
    for (const received of resources) {
      try {
        const incoming = this.#options.rules.accept(readIncoming(type, received))
        if (incoming) accepted.push(incoming)
      } catch (thrown) {
        const reason = `${type} "${received.name}": ${AppError.from(thrown).message}`
        refusals.push({ name: received.name, version: received.version, reason })
        this.#options.log.warn('received resource refused', { type, name: received.name, reason })
      }
    }
    return { accepted, refusals }
  }

  async #stored(
    type: ResourceType,
    batch: ReceivedBatch<Uint8Array>,
    accepted: readonly Incoming[],
  ): Promise<Map<string, Resource>> {
    const { store } = this.#options
    if (batch.wholeTruth) {
      const { resources } = await store.list(type)
      return new Map(resources.map((resource) => [keyText(resource), resource]))
    }
    const keys: ResourceKey[] = [...accepted, ...batch.removed.map((name) => removedKey(type, name))]
    const found = await Promise.all(keys.map((key) => store.get(key)))
    return new Map(found.filter((resource) => resource !== undefined).map((resource) => [keyText(resource), resource]))
  }

  #plan(type: ResourceType, batch: ReceivedBatch<Uint8Array>, read: ReadBatch, stored: Map<string, Resource>): Plan {
    const { rules } = this.#options
    const writes: Write[] = []
    const blocked: Incoming[] = []
    const kept = new Set(read.refusals.map(({ name }) => keyText(removedKey(type, name))))
    for (const incoming of read.accepted) {
      const before = stored.get(keyText(incoming))
      kept.add(keyText(incoming))
      if (before && !rules.inScope(before)) blocked.push(incoming)
      else
        writes.push({
          kind: 'put',
          resource: this.#draft(incoming, before),
          expect: before ? { version: before.version } : 'absent',
        })
    }
    const gone = batch.wholeTruth
      ? [...stored.values()]
      : batch.removed.map((name) => stored.get(keyText(removedKey(type, name))))
    for (const resource of gone) {
      if (!resource || kept.has(keyText(resource)) || !rules.inScope(resource)) continue
      writes.push({ kind: 'delete', key: resource, expect: { version: resource.version } })
    }
    return { writes, blocked }
  }

  #draft(incoming: Incoming, before: Resource | undefined): ResourceDraft {
    const { type, mesh, name, labels } = incoming
    const { keepsOwnStatus, owner } = this.#options.rules
    const spec = canonicalJson(incoming.spec)
    const status = keepsOwnStatus ? before?.status : incoming.status
    return { type, mesh, name, labels, spec, status, owner, syncedVersion: incoming.version }
  }

  #keepRefused(incoming: Incoming, batch: ReceivedBatch<Uint8Array>): void {
    const resource = batch.resources.find(({ name }) => name === wire(incoming))
    if (!resource) return
    if (this.#refused.size >= REFUSED_KEPT_MAX) this.#refused.delete(this.#refused.keys().next().value as string)
    this.#refused.set(keyText(incoming), { type: incoming.type, resource })
  }

  #retryFreed(commit: Commit): void {
    for (const change of commit.changes) {
      const key = keyText(change.key)
      const refused = change.after === undefined ? this.#refused.get(key) : undefined
      if (!refused) continue
      this.#refused.delete(key)
      void this.apply({ type: refused.type, wholeTruth: false, resources: [refused.resource], removed: [] })
    }
  }
}

interface ReadBatch {
  readonly accepted: readonly Incoming[]
  readonly refusals: readonly Refusal[]
}

interface Plan {
  readonly writes: readonly Write[]
  readonly blocked: Incoming[]
}

function wire(incoming: Incoming): string {
  return `${incoming.name}.${incoming.mesh ?? ''}`
}

function removedKey(type: ResourceType, name: string): ResourceKey {
  const parsed = parseWireName(name)
  return { type, name: parsed.name, mesh: descriptorOf(type).scope === 'mesh' ? parsed.mesh : undefined }
}
