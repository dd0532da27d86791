import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { AppError } from '../../base/errors.js'
import { APPLICATION_ID, MIGRATIONS, schemaVersion } from './schema.js'

export interface DatabaseStatus {
  readonly path: string
  /** Of its schema; 0 before the first start. */
  readonly version: number
  /** What this zonelab brings it to when it opens it. */
  readonly newest: number
}

/** Looks without changing anything. Throws `not-found`, `invalid-argument`, and at once `store-locked` when it is in use. */
export function databaseStatus(path: string): DatabaseStatus {
  if (!existsSync(path)) throw new AppError('not-found', `there is no database ${path}`)
  let db: Database.Database | undefined
  try {
    db = new Database(path, { readonly: true, timeout: 0 })
    const version = schemaVersion(db)
    if (version > 0 && db.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
      throw new AppError('invalid-argument', `${path} is another program's database`)
    }
    return { path, version, newest: MIGRATIONS.length }
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
