import { type Clock, sleep } from '../base/clock.js'
import type { Outcome, ReceivedBatch, Sink } from '../protocol/ports.js'
import { decodeKumaResource } from '../wire/resource-codec.js'
import { WRITE_LABEL } from './write-body.js'

/** What of a received resource concerns a run: its own are in its mesh, and another one's count too. */
interface Mark {
  readonly mesh: string | undefined
  readonly write: number | undefined
}

/** By payload, of which zones that are sent the same bytes share one: each is looked into once. */
const marks = new WeakMap<Uint8Array, Mark>()

/** Bytes that a response carried beyond what its zone lacked. */
export interface ResyncBytes {
  /** Of the whole responses. */
  readonly received: number
  /** Of resources that the zone held already, in the same version. */
  readonly repeated: number
}

export interface ZoneSinkOptions {
  /** Of the run. */
  readonly mesh: string
  readonly clock: Clock
  readonly ackDelayMs: number
  /** The zone holds, from now on, what this write wrote. */
  readonly onWrite: (number: number) => void
  /** A response of a type that is the first of its stream. */
  readonly onFirst: (type: string, bytes: ResyncBytes) => void
}

/**
 * What a light zone holds: the name and content version of everything that it is sent, and which write made what it holds
 * of the run. Applying is recording; the bodies are not kept.
 */
export class ZoneSink implements Sink<Uint8Array> {
  readonly #options: ZoneSinkOptions
  readonly #held = new Map<string, Map<string, string>>()
  /** By type and name as it travels: the last write of what is held. */
  readonly #writes = new Map<string, number>()
  #first = new Set<string>()
  #over = new AbortController()

  constructor(options: ZoneSinkOptions) {
    this.#options = options
  }

  /** name → content version of what is held of a type. */
  versions(type: string): ReadonlyMap<string, string> {
    return this.#held.get(type) ?? new Map()
  }

  /** By `TYPE/NAME` as it travels: the write that made what the zone holds. */
  get writes(): ReadonlyMap<string, number> {
    return this.#writes
  }

  get resources(): number {
    return [...this.#held.values()].reduce((sum, { size }) => sum + size, 0)
  }

  /** A new stream: the next response of each of the types is its first. */
  reopen(types: readonly string[]): void {
    this.#first = new Set(types)
    this.#over = new AbortController()
  }

  /** Nothing waits any more. */
  stop(): void {
    this.#over.abort()
  }

  async apply(batch: ReceivedBatch<Uint8Array>): Promise<Outcome> {
    const { ackDelayMs, clock, onFirst } = this.#options
    const repeated = this.#take(batch)
    if (this.#first.delete(batch.type)) onFirst(batch.type, { received: bytesOf(batch), repeated })
    if (ackDelayMs > 0) await sleep(clock, ackDelayMs, this.#over.signal)
    return APPLIED
  }

  /** Returns the bytes of what was held already. */
  #take({ type, resources, removed, wholeTruth }: ReceivedBatch<Uint8Array>): number {
    let held = this.#held.get(type)
    if (!held) {
      held = new Map()
      this.#held.set(type, held)
    }
    if (wholeTruth) this.#forget(type, held, new Set(resources.map(({ name }) => name)))
    let repeated = 0
    for (const { name, version, payload } of resources) {
      if (held.get(name) === version) repeated += payload.length
      held.set(name, version)
      const { mesh, write } = markOf(payload)
      if (write === undefined || mesh !== this.#options.mesh) continue
      this.#writes.set(`${type}/${name}`, write)
      this.#options.onWrite(write)
    }
    for (const name of removed) {
      held.delete(name)
      this.#writes.delete(`${type}/${name}`)
    }
    return repeated
  }

  #forget(type: string, held: Map<string, string>, stay: ReadonlySet<string>): void {
    for (const name of [...held.keys()]) {
      if (stay.has(name)) continue
      held.delete(name)
      this.#writes.delete(`${type}/${name}`)
    }
  }
}

const APPLIED: Outcome = { kind: 'applied' }

function markOf(payload: Uint8Array): Mark {
  let mark = marks.get(payload)
  if (!mark) {
    const { mesh, labels } = decodeKumaResource(payload)
    const text = labels[WRITE_LABEL]
    mark = { mesh, write: text === undefined ? undefined : Number(text) }
    marks.set(payload, mark)
  }
  return mark
}

/** What names and versions take besides the payloads is a few bytes each, and left out. */
function bytesOf({ resources }: ReceivedBatch<Uint8Array>): number {
  return resources.reduce((sum, { payload }) => sum + payload.length, 0)
}
