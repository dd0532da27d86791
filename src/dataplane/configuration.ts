import type { Outcome, ReceivedBatch, Refusal } from '../protocol/ports.js'
import type { EnvoyKind } from '../wire/envoy-codec.js'
import type { AnyValue } from '../wire/spec-codec.js'
import { faultOfBatch, judge, type Running } from './judgement.js'
import type { References } from './references.js'
import type { PooledResource, ResourcePool } from './resource-pool.js'

export interface Held {
  readonly resource: PooledResource
  /** Wall time at which it was accepted. */
  readonly sinceMs: number
}

export interface Refused {
  readonly resource: PooledResource
  readonly reason: string
  readonly atMs: number
}

/** What Envoy counts of one type's subscription. */
export interface UpdateCounts {
  readonly accepted: number
  readonly rejected: number
  /** Wall time of the last accepted update; 0 before the first. */
  readonly updatedAtMs: number
}

/** Names of load assignments and of secrets. */
export type Wanted = Readonly<Record<'endpoint' | 'secret', ReadonlySet<string>>>

type ByKind<V> = Readonly<Record<EnvoyKind, V>>

/** All that one proxy runs with: what it accepted, the last good version of what it refused, and why it refused. */
export class Configuration {
  readonly #pool: ResourcePool
  readonly #active: ByKind<Map<string, Held>> = perKind()
  readonly #warming = new Map<string, Held>()
  readonly #refused: ByKind<Map<string, Refused>> = perKind()
  /** Stale when a resource that may refer to others has come or gone. */
  #wanted: { readonly names: Wanted; readonly isStale: boolean } = { names: NOTHING_WANTED, isStale: false }
  readonly #counts: Record<EnvoyKind, UpdateCounts> = {
    cluster: NO_UPDATES,
    endpoint: NO_UPDATES,
    listener: NO_UPDATES,
    secret: NO_UPDATES,
  }

  constructor(pool: ResourcePool) {
    this.#pool = pool
  }

  /** What is in effect. */
  active(kind: EnvoyKind): ReadonlyMap<string, Held> {
    return this.#active[kind]
  }

  /** EDS clusters whose endpoints have not come since they did; an older version may be active meanwhile. */
  get warming(): ReadonlyMap<string, Held> {
    return this.#warming
  }

  refused(kind: EnvoyKind): ReadonlyMap<string, Refused> {
    return this.#refused[kind]
  }

  counts(kind: EnvoyKind): UpdateCounts {
    return this.#counts[kind]
  }

  /** name → version of what is held: what the next stream says it has. */
  versions(kind: EnvoyKind): ReadonlyMap<string, string> {
    const held = [...this.#active[kind], ...(kind === 'cluster' ? this.#warming : [])]
    return new Map(held.map(([name, { resource }]) => [name, resource.version]))
  }

  /** What is to be asked for by name: the load assignments of clusters, the secrets of clusters and listeners. The same object as long as it is the same. */
  get wanted(): Wanted {
    if (!this.#wanted.isStale) return this.#wanted.names
    const endpoint = new Set<string>()
    const secret = new Set<string>()
    for (const { assignment, secrets } of this.#references()) {
      if (assignment !== undefined) endpoint.add(assignment)
      for (const name of secrets) secret.add(name)
    }
    const { names } = this.#wanted
    const isSame = sameNames(names.endpoint, endpoint) && sameNames(names.secret, secret)
    this.#wanted = { names: isSame ? names : { endpoint, secret }, isStale: false }
    return this.#wanted.names
  }

  /** Applies what is good of a batch and keeps the last good version of what is not. */
  receive(kind: EnvoyKind, batch: ReceivedBatch<AnyValue>, nowMs: number): Outcome {
    const fault = faultOfBatch(batch)
    if (fault !== undefined) return this.refuse(kind, batch, fault, nowMs)
    for (const name of this.#removed(kind, batch)) this.#remove(kind, name)
    const resources = batch.resources.map((resource) => this.#pool.take(kind, resource))
    const { accepted, refused } = judge(resources, this.#running())
    for (const resource of accepted) this.#accept({ resource, sinceMs: nowMs })
    for (const { resource, reason } of refused) this.#refuse({ resource, reason, atMs: nowMs })
    this.#dropUnwanted()
    this.#count(kind, refused.length > 0, nowMs)
    if (refused.length === 0) return { kind: 'applied' }
    const refusals = refused.map(({ resource: { name, version }, reason }) => ({ name, version, reason }))
    return { kind: 'refused', refusals }
  }

  /** Refuses a batch whole: nothing of it is applied. One that holds nothing gives nothing to refuse. */
  refuse(kind: EnvoyKind, batch: ReceivedBatch<AnyValue>, why: string, nowMs: number): Outcome {
    if (batch.resources.length + batch.removed.length === 0) return this.receive(kind, batch, nowMs)
    const refusals = new Map<string, Refusal>()
    for (const name of batch.removed) refusals.set(name, { name, version: '', reason: `${name}: ${why}` })
    for (const received of batch.resources) {
      const { name, version } = received
      const reason = `${name}: ${why}`
      refusals.set(name, { name, version, reason })
      this.#refuse({ resource: this.#pool.take(kind, received), reason, atMs: nowMs })
    }
    this.#count(kind, true, nowMs)
    return { kind: 'refused', refusals: [...refusals.values()] }
  }

  /** Clusters that have been warming since before `beforeMs` go on with the endpoints that they have, or none. */
  endWarming(beforeMs: number): void {
    for (const [name, held] of this.#warming) if (held.sinceMs <= beforeMs) this.#activate(name, held)
  }

  #removed(kind: EnvoyKind, { wholeTruth, resources, removed }: ReceivedBatch<AnyValue>): Iterable<string> {
    if (!wholeTruth) return removed
    const sent = new Set(resources.map(({ name }) => name))
    const known = [...this.versions(kind).keys(), ...this.#refused[kind].keys()]
    return [...removed, ...known.filter((name) => !sent.has(name))]
  }

  #running(): Running {
    return {
      listening: () => {
        const listening = new Map<string, string>()
        for (const [name, { resource }] of this.#active.listener) {
          const address = soundOf(resource)?.address
          if (address !== undefined) listening.set(name, address)
        }
        return listening
      },
      hasCluster: (name) => this.#active.cluster.has(name) || this.#warming.has(name),
    }
  }

  #accept(held: Held): void {
    const { resource } = held
    const { kind, name } = resource
    this.#forget(this.#refused[kind], name)
    if (kind === 'cluster' && soundOf(resource)?.assignment !== undefined) {
      this.#replace(this.#warming, name, held)
      return
    }
    if (kind === 'cluster') this.#forget(this.#warming, name)
    this.#replace(this.#active[kind], name, held)
    if (kind === 'endpoint') this.#warmed(name)
  }

  #refuse(refused: Refused): void {
    this.#replace(this.#refused[refused.resource.kind], refused.resource.name, refused)
  }

  #remove(kind: EnvoyKind, name: string): void {
    this.#forget(this.#active[kind], name)
    this.#forget(this.#refused[kind], name)
    if (kind === 'cluster') this.#forget(this.#warming, name)
    // A cluster whose load assignment does not exist is done warming, with no endpoints.
    if (kind === 'endpoint') this.#warmed(name)
  }

  #warmed(assignment: string): void {
    for (const [name, held] of this.#warming) {
      if (soundOf(held.resource)?.assignment === assignment) this.#activate(name, held)
    }
  }

  #activate(name: string, held: Held): void {
    this.#warming.delete(name)
    this.#replace(this.#active.cluster, name, held)
  }

  /** What nothing refers to is not asked for any more, and so not kept; it may have been under way when it was given up. */
  #dropUnwanted(): void {
    const wanted = this.wanted
    for (const kind of ['endpoint', 'secret'] as const) {
      for (const map of [this.#active[kind], this.#refused[kind]]) {
        for (const name of map.keys()) if (!wanted[kind].has(name)) this.#forget(map, name)
      }
    }
  }

  *#references(): Generator<References> {
    for (const map of [this.#active.cluster, this.#warming, this.#active.listener]) {
      for (const { resource } of map.values()) {
        const references = soundOf(resource)
        if (references) yield references
      }
    }
  }

  #count(kind: EnvoyKind, rejected: boolean, nowMs: number): void {
    const counts = this.#counts[kind]
    this.#counts[kind] = rejected
      ? { ...counts, rejected: counts.rejected + 1 }
      : { ...counts, accepted: counts.accepted + 1, updatedAtMs: nowMs }
  }

  #replace<V extends { readonly resource: PooledResource }>(map: Map<string, V>, name: string, value: V): void {
    this.#forget(map, name)
    map.set(name, value)
    this.#referencesMoved(value.resource)
  }

  #forget(map: Map<string, { readonly resource: PooledResource }>, name: string): void {
    const before = map.get(name)
    if (!before) return
    this.#pool.release(before.resource)
    map.delete(name)
    this.#referencesMoved(before.resource)
  }

  #referencesMoved({ kind }: PooledResource): void {
    if (kind === 'cluster' || kind === 'listener') this.#wanted = { ...this.#wanted, isStale: true }
  }
}

const NOTHING_WANTED: Wanted = { endpoint: new Set(), secret: new Set() }
const NO_UPDATES: UpdateCounts = { accepted: 0, rejected: 0, updatedAtMs: 0 }

function sameNames(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a.size !== b.size) return false
  for (const name of a) if (!b.has(name)) return false
  return true
}

function perKind<V>(): ByKind<Map<string, V>> {
  return { cluster: new Map(), endpoint: new Map(), listener: new Map(), secret: new Map() }
}

function soundOf({ content }: PooledResource): References | undefined {
  return content.kind === 'sound' ? content.references : undefined
}
