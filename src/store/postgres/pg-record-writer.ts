import pg from 'pg'
import type { Clock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import type { RecordChange, RecordKey, RecordWrite, StoredRecord } from '../records.js'
import { applyWrites, type RecordRows, secretTaken } from '../records-transaction.js'
import { ofOrganization, type PgDatabase, type Statement, type WriteTransaction } from './pg-database.js'
import { type PgFailure, pgFailure } from './pg-error.js'
import { notWritten, transactionOutcome } from './pg-outcome.js'
import { type RecordColumns, recordOf, recordStatements as statements } from './pg-record-statements.js'

export interface PgRecordWriterOptions {
  readonly database: PgDatabase
  readonly instance: string
  readonly clock: Clock
}

interface Plan {
  readonly changes: readonly RecordChange[]
  readonly statements: readonly Statement[]
  /** After the commit. */
  readonly revision: number
  /** By which the database remembers the transaction. */
  readonly transaction: string
}

type Attempt =
  | { readonly kind: 'done'; readonly changes: readonly RecordChange[] }
  | { readonly kind: 'failed'; readonly failure: PgFailure }

/** Writes commits of records, each in one transaction of two round trips. */
export class PgRecordWriter {
  readonly #options: PgRecordWriterOptions

  constructor(options: PgRecordWriterOptions) {
    this.#options = options
  }

  /** Throws as `OrganizationStore.commit`, and `superseded` when another process keeps the records now. */
  async commit(organization: string, writes: readonly RecordWrite[]): Promise<readonly RecordChange[]> {
    let attempt = await this.#attempt(organization, writes)
    // The connection had died before anything was written on it: another will do.
    for (let triesLeft = this.#options.database.connectionsMax; isDead(attempt) && triesLeft > 0; triesLeft -= 1) {
      attempt = await this.#attempt(organization, writes)
    }
    if (attempt.kind === 'failed') throw attempt.failure.error
    return attempt.changes
  }

  async #attempt(organization: string, writes: readonly RecordWrite[]): Promise<Attempt> {
    const { database, clock } = this.#options
    const made: { plan: Plan | undefined } = { plan: undefined }
    try {
      await database.write(ofOrganization(organization), async (transaction) => {
        const plan = await this.#plan(transaction, organization, writes)
        if (plan.statements.length === 0) return
        made.plan = plan
        await transaction.commit(...plan.statements, ...statements.end(organization, plan.revision))
      })
    } catch (thrown) {
      if (isSecretTaken(thrown)) throw secretTaken()
      const failure = pgFailure(thrown, database.name)
      const { plan } = made
      if ((failure.kind !== 'dead' && failure.kind !== 'hung') || !plan) return { kind: 'failed', failure }
      const outcome = await transactionOutcome({ database, clock, transaction: plan.transaction }, async () => {
        const [row] = await database.read<{ revision: string }>(
          ofOrganization(organization),
          statements.head(organization),
        )
        return Number(row?.revision) >= plan.revision
      })
      if (outcome !== 'committed') return { kind: 'failed', failure: notWritten(outcome, database) }
    }
    return { kind: 'done', changes: made.plan?.changes ?? [] }
  }

  /** Decides the commit over the rows that it meets, without writing. */
  async #plan(transaction: WriteTransaction, organization: string, writes: readonly RecordWrite[]): Promise<Plan> {
    const met = statements.met(organization, writes)
    let [[locked], found, [writer]] = await Promise.all([
      transaction.query<{ revision: string; transaction: string }>(statements.lock(organization)),
      transaction.query<RecordColumns>(met),
      transaction.query(statements.writer(this.#options.instance)),
    ])
    if (!writer) throw new AppError('superseded', 'another process keeps these records now')
    if (!locked) {
      await transaction.query(statements.begin(organization))
      ;[[locked], found] = await Promise.all([
        transaction.query<{ revision: string; transaction: string }>(statements.lock(organization)),
        transaction.query<RecordColumns>(met),
      ])
    }
    if (!locked) throw new AppError('unavailable', 'the organisation is just being made: try again')
    const rows = new PlannedRows(organization, found.map(recordOf))
    const changes = applyWrites(rows, writes)
    const { revision, transaction: id } = locked
    return { changes, statements: rows.statements, revision: Number(revision) + 1, transaction: id }
  }
}

function isDead(attempt: Attempt): boolean {
  return attempt.kind === 'failed' && attempt.failure.kind === 'dead'
}

/** Only the database knows the digests of other organisations, and says no more of one than that it is there. */
const DIGEST_KEYS: readonly (string | undefined)[] = ['credential_pkey', 'record_organisation_id_digest_key']

function isSecretTaken(thrown: unknown): boolean {
  return thrown instanceof pg.DatabaseError && DIGEST_KEYS.includes(thrown.constraint)
}

/** The rows that a commit meets, as its writes leave them, and the statements that leave them so in the database. */
class PlannedRows implements RecordRows {
  readonly statements: Statement[] = []
  readonly #organization: string
  /** Ids are unique in an organisation. */
  readonly #records: Map<string, StoredRecord>

  constructor(organization: string, found: readonly StoredRecord[]) {
    this.#organization = organization
    this.#records = new Map(found.map((record) => [record.id, record]))
  }

  get({ kind, id }: RecordKey): StoredRecord | undefined {
    const record = this.#records.get(id)
    return record?.kind === kind ? record : undefined
  }

  named({ kind, parent, name }: StoredRecord): string | undefined {
    return this.#find((record) => record.kind === kind && record.parent === parent && record.name === name)?.id
  }

  isTaken(id: string): boolean {
    return this.#records.has(id)
  }

  isDigestTaken(digest: string, by: string): boolean {
    return this.#find((record) => record.digest === digest && record.id !== by) !== undefined
  }

  ownedBy(parent: string): readonly StoredRecord[] {
    return [...this.#records.values()].filter((record) => record.parent === parent)
  }

  insert(record: StoredRecord): void {
    this.#records.set(record.id, record)
    this.statements.push(statements.insert(this.#organization, record))
  }

  update(record: StoredRecord): void {
    this.#records.set(record.id, record)
    this.statements.push(statements.update(this.#organization, record))
  }

  delete(key: RecordKey): void {
    this.#records.delete(key.id)
    this.statements.push(statements.delete(this.#organization, key))
  }

  append(entry: Parameters<RecordRows['append']>[0]): void {
    this.statements.push(statements.append(this.#organization, entry))
  }

  #find(fits: (record: StoredRecord) => boolean): StoredRecord | undefined {
    return [...this.#records.values()].find(fits)
  }
}
