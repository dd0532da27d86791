import type { Database } from 'better-sqlite3'
import { AppError } from '../../base/errors.js'
import { type Logger, silentLogger } from '../../base/log.js'
import { RecordWatchers } from '../record-watchers.js'
import type { Found, OrganizationStore, RecordCommit, RecordStore, RecordWrite } from '../records.js'
import { applyWrites, requireKeepable } from '../records-transaction.js'
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
  readonly #watchers: RecordWatchers
  #refusal: AppError | undefined

  constructor(db: Database, options: SqliteRecordsOptions) {
    this.#db = db
    this.#tables = new RecordTables(db)
    this.#options = options
    this.#watchers = new RecordWatchers(options.log ?? silentLogger)
  }

  async organizations(): Promise<readonly string[]> {
    return this.#run((tables) => tables.organizations())
  }

  organization(organization: string): OrganizationStore {
    return {
      organization,
      get: async (kind, id) => this.#run((tables) => tables.get(organization, { kind, id })),
      list: async (kind, filter) => this.#run((tables) => tables.list(organization, kind, filter ?? {})),
      commit: async (writes) => this.#commit(organization, writes),
      journal: async ({ after, limit }) => this.#run((tables) => tables.journal(organization, after, limit)),
    }
  }

  async findByDigest(digest: string): Promise<Found | undefined> {
    return this.#run((tables) => tables.findByDigest(digest))
  }

  watch(listener: (commit: RecordCommit) => void): () => void {
    return this.#watchers.add(listener)
  }

  /** The file is locked for this process. */
  isSoleWriter(): boolean {
    return true
  }

  async close(): Promise<void> {
    if (this.#db.open) closeDatabase(this.#db)
    this.#refusal ??= new AppError('unavailable', 'the store is closed')
  }

  #commit(organization: string, writes: readonly RecordWrite[]): void {
    requireKeepable(writes)
    const apply = this.#db.transaction(() => applyWrites(this.#tables.rowsOf(organization), writes))
    const changes = this.#run(() => apply.immediate())
    this.#watchers.announce({ organization, changes })
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
}
