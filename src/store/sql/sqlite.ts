import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { invariant } from '../../base/assert.js'
import { AppError } from '../../base/errors.js'
import { migrate, RESOURCE_SCHEMA, type Schema, schemaVersion } from './schema.js'
import { corruptText, sqliteFailure } from './sqlite-error.js'

/** `FULL`: a commit survives a power cut. `NORMAL`: it may be lost then, for replicas that are filled again. */
export type Synchronous = 'FULL' | 'NORMAL'

export const MEMORY_PATH = ':memory:'

/** quick_check reads about 0.5 GB/s; a larger file would delay the start by more than it is worth. */
const QUICK_CHECK_BYTES_MAX = 256 * 2 ** 20
/** The WAL is cut back to this after a checkpoint; it is larger only after one very large commit. */
const JOURNAL_BYTES_MAX = 16 * 2 ** 20
/**
 * After so many pages the WAL goes into the file, in the commit that fills it. Small steps cost as much together as SQLite's
 * of 1,000 pages, and none of them holds a commit up for long: 2 ms at most where those took up to 8.
 */
const CHECKPOINT_PAGES = 64
/** The WAL-reset bug (two connections, one checkpointing) was fixed here. */
const SQLITE_VERSION_MIN = [3, 51, 3] as const

/** Opening fails for where the file is, not for what is in it. */
const UNREACHABLE = /^(E[A-Z]+|SQLITE_(CANTOPEN|READONLY|PERM|AUTH).*)$/

/**
 * Opens the one connection to a store's file, made (0600) if it is not there, locked until closed or until the process
 * is gone. Throws `store-locked`, `store-corrupt`, `store-newer` or `invalid-argument` (cannot be reached, or is another
 * program's); the file is then untouched.
 */
export function openDatabase(path: string, synchronous: Synchronous, schema = RESOURCE_SCHEMA): Database.Database {
  if (path === MEMORY_PATH) return memoryDatabase(schema)
  let db: Database.Database | undefined
  try {
    if (exists(path)) inspect(path, schema)
    else create(path)
    db = new Database(path, { timeout: 0, fileMustExist: true })
    takeOver(db, path, synchronous, schema)
    return db
  } catch (thrown) {
    db?.close()
    throw openError(thrown, path)
  }
}

export function closeDatabase(db: Database.Database): void {
  if (db.name !== MEMORY_PATH) rmSync(pidFile(db.name), { force: true })
  db.close()
}

function memoryDatabase(schema: Schema): Database.Database {
  const db = new Database(MEMORY_PATH)
  migrate(db, schema)
  return db
}

function create(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  // SQLite gives its -wal file the mode of this one.
  closeSync(openSync(path, 'wx', 0o600))
}

/**
 * Looks at an existing file over a read-only connection, because a writing one would replay the log into a file that we
 * then refuse. Never opens the file itself: closing any descriptor of it drops this process's POSIX locks on it.
 */
function inspect(path: string, { applicationId, migrations }: Schema): void {
  if (!statSync(path).isFile()) {
    throw new AppError('invalid-argument', `the store ${path} cannot be opened (it is no file): check the path`)
  }
  const bytes = sizeOf(path)
  if (bytes === 0 && sizeOf(`${path}-wal`) > 0) {
    throw new AppError('store-corrupt', corruptText(path, 'the file is empty but its log is not'))
  }
  if (bytes === 0) return
  const db = new Database(path, { readonly: true, timeout: 0 })
  try {
    const id = db.pragma('application_id', { simple: true })
    const tables = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()
    if (id !== applicationId && tables !== 0) {
      throw new AppError('invalid-argument', `${path} is a database of another program: name another file`)
    }
    const version = schemaVersion(db)
    if (version > migrations.length) {
      const known = `it has schema ${version}, this zonelab knows up to ${migrations.length}`
      throw new AppError('store-newer', `the store ${path} was written by a newer zonelab (${known}): upgrade zonelab`)
    }
    if (bytes <= QUICK_CHECK_BYTES_MAX) quickCheck(db, path)
  } catch (thrown) {
    // A power cut left a rollback to be done, which is for the writer; until then there is nothing to look at.
    if (!(thrown instanceof Database.SqliteError && thrown.code.startsWith('SQLITE_READONLY'))) throw thrown
  } finally {
    db.close()
  }
}

function takeOver(db: Database.Database, path: string, synchronous: Synchronous, schema: Schema): void {
  const version = db.prepare('SELECT sqlite_version()').pluck().get() as string
  invariant(isAtLeast(version, SQLITE_VERSION_MIN), `SQLite ${version} is older than ${SQLITE_VERSION_MIN.join('.')}`)
  // The lock is the operating system's, so that it ends with its process, however that ends.
  db.pragma('locking_mode = EXCLUSIVE')
  db.exec('BEGIN EXCLUSIVE; COMMIT')
  // What `inspect` leaves behind: in this locking mode the -shm file is not used, and the -wal file may be too open.
  rmSync(`${path}-shm`, { force: true })
  for (const file of [path, `${path}-wal`].filter(exists)) chmodSync(file, 0o600)
  writeFileSync(pidFile(path), `${process.pid}\n`, { mode: 0o600 })
  db.pragma('trusted_schema = OFF')
  db.pragma('cell_size_check = ON')
  db.pragma('mmap_size = 0')
  db.pragma('temp_store = MEMORY')
  db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  db.pragma(`journal_size_limit = ${JOURNAL_BYTES_MAX}`)
  db.pragma('journal_mode = WAL')
  db.pragma(`synchronous = ${synchronous}`)
  migrate(db, schema)
  // Read back after the first transaction: better-sqlite3's build lowers FULL to NORMAL there unless it was set by hand.
  const settings = ['journal_mode', 'synchronous', 'locking_mode'].map((name) => db.pragma(name, { simple: true }))
  const wanted = ['wal', synchronous === 'FULL' ? 2 : 1, 'exclusive']
  invariant(settings.join() === wanted.join(), `SQLite settings are ${settings.join()}, not ${wanted.join()}`)
}

function quickCheck(db: Database.Database, path: string): void {
  const findings = db.pragma('quick_check(1)', { simple: true })
  if (findings !== 'ok') throw new AppError('store-corrupt', corruptText(path, String(findings)))
}

function openError(thrown: unknown, path: string): AppError {
  if (thrown instanceof Database.SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(thrown.code)) {
    const text = `the store ${path} is in use by ${holder(path)}: stop it first, or name another file`
    return new AppError('store-locked', text, { cause: thrown })
  }
  if (thrown instanceof Error && 'code' in thrown && UNREACHABLE.test(String(thrown.code))) {
    const text = `the store ${path} cannot be opened (${thrown.code}): check the path and who may write there`
    return new AppError('invalid-argument', text, { cause: thrown })
  }
  return sqliteFailure(thrown, path).error
}

/** Only who holds the lock writes this file, so while somebody holds it the number is true. */
function pidFile(path: string): string {
  return `${path}.pid`
}

function holder(path: string): string {
  try {
    return `process ${readFileSync(pidFile(path), 'utf8').trim()}`
  } catch {
    return 'another process'
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function isAtLeast(version: string, wanted: readonly number[]): boolean {
  const parts = version.split('.').map(Number)
  const difference = wanted.map((part, index) => (parts[index] ?? 0) - part).find((part) => part !== 0)
  return (difference ?? 0) >= 0
}
