import { type Clock, sleep } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import { type Logger, silentLogger } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import type { JsonText } from '../../model/json.js'
import type { Fence } from '../peers.js'
import { RecordWatchers } from '../record-watchers.js'
import type { Found, JournalEntry, OrganizationStore, RecordCommit, RecordStore, RecordWrite } from '../records.js'
import { requireKeepable } from '../records-transaction.js'
import { checkDatabase } from './database-check.js'
import { ofOrganization, PgDatabase, type Statement } from './pg-database.js'
import { PgLeadership } from './pg-leadership.js'
import { RECORDS_ROLE, type RecordColumns, recordOf, recordStatements as statements } from './pg-record-statements.js'
import { PgRecordWriter } from './pg-record-writer.js'
import { PgSession } from './pg-session.js'

export interface PgRecordsOptions {
  readonly url: string
  readonly connectionsMax?: number
  readonly clock: Clock
  readonly random: Random
  /** Hears of watchers that throw and of a database that goes away. Default: silent. */
  readonly log?: Logger
  /** Called once if another process has taken the records over: the process should end. */
  readonly onFatal?: (error: AppError) => void
}

/** A process that was killed holds the records until the database has noticed. */
const FREE_WITHIN_MS = 10_000
const LOOK_EVERY_MS = 100
/** Commits that wait; each is a request of somebody who waits too. */
const WAITING_MAX = 10_000

/**
 * Opens the records in a database that has been migrated. Rejects as `openPostgresStore`, and `store-locked` when another
 * process keeps them.
 */
export async function openPostgresRecords(options: PgRecordsOptions): Promise<RecordStore> {
  const instance = options.random.uuid()
  const database = new PgDatabase({ ...options, instance })
  try {
    await checkDatabase(database)
    const records = new PgRecords(database, instance, options)
    await records.start()
    return records
  } catch (thrown) {
    await database.close()
    throw thrown
  }
}

/**
 * Records in a Postgres database. One process keeps them at a time: it holds a session lock, and each of its commits makes
 * sure that nobody has taken the lock since. So whoever watches hears of every commit.
 */
class PgRecords implements RecordStore {
  readonly #database: PgDatabase
  readonly #writer: PgRecordWriter
  readonly #session: PgSession
  readonly #leadership: PgLeadership
  readonly #watchers: RecordWatchers
  readonly #options: PgRecordsOptions
  /** The commit under way of each organisation, or its last. */
  readonly #turns = new Map<string, Promise<void>>()
  #waiting = 0
  #term: number | undefined
  #isSoleWriter = false
  #refusal: AppError | undefined
  #closing: Promise<void> | undefined

  constructor(database: PgDatabase, instance: string, options: PgRecordsOptions) {
    const { clock, random, log = silentLogger } = options
    this.#database = database
    this.#options = options
    this.#writer = new PgRecordWriter({ database, instance, clock })
    this.#watchers = new RecordWatchers(log)
    this.#session = new PgSession({ database, clock, random, log })
    const job = { start: (fence: Fence) => this.#lead(fence), stop: () => this.#leadNoMore() }
    this.#leadership = new PgLeadership({ role: RECORDS_ROLE, instance, job, clock, log })
    this.#session.add(this.#leadership)
  }

  async start(): Promise<void> {
    const { clock } = this.#options
    const untilMs = clock.monotonicMs() + FREE_WITHIN_MS
    await this.#session.start()
    while (!this.#isSoleWriter) {
      if (clock.monotonicMs() >= untilMs) {
        await this.#session.stop()
        const text = `the records in ${this.#database.name} are kept by another process: stop it first, or name another database`
        throw new AppError('store-locked', text)
      }
      await sleep(clock, LOOK_EVERY_MS)
    }
  }

  async organizations(): Promise<readonly string[]> {
    this.#checkOpen()
    return (await this.#database.ask<{ id: string }>(statements.organizations)).map(({ id }) => id)
  }

  organization(organization: string): OrganizationStore {
    return {
      organization,
      get: async (kind, id) => {
        const [row] = await this.#records(organization, statements.get(organization, { kind, id }))
        return row && recordOf(row)
      },
      list: async (kind, filter = {}) => {
        return (await this.#records(organization, statements.list(organization, kind, filter))).map(recordOf)
      },
      commit: (writes) => this.#commit(organization, writes),
      journal: ({ after, limit }) => this.#journal(organization, after, limit),
    }
  }

  async findByDigest(digest: string): Promise<Found | undefined> {
    this.#checkOpen()
    type Row = RecordColumns & { readonly organisation_id: string }
    const [row] = await this.#database.look<Row>(...statements.byDigest(digest))
    return row && { organization: row.organisation_id, record: recordOf(row) }
  }

  watch(listener: (commit: RecordCommit) => void): () => void {
    return this.#watchers.add(listener)
  }

  isSoleWriter(): boolean {
    return this.#isSoleWriter
  }

  /** Answers what was asked before. Idempotent. */
  close(): Promise<void> {
    this.#refusal ??= new AppError('unavailable', 'the store is closed')
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#turns.values())
    await this.#session.stop()
    await this.#leadership.settled()
    await this.#database.close()
  }

  async #records(organization: string, statement: Statement): Promise<readonly RecordColumns[]> {
    this.#checkOpen()
    // PostgreSQL keeps no NUL in a text, so that nothing can be found by one.
    if (statement.values.some((value) => typeof value === 'string' && value.includes('\0'))) return []
    return this.#database.read<RecordColumns>(ofOrganization(organization), statement)
  }

  async #journal(organization: string, after: number, limit: number): Promise<readonly JournalEntry[]> {
    this.#checkOpen()
    const rows = await this.#database.read<{ sequence: string; entry: JsonText }>(
      ofOrganization(organization),
      statements.journal(organization, after, limit),
    )
    return rows.map(({ sequence, entry }) => ({ sequence: Number(sequence), entry }))
  }

  /** One at a time, so that an organisation that is busy takes one connection from the others, not all. */
  async #commit(organization: string, writes: readonly RecordWrite[]): Promise<void> {
    this.#checkOpen()
    requireKeepable(writes)
    if (this.#waiting >= WAITING_MAX) {
      throw new AppError('overloaded', `${WAITING_MAX} commits are waiting for the database: try again later`)
    }
    this.#waiting += 1
    const before = this.#turns.get(organization) ?? Promise.resolve()
    const turn = before.catch(() => {}).then(() => this.#write(organization, writes))
    this.#turns.set(organization, turn)
    await turn.finally(() => {
      this.#waiting -= 1
    })
  }

  async #write(organization: string, writes: readonly RecordWrite[]): Promise<void> {
    try {
      const changes = await this.#writer.commit(organization, writes)
      this.#watchers.announce({ organization, changes })
    } catch (thrown) {
      const error = AppError.from(thrown)
      if (error.code === 'superseded') this.#superseded(error)
      throw error
    }
  }

  async #lead({ term }: Fence): Promise<void> {
    if (this.#term !== undefined && term !== this.#term + 1) {
      this.#superseded(new AppError('superseded', `another process has kept the records in ${this.#database.name}`))
      return
    }
    this.#term = term
    this.#isSoleWriter = true
  }

  async #leadNoMore(): Promise<void> {
    this.#isSoleWriter = false
  }

  /** What it has changed, nobody here has heard of: only reading everything anew helps. */
  #superseded(error: AppError): void {
    this.#isSoleWriter = false
    if (this.#refusal) return
    this.#refusal = error
    this.#options.onFatal?.(error)
  }

  #checkOpen(): void {
    if (this.#refusal) throw this.#refusal
  }
}
