import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { AppError } from '../../base/errors.js'
import { RECORDS_SCHEMA } from './records-schema.js'
import { RESOURCE_SCHEMA, type Schema, schemaVersion } from './schema.js'

export interface DatabaseStatus {
  readonly path: string
  /** Of its schema; 0 before the first start. */
  readonly version: number
  /** What this zonelab brings it to when it opens it. */
  readonly newest: number
}

/** A control plane's resources, or a manager's records. */
const OURS: readonly Schema[] = [RESOURCE_SCHEMA, RECORDS_SCHEMA]

/** Looks without changing anything. Throws `not-found`, `invalid-argument`, and at once `store-locked` when it is in use. */
export function databaseStatus(path: string): DatabaseStatus {
  if (!existsSync(path)) throw new AppError('not-found', `there is no database ${path}`)
  let db: Database.Database | undefined
  try {
    db = new Database(path, { readonly: true, timeout: 0 })
    const { migrations } = schemaOf(db) ?? {}
    if (migrations === undefined) throw new AppError('invalid-argument', `${path} is another program's database`)
    return { path, version: schemaVersion(db), newest: migrations.length }
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown
    if (thrown instanceof Database.SqliteError && thrown.code.startsWith('SQLITE_BUSY')) {
      const text = `${path} is held by the control plane that runs on it, and that brought it up to date when it opened it`
      throw new AppError('store-locked', text, { cause: thrown })
    }
    throw new AppError('invalid-argument', `${path} cannot be read as a database`, { cause: thrown })
  } finally {
    db?.close()
  }
}

/** Undefined: another program's. Nobody's yet, as a start that was cut short leaves one, is what the first start makes of it. */
function schemaOf(db: Database.Database): Schema | undefined {
  const id = db.pragma('application_id', { simple: true })
  const empty = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0
  return OURS.find(({ applicationId }) => applicationId === id) ?? (empty ? RESOURCE_SCHEMA : undefined)
}
