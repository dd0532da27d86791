import { invariant } from '../base/assert.js'
import type { Batch } from '../protocol/ports.js'

/** One resource as a class of recipients is sent it. `bytes` is the encoded body, made once. */
export interface Entry {
  readonly name: string
  readonly version: string
  readonly bytes: Uint8Array
  /** Left out of this zone's batches: it has the original. */
  readonly fromZone: string | undefined
}

/** What a batch is made of, before it is one message. */
export interface Difference {
  readonly entries: readonly Entry[]
  readonly removed: readonly string[]
  /** The revision that a recipient of all this stands at. */
  readonly revision: number
}

/** A record says: at this revision this name got its present state, unless a later record says so too. */
interface LogRecord {
  readonly revision: number
  readonly name: string
}

/** Removed names are kept as long as the log covers them. */
interface Tombstone {
  readonly revision: number
  readonly fromZone: string | undefined
}

/**
 * Records kept per type. A recipient further behind is sent everything again; at 10 changes a second this is some
 * 15 minutes of a stalled stream, which the 60 s limit on unwritable streams ends long before.
 */
const LOG_MAX = 10_000

/**
 * All of one type that one class of recipients may be sent, with the order in which it changed. A recipient that
 * stands at revision r lacks exactly what the log names after r, so finding that costs what changed, never what is there.
 */
export class TypeView {
  readonly #entries = new Map<string, Entry & { readonly revision: number }>()
  readonly #tombstones = new Map<string, Tombstone>()
  /** Zones that ever owned something here: at most as many as there are zones. */
  readonly #owners = new Set<string>()
  #log: LogRecord[] = []
  #head = 0
  #floor = 0
  /**
   * Batches of this head for all recipients that are not owners of anything in them, by the revision they start from. Weak:
   * who has one in flight keeps it, and what a zone was sent that caught up is not kept for nobody.
   */
  readonly #shared = new Map<number | 'everything', WeakRef<Batch>>()

  /** The last revision that changed bytes of this type for this class. */
  get head(): number {
    return this.#head
  }

  /** What a recipient that is in sync holds. */
  *entriesFor(zone: string | undefined): Iterable<Entry> {
    for (const entry of this.#entries.values()) if (isFor(zone, entry.fromZone)) yield entry
  }

  /** Returns whether anything changed: the same bytes again are no news. */
  put(entry: Entry, revision: number): boolean {
    const before = this.#entries.get(entry.name)
    if (before?.version === entry.version) return false
    if (entry.fromZone !== undefined) this.#owners.add(entry.fromZone)
    const loggedAt = before?.revision ?? this.#tombstones.get(entry.name)?.revision
    this.#entries.set(entry.name, { ...entry, revision })
    this.#tombstones.delete(entry.name)
    this.#record(entry.name, revision, loggedAt)
    return true
  }

  delete(name: string, revision: number): boolean {
    const before = this.#entries.get(name)
    if (!before) return false
    this.#entries.delete(name)
    this.#tombstones.set(name, { revision, fromZone: before.fromZone })
    this.#record(name, revision, before.revision)
    return true
  }

  /** The first complete read: what it holds has no history before it. */
  startAt(revision: number): void {
    this.#head = revision
    this.#floor = revision
    this.#log = []
    this.#shared.clear()
  }

  everything(zone: string | undefined): Difference {
    return { entries: [...this.entriesFor(zone)], removed: [], revision: this.#head }
  }

  /** Whether the log tells all that changed after `revision`. */
  reaches(revision: number): boolean {
    return revision >= this.#floor
  }

  /** What a recipient at `revision` lacks; only for revisions that the log reaches. */
  since(revision: number, zone: string | undefined): Difference {
    invariant(this.reaches(revision), `the log begins after revision ${revision}`)
    const entries: Entry[] = []
    const removed: string[] = []
    for (let i = this.#firstAfter(revision); i < this.#log.length; i += 1) {
      const record = this.#log[i] as LogRecord
      const entry = this.#entries.get(record.name)
      const tombstone = this.#tombstones.get(record.name)
      if (entry?.revision === record.revision && isFor(zone, entry.fromZone)) entries.push(entry)
      else if (tombstone?.revision === record.revision && isFor(zone, tombstone.fromZone)) removed.push(record.name)
    }
    return { entries, removed, revision: this.#head }
  }

  /** What a recipient that holds exactly `versions` lacks. Costs what it holds and what there is: once per connection. */
  against(versions: ReadonlyMap<string, string>, zone: string | undefined): Difference {
    const entries: Entry[] = []
    for (const entry of this.entriesFor(zone)) if (versions.get(entry.name) !== entry.version) entries.push(entry)
    const removed: string[] = []
    for (const name of versions.keys()) {
      const entry = this.#entries.get(name)
      if (!entry || !isFor(zone, entry.fromZone)) removed.push(name)
    }
    return { entries, removed, revision: this.#head }
  }

  /** Whether a batch from `from` is the same for `zone` as for the zones that own nothing in it. Costs what changed. */
  isSharedWith(zone: string | undefined, from: number | 'everything'): boolean {
    if (zone === undefined || !this.#owners.has(zone)) return true
    if (from === 'everything') return false
    for (let i = this.#firstAfter(from); i < this.#log.length; i += 1) {
      const { name } = this.#log[i] as LogRecord
      if ((this.#entries.get(name) ?? this.#tombstones.get(name))?.fromZone === zone) return false
    }
    return true
  }

  shared(from: number | 'everything', make: () => Batch): Batch {
    const made = this.#shared.get(from)?.deref()
    if (made) return made
    const batch = make()
    this.#shared.set(from, new WeakRef(batch))
    return batch
  }

  /** `loggedAt`: the revision of this name's last record. One commit may change a name twice, and it is told once. */
  #record(name: string, revision: number, loggedAt: number | undefined): void {
    invariant(revision >= this.#head, `revision ${revision} after ${this.#head}`)
    this.#head = revision
    this.#shared.clear()
    if (loggedAt === revision) return
    this.#log.push({ revision, name })
    if (this.#log.length > LOG_MAX) this.#trim()
  }

  /** Drops the older half at once, so that trimming costs O(1) per change. */
  #trim(): void {
    const cut = this.#log.length >> 1
    for (const { name, revision } of this.#log.slice(0, cut)) {
      this.#floor = revision
      if (this.#tombstones.get(name)?.revision === revision) this.#tombstones.delete(name)
    }
    this.#log = this.#log.slice(cut)
  }

  #firstAfter(revision: number): number {
    let low = 0
    let high = this.#log.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#log[middle] as LogRecord).revision <= revision) low = middle + 1
      else high = middle
    }
    return low
  }
}

function isFor(zone: string | undefined, fromZone: string | undefined): boolean {
  return fromZone === undefined || fromZone !== zone
}
