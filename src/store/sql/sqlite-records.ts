import type { Database } from 'better-sqlite3'
import { AppError } from '../../base/errors.js'
import { type Logger, silentLogger } from '../../base/log.js'
import type {
  Found,
  OrganizationStore,
  RecordChange,
  RecordCommit,
  RecordKey,
  RecordStore,
  RecordWrite,
  StoredRecord,
} from '../records.js'
import { RECORDS_SCHEMA } from './records-schema.js'
import { RecordTables } from './records-tables.js'
import { closeDatabase, openDatabase } from './sqlite.js'
import { sqliteFailure } from './sqlite-error.js'

export interface SqliteRecordsOptions {
  /** The database file; made if it is not there. `:memory:` for none. */
  readonly path: string
  /** Hears of watchers that throw. Default: silent. */
  readonly log?: Logger
  /** Called once if the disk fails under way: nothing is acknowledged any more, and the process should end. */
  readonly onFatal?: (error: AppError) => void
}

/** Opens the store. Throws as `openDatabase` does. */
export function openSqliteRecords(options: SqliteRecordsOptions): RecordStore {
  return new SqliteRecords(openDatabase(options.path, 'FULL', RECORDS_SCHEMA), options)
}

/** In the caller's thread: a manager's writes are few, and no stream waits for its event loop (docs/decisions/0003). */
class SqliteRecords implements RecordStore {
  readonly #db: Database
  readonly #tables: RecordTables
  readonly #options: SqliteRecordsOptions
  readonly #listeners = new Set<(commit: RecordCommit) => void>()
  #refusal: AppError | undefined

  constructor(db: Database, options: SqliteRecordsOptions) {
    this.#db = db
    this.#tables = new RecordTables(db)
    this.#options = options
  }

  async organizations(): Promise<readonly string[]> {
    return this.#run((tables) => tables.organizations())
  }

  organization(organization: string): OrganizationStore {
    return {
      organization,
      get: async (kind, id) => this.#run((tables) => tables.get(organization, kind, id)),
      list: async (kind, filter) => this.#run((tables) => tables.list(organization, kind, filter ?? {})),
      commit: async (writes) => this.#commit(organization, writes),
      journal: async ({ after, limit }) => this.#run((tables) => tables.journal(organization, after, limit)),
    }
  }

  async findByDigest(digest: string): Promise<Found | undefined> {
    return this.#run((tables) => tables.findByDigest(digest))
  }

  watch(listener: (commit: RecordCommit) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    if (this.#db.open) closeDatabase(this.#db)
    this.#refusal ??= new AppError('unavailable', 'the store is closed')
  }

  #commit(organization: string, writes: readonly RecordWrite[]): void {
    const apply = this.#db.transaction(() => writes.flatMap((write) => this.#apply(organization, write)))
    const changes = this.#run(() => apply.immediate())
    if (changes.length > 0) this.#announce({ organization, changes })
  }

  #apply(organization: string, write: RecordWrite): RecordChange[] {
    switch (write.kind) {
      case 'create': {
        const after: StoredRecord = { ...write.record, version: 1 }
        this.#requireRoom(organization, after)
        this.#tables.insert(organization, after)
        return [{ before: undefined, after }]
      }
      case 'replace': {
        const before = this.#tables.get(organization, write.record.kind, write.record.id)
        if (before?.version !== write.version) {
          throw new AppError('version-conflict', `${nameOf(write.record)} has changed since it was read`)
        }
        const after: StoredRecord = { ...write.record, version: write.version + 1 }
        this.#requireRoom(organization, after)
        this.#tables.update(organization, after)
        return [{ before, after }]
      }
      case 'delete':
        return this.#delete(organization, write.record)
      case 'append':
        this.#tables.append(organization, write.entry)
        return []
    }
  }

  #delete(organization: string, key: RecordKey): RecordChange[] {
    const before = this.#tables.get(organization, key.kind, key.id)
    if (!before) return []
    this.#tables.delete(organization, key)
    const owned = this.#tables.ownedBy(organization, key.id)
    return [{ before, after: undefined }, ...owned.flatMap((record) => this.#delete(organization, record))]
  }

  /** Said in words here, because a constraint's own message names columns. */
  #requireRoom(organization: string, record: StoredRecord): void {
    const { kind, id, parent, name, digest } = record
    const named = this.#tables.named(organization, kind, parent ?? '', name)
    if (named !== undefined && named !== id) {
      throw new AppError('already-exists', `there is a ${kind} named "${name}" already`)
    }
    if (record.version === 1 && this.#tables.isTaken(organization, id)) {
      throw new AppError('already-exists', `there is a record ${id} already`)
    }
    if (parent !== undefined && !this.#tables.isTaken(organization, parent)) {
      throw new AppError('not-found', `${nameOf(record)}: what it belongs to is not there any more`)
    }
    const holder = digest === undefined ? undefined : this.#tables.findByDigest(digest)
    if (holder && holder.record.id !== id) throw new AppError('already-exists', 'this secret is in use already')
  }

  #run<T>(work: (tables: RecordTables) => T): T {
    if (this.#refusal) throw this.#refusal
    try {
      return work(this.#tables)
    } catch (thrown) {
      if (thrown instanceof AppError) throw thrown
      const { kind, error } = sqliteFailure(thrown, this.#db.name)
      if (kind === 'stopped') {
        this.#refusal = error
        this.#options.onFatal?.(error)
      }
      throw error
    }
  }

  #announce(commit: RecordCommit): void {
    for (const listener of this.#listeners) {
      try {
        listener(commit)
      } catch (thrown) {
        const { log = silentLogger } = this.#options
        log.error('a watcher of the store failed', { error: AppError.from(thrown) })
      }
    }
  }
}

function nameOf({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind} "${name}"`
}
