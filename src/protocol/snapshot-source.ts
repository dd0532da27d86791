import { invariant } from '../base/assert.js'
import { difference } from './diff.js'
import type { Next, Removals, Since, Source, Subscription } from './ports.js'
import type { SharedResponses } from './shared-responses.js'
import { VersionMap } from './version-map.js'

/** One resource of a snapshot, encoded once and shared by every sidecar that has it. */
export interface SnapshotEntry {
  readonly version: string
  readonly bytes: Uint8Array
}

export type Snapshot = ReadonlyMap<string, ReadonlyMap<string, SnapshotEntry>>

export interface SnapshotSourceOptions {
  /** Of all peers that may be sent the same. */
  readonly responses: SharedResponses
  /** Responses above this are withheld. Default 10 MiB, what Kuma's peers receive (kds.md §1.5). */
  readonly messageBytesMax?: number
}

const MESSAGE_BYTES_MAX = 10 * 1024 * 1024
const NO_SNAPSHOT: Snapshot = new Map()
const NO_ENTRIES: ReadonlyMap<string, SnapshotEntry> = new Map()

/** The source of one sidecar's few dozen names. What a peer has is a version map, and its batches are its own, the messages of those who lack the same are shared. */
export class SnapshotSource implements Source {
  readonly #responses: SharedResponses
  readonly #messageBytesMax: number
  readonly #listeners = new Set<(types: readonly string[]) => void>()
  /** Types that were asked for before there was a snapshot; they may be none of its own. */
  readonly #waiting = new Set<string>()
  #snapshot: Snapshot | undefined
  /** Number of the last response. */
  #last = 0

  constructor(options: SnapshotSourceOptions) {
    this.#responses = options.responses
    this.#messageBytesMax = options.messageBytesMax ?? MESSAGE_BYTES_MAX
  }

  /**
   * Switches to a new snapshot of all types at once, so that what refers to another type is never seen without it.
   * A type that it lacks has no resources. Until the first one nothing is sent.
   */
  replace(snapshot: Snapshot): void {
    const before = this.#snapshot ?? NO_SNAPSHOT
    this.#snapshot = snapshot
    const types = new Set([...before.keys(), ...snapshot.keys()])
    const changed = [...types].filter((type) => differs(before.get(type), snapshot.get(type)))
    const told = new Set([...this.#waiting, ...changed])
    this.#waiting.clear()
    if (told.size > 0) for (const listener of [...this.#listeners]) listener([...told])
  }

  next(type: string, subscription: Subscription, since: Since, removals: Removals): Next {
    if (!this.#snapshot) {
      this.#waiting.add(type)
      return { kind: 'not-ready' }
    }
    const entries = this.#snapshot.get(type) ?? NO_ENTRIES
    const { send, remove, held } = difference(entries, VersionMap.since(since).versions, subscription, removals)
    const cursor = new VersionMap(held)
    if (since.kind === 'cursor' && send.length === 0 && remove.length === 0) return { kind: 'nothing', cursor }
    return this.#batch(type, entries, send, remove, cursor)
  }

  onChange(listener: (types: readonly string[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #batch(
    type: string,
    entries: ReadonlyMap<string, SnapshotEntry>,
    send: readonly string[],
    removed: readonly string[],
    cursor: VersionMap,
  ): Next {
    const resources: Uint8Array[] = []
    const sent: { name: string; version: string }[] = []
    for (const name of send) {
      const entry = entries.get(name)
      invariant(entry, 'what is to be sent is in the snapshot')
      resources.push(entry.bytes)
      sent.push({ name, version: entry.version })
    }
    const response = this.#responses.get({ type, resources, removed }, this.#last)
    this.#last = response.number
    const { length } = response.bytes
    if (length > this.#messageBytesMax) {
      const reason = `a response of ${length} bytes is over the peer's limit of ${this.#messageBytesMax}`
      return { kind: 'withheld', reason }
    }
    return { kind: 'batch', batch: { cursor, response, entries: sent, removed } }
  }
}

function differs(
  before: ReadonlyMap<string, SnapshotEntry> = NO_ENTRIES,
  after: ReadonlyMap<string, SnapshotEntry> = NO_ENTRIES,
): boolean {
  if (before.size !== after.size) return true
  for (const [name, { version }] of after) if (before.get(name)?.version !== version) return true
  return false
}
