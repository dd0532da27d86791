import { type Clock, sleep } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import { DatabaseAway } from '../database-away.js'
import type { PgDatabase } from './pg-database.js'
import type { PgFailure } from './pg-error.js'

export type TransactionOutcome = 'committed' | 'aborted' | 'unknown'

interface LostTransaction {
  readonly database: PgDatabase
  readonly clock: Clock
  /** By which the database remembers it. */
  readonly transaction: string
}

/** How long a commit whose connection was lost is asked after, before it is answered that nobody knows. */
const OUTCOME_WITHIN_MS = 5_000
const OUTCOME_EVERY_MS = 100

/**
 * The connection was lost with a COMMIT on its way. The database remembers what became of the transaction; `hasGotAsFar`
 * is asked too, as after a failover to a standby that lacks it the number is somebody else's.
 */
export async function transactionOutcome(
  { database, clock, transaction }: LostTransaction,
  hasGotAsFar: () => Promise<boolean>,
): Promise<TransactionOutcome> {
  const untilMs = clock.monotonicMs() + OUTCOME_WITHIN_MS
  while (clock.monotonicMs() < untilMs) {
    try {
      const [status] = await database.ask<{ status: string | null }>(
        'SELECT pg_xact_status($1::text::xid8) AS status',
        [transaction],
      )
      if (status?.status === 'aborted') return 'aborted'
      if (status?.status === 'committed') return (await hasGotAsFar()) ? 'committed' : 'unknown'
      if (status?.status !== 'in progress') return 'unknown'
    } catch (thrown) {
      if (AppError.from(thrown).code !== 'unavailable') return 'unknown'
    }
    await sleep(clock, OUTCOME_EVERY_MS)
  }
  return 'unknown'
}

/** Never tried again by us: the writer decides. */
export function notWritten(outcome: 'aborted' | 'unknown', database: PgDatabase): PgFailure {
  const text =
    outcome === 'aborted'
      ? `the database ${database.name} ended the connection before it wrote: try again`
      : `the database ${database.name} went away while it wrote, and whether it did is not known: look before you try again`
  return { kind: 'rolled-back', error: new DatabaseAway(text) }
}
