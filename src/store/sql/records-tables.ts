import type { Database } from 'better-sqlite3'
import type { JsonText } from '../../model/json.js'
import type { Found, JournalEntry, RecordFilter, RecordKey, StoredRecord } from '../records.js'
import type { RecordRows } from '../records-transaction.js'

interface Row {
  readonly kind: string
  readonly id: string
  readonly parent: string
  readonly name: string
  readonly digest: string | null
  readonly version: number
  readonly body: JsonText
}

const COLUMNS = 'kind, id, parent, name, digest, version, body'

/** The statements of the records store, each prepared once. */
export class RecordTables {
  readonly #sql

  constructor(db: Database) {
    this.#sql = prepare(db)
  }

  organizations(): string[] {
    return this.#sql.organizations.all()
  }

  get(organization: string, { kind, id }: RecordKey): StoredRecord | undefined {
    const row = this.#sql.get.get(organization, kind, id)
    return row && recordOf(row)
  }

  list(organization: string, kind: string, { parent, name }: RecordFilter): StoredRecord[] {
    return this.#sql.list.all({ organization, kind, parent: parent ?? null, name: name ?? null }).map(recordOf)
  }

  findByDigest(digest: string): Found | undefined {
    const row = this.#sql.findByDigest.get(digest)
    return row && { organization: row.organization, record: recordOf(row) }
  }

  journal(organization: string, after: number, limit: number): JournalEntry[] {
    return this.#sql.journal.all(organization, after, limit)
  }

  /** For a transaction. */
  rowsOf(organization: string): RecordRows {
    const sql = this.#sql
    return {
      get: (key) => this.get(organization, key),
      named: ({ kind, parent, name }) => sql.named.get(organization, kind, parent ?? '', name),
      isTaken: (id) => sql.isTaken.get(organization, id) !== undefined,
      isDigestTaken: (digest, by) => (this.findByDigest(digest)?.record.id ?? by) !== by,
      ownedBy: (parent) => sql.ownedBy.all(organization, parent).map(recordOf),
      insert: (record) => sql.insert.run(rowOf(organization, record)),
      update: (record) => sql.update.run(rowOf(organization, record)),
      delete: ({ kind, id }) => sql.delete.run(organization, kind, id),
      append: (entry) => sql.append.run({ organization, entry }),
    }
  }
}

function prepare(db: Database) {
  return {
    organizations: db.prepare<[], string>('SELECT DISTINCT organization FROM record ORDER BY organization').pluck(),
    get: db.prepare<[string, string, string], Row>(
      `SELECT ${COLUMNS} FROM record WHERE organization = ? AND kind = ? AND id = ?`,
    ),
    list: db.prepare<[{ organization: string; kind: string; parent: string | null; name: string | null }], Row>(
      `SELECT ${COLUMNS} FROM record WHERE organization = @organization AND kind = @kind
         AND (@parent IS NULL OR parent = @parent) AND (@name IS NULL OR name = @name) ORDER BY created`,
    ),
    ownedBy: db.prepare<[string, string], Row>(
      `SELECT ${COLUMNS} FROM record WHERE organization = ? AND parent = ? AND parent <> ''`,
    ),
    findByDigest: db.prepare<[string], Row & { readonly organization: string }>(
      `SELECT organization, ${COLUMNS} FROM record WHERE digest = ?`,
    ),
    named: db
      .prepare<[string, string, string, string], string>(
        'SELECT id FROM record WHERE organization = ? AND kind = ? AND parent = ? AND name = ?',
      )
      .pluck(),
    isTaken: db.prepare<[string, string]>('SELECT 1 FROM record WHERE organization = ? AND id = ?'),
    insert: db.prepare<[Row & { readonly organization: string }]>(
      `INSERT INTO record (organization, kind, id, parent, name, digest, version, body, created)
       VALUES (@organization, @kind, @id, @parent, @name, @digest, @version, @body,
         (SELECT coalesce(max(created), 0) + 1 FROM record WHERE organization = @organization))`,
    ),
    update: db.prepare<[Row & { readonly organization: string }]>(
      `UPDATE record SET parent = @parent, name = @name, digest = @digest, version = @version, body = @body
       WHERE organization = @organization AND kind = @kind AND id = @id`,
    ),
    delete: db.prepare<[string, string, string]>('DELETE FROM record WHERE organization = ? AND kind = ? AND id = ?'),
    append: db.prepare<[{ organization: string; entry: JsonText }]>(
      `INSERT INTO journal (organization, sequence, entry) VALUES (@organization,
         (SELECT coalesce(max(sequence), 0) + 1 FROM journal WHERE organization = @organization), @entry)`,
    ),
    journal: db.prepare<[string, number, number], JournalEntry>(
      'SELECT sequence, entry FROM journal WHERE organization = ? AND sequence > ? ORDER BY sequence LIMIT ?',
    ),
  }
}

function rowOf(organization: string, record: StoredRecord): Row & { readonly organization: string } {
  return { ...record, organization, parent: record.parent ?? '', digest: record.digest ?? null }
}

function recordOf({ kind, id, parent, name, digest, version, body }: Row): StoredRecord {
  return { kind, id, parent: parent || undefined, name, digest: digest ?? undefined, version, body }
}
