import { AppError } from '../../base/errors.js'
import type { Logger } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import { keyText, type Resource } from '../../model/resource.js'
import type { TenantId } from '../../model/tenant.js'
import { ChangeFeed, type CommitListener } from '../change-feed.js'
import type { Committed } from '../sql/requests.js'
import type { Change, Head } from '../store.js'
import { ofTenant, type PgDatabase } from './pg-database.js'
import {
  type Joined,
  keyOfColumns,
  type LogColumns,
  loggedBefore,
  type ResourceColumns,
  resourceOf,
  statements,
  type TenantColumns,
} from './pg-statements.js'

export interface PgFeedOptions {
  readonly tenant: TenantId
  readonly database: PgDatabase
  readonly random: Random
  readonly log: Logger
  /** The first watcher has come, or the last one has gone. */
  readonly onWatched: (watched: boolean) => void
}

type ChangesRow = TenantColumns & Joined<LogColumns> & Joined<ResourceColumns>

/**
 * Tells the watchers of one tenant every commit, in order, once, whichever instance made it. Own commits come from their
 * writer; those of others, and whatever was missed, from the log. So a lost notification costs time, never a commit.
 */
export class PgFeed {
  readonly #options: PgFeedOptions
  readonly #feed: ChangeFeed
  #watchers = 0
  /** Up to where the watchers have been told; undefined until something has been heard of the tenant. */
  #told: Head | undefined
  /** What the epoch is called while the database has no row of the tenant. */
  #freshEpoch: string
  /** A row of the tenant was seen, and it was not deleted here. */
  #seen = false
  #reading: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(options: PgFeedOptions) {
    this.#options = options
    this.#feed = new ChangeFeed(options.tenant, options.log)
    this.#freshEpoch = options.random.uuid()
  }

  get freshEpoch(): string {
    return this.#freshEpoch
  }

  /** Without a row, it was somebody else who deleted the tenant. */
  get seen(): boolean {
    return this.#seen
  }

  watch(listener: CommitListener): () => void {
    const unwatch = this.#feed.watch(listener)
    this.#watchers += 1
    // What was before the first watcher came is not his to hear.
    if (this.#watchers === 1) {
      this.#told = undefined
      this.#options.onWatched(true)
    }
    let watching = true
    return () => {
      if (!watching) return
      watching = false
      unwatch()
      this.#watchers -= 1
      if (this.#watchers === 0) this.#options.onWatched(false)
    }
  }

  /** Read while the first commit was on its way: no row, and yet nobody has deleted it. `seenBefore`: before the read. */
  isBeforeBeginning(row: TenantColumns | undefined, seenBefore: boolean): boolean {
    return !row && !seenBefore && this.#seen
  }

  /** The head as a row of the database says; for a tenant without one the fresh epoch. */
  headOf(row: TenantColumns | undefined): Head {
    if (row) {
      this.#seen = true
      return { epoch: row.epoch, revision: Number(row.revision) }
    }
    // Our epoch had a row and has none any more: somebody else deleted the tenant, and epochs do not come back.
    if (this.#told?.epoch === this.#freshEpoch && this.#told.revision > 0) {
      this.#freshEpoch = this.#options.random.uuid()
    }
    return { epoch: this.#freshEpoch, revision: 0 }
  }

  /** Before a read that shows `head` is answered: the watchers have heard of all that it shows. */
  async told(head: Head): Promise<void> {
    if (this.#watchers === 0) {
      if (this.#told?.epoch !== head.epoch || this.#told.revision < head.revision) this.#told = head
      return
    }
    this.#told ??= head
    if (this.#isBehind(head)) await this.catchUp()
  }

  /** Something was heard of the tenant's head, by notification or by asking around. */
  async hint(head: Head | undefined): Promise<void> {
    if (this.#watchers > 0 && (!head || this.#isBehind(head))) await this.catchUp()
  }

  /** Own commits that are durable, in order, on top of `base`. Never rejects: they are acknowledged in any case. */
  async committed(base: Head, committed: readonly Committed[]): Promise<void> {
    if (committed.some(({ head }) => head.revision > 0)) this.#seen = true
    this.#told ??= base
    const { epoch, revision } = this.#told
    if (epoch === base.epoch && revision >= base.revision) {
      for (const { head, changes } of committed) this.#publish(head, changes)
      return
    }
    await this.catchUp().catch((thrown: unknown) => {
      // The next notification or look around tells them.
      this.#options.log.warn('watchers hear of a commit late', { error: AppError.from(thrown) })
    })
  }

  /** The tenant is gone, and the epoch that begins is called so. */
  deleted(epoch: string): void {
    this.#freshEpoch = epoch
    this.#seen = false
    this.#void({ epoch, revision: 0 }, epoch)
  }

  /** Reads the log once, beginning after this was called. */
  catchUp(): Promise<void> {
    if (!this.#reading) {
      this.#reading = this.#catchUp().finally(() => {
        this.#reading = undefined
      })
      return this.#reading
    }
    this.#next ??= this.#reading
      .catch(() => {})
      .then(() => {
        this.#next = undefined
        return this.catchUp()
      })
    return this.#next
  }

  async #catchUp(): Promise<void> {
    const { database, tenant } = this.#options
    const since = this.#told
    const seen = this.#seen
    const rows = await database.read<ChangesRow>(ofTenant(tenant), statements.changes(tenant, since?.revision ?? 0))
    // A deletion of our own was quicker: what was read is of an epoch that is over.
    if (this.#told?.epoch !== since?.epoch) return this.#catchUp()
    const [first] = rows
    if (this.isBeforeBeginning(first, seen)) return this.#catchUp()
    const head = this.headOf(first)
    const told = this.#told
    if (!told) {
      this.#told = head
      return
    }
    if (head.epoch !== told.epoch && !begins(told, first)) return this.#void(head, head.epoch)
    const reached = since !== undefined && since.revision >= Number(first?.floor ?? 0)
    // A log that begins later, or a database that has gone back: nobody can say what was missed.
    if (!reached || head.revision < since.revision) return this.#void(head, this.#options.random.uuid())
    for (const [revision, changes] of commitsOf(rows)) this.#publish({ epoch: head.epoch, revision }, changes)
  }

  #isBehind(head: Head): boolean {
    return this.#told?.epoch !== head.epoch || this.#told.revision < head.revision
  }

  #publish(head: Head, changes: readonly Change[]): void {
    if (changes.length === 0 || !this.#isBehind(head)) return
    this.#told = head
    this.#feed.publish({ ...head, changes })
  }

  /** Watchers read anew at the sight of another epoch. */
  #void(head: Head, epoch: string): void {
    this.#told = head
    this.#feed.publish({ epoch, revision: head.epoch === epoch ? head.revision : 0, changes: [] })
  }
}

/** What is told of a tenant without a commit is told of no epoch: the first one continues it, whoever made it. */
function begins(told: Head, row: TenantColumns | undefined): boolean {
  return told.revision === 0 && row !== undefined && Number(row.floor) === 0
}

/** The commits that the log tells of: what a key became is what its next entry replaced, or what it is now. */
function commitsOf(rows: readonly ChangesRow[]): ReadonlyMap<number, readonly Change[]> {
  const became = new Map<string, Resource | undefined>()
  const commits = new Map<number, Change[]>()
  for (const row of [...rows].reverse()) {
    if (row.log_revision === null) continue
    const key = keyOfColumns({ type: row.log_type, mesh: row.log_mesh, name: row.log_name })
    const text = keyText(key)
    const before = loggedBefore(row)
    const after = became.has(text) ? became.get(text) : resourceOf(row)
    became.set(text, before)
    const revision = Number(row.log_revision)
    commits.set(revision, [{ key, before, after }, ...(commits.get(revision) ?? [])])
  }
  return new Map([...commits].reverse())
}
