import Database from 'better-sqlite3'
import { AppError } from '../../base/errors.js'

/**
 * What a failed statement means. `refused`: this request alone. `rolled-back`: the whole transaction, nothing was
 * written. `stopped`: after a failed fsync or on a damaged page nobody knows what the disk holds, so nothing may be
 * acknowledged any more, and trying again would only hide it (reliability.md §6.1).
 */
export interface SqliteFailure {
  readonly kind: 'refused' | 'rolled-back' | 'stopped'
  readonly error: AppError
}

const STOPPING = /^SQLITE_(IOERR|CORRUPT|NOTADB|CANTOPEN|READONLY|PROTOCOL)/

export function sqliteFailure(thrown: unknown, path: string): SqliteFailure {
  if (!(thrown instanceof Database.SqliteError)) return { kind: 'refused', error: AppError.from(thrown) }
  const { code } = thrown
  if (code === 'SQLITE_FULL') {
    const text = `no space is left for the store ${path}: nothing was written, reads go on; free some space and try again`
    return { kind: 'rolled-back', error: new AppError('store-full', text, { cause: thrown }) }
  }
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) {
    return { kind: 'stopped', error: new AppError('store-corrupt', corruptText(path, code), { cause: thrown }) }
  }
  if (STOPPING.test(code)) {
    const text = `the store ${path} stopped after a disk error (${code}): what was not answered is unknown; check the disk and start again`
    return { kind: 'stopped', error: new AppError('unavailable', text, { cause: thrown }) }
  }
  return { kind: 'refused', error: new AppError('internal', `${path}: ${thrown.message} (${code})`, { cause: thrown }) }
}

export function corruptText(path: string, why: string): string {
  return `the store ${path} is damaged (${why}) and was left as it is: move ${path}, ${path}-wal and ${path}-shm aside together and restore a backup, or start with an empty store`
}
