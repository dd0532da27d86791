import pg from 'pg'
import { AppError } from '../../base/errors.js'
import { DatabaseAway } from '../database-away.js'

/**
 * What a failure means. `refused`: the statement's data, nothing was written. `rolled-back`: nothing was written, and
 * trying again can help. `dead`: the connection was, or is now. `hung`: it gave no answer in time. After these two nobody
 * knows what became of a COMMIT that was on its way.
 */
export interface PgFailure {
  readonly kind: 'refused' | 'rolled-back' | 'dead' | 'hung'
  readonly error: AppError
}

export function pgFailure(thrown: unknown, database: string): PgFailure {
  if (thrown instanceof AppError) return { kind: 'rolled-back', error: thrown }
  const unavailable = (why: string) =>
    new DatabaseAway(`the database ${database} ${why}: try again later`, { cause: thrown })
  if (!(thrown instanceof pg.DatabaseError)) {
    const message = thrown instanceof Error ? thrown.message || codeOf(thrown) : String(thrown)
    const kind = message === DRIVER_TIMEOUT ? 'hung' : 'dead'
    return { kind, error: unavailable(`cannot be reached (${message})`) }
  }
  const { code = '', severity, message } = thrown
  if (severity === 'FATAL' || severity === 'PANIC') {
    return { kind: 'dead', error: unavailable(`ended the connection (${message})`) }
  }
  if (code === '53100') {
    const text = `no space is left for the database ${database}: nothing was written, reads go on; free some space and try again`
    return { kind: 'rolled-back', error: new AppError('store-full', text, { cause: thrown }) }
  }
  if (RETRYABLE.test(code)) return { kind: 'rolled-back', error: unavailable(`could not do it now (${message})`) }
  const error = new AppError('internal', `the database ${database}: ${message} (${code})`, { cause: thrown })
  return { kind: 'refused', error }
}

const DRIVER_TIMEOUT = 'Query read timeout'

/** Connection and operator's trouble, resources, locks, timeouts, a standby that takes no writes. */
const RETRYABLE = /^(08|40|53|55P03|57|25006)/

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.name
}
