import { createHash } from 'node:crypto'
import type pg from 'pg'
import type { Cancel, Clock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import type { Logger } from '../../base/log.js'
import type { LeaderJob } from '../peers.js'
import type { SessionMember } from './pg-session.js'

export interface PgLeadershipOptions {
  readonly role: string
  readonly instance: string
  readonly job: LeaderJob
  readonly clock: Clock
  readonly log: Logger
}

/** Tells our session locks from other programs'. */
const LOCK_SPACE = 0x7a6c
/** A leader that dies is followed within this, as its lock ends with its connection. */
const TRY_EVERY_MS = 500

/**
 * One role: whoever holds the session lock leads. The lock ends with the connection, which the database may notice
 * before its holder does; so each leader takes the next term, and its writes carry it.
 */
export class PgLeadership implements SessionMember {
  readonly #options: PgLeadershipOptions
  #client: pg.Client | undefined
  #leading = false
  #cancelTry: Cancel = () => {}
  /** Starts and stops of the job, one after the other. */
  #turn: Promise<void> = Promise.resolve()

  constructor(options: PgLeadershipOptions) {
    this.#options = options
  }

  async up(client: pg.Client): Promise<void> {
    this.#client = client
    void this.#try(client)
  }

  down(): void {
    this.#client = undefined
    this.#cancelTry()
    if (!this.#leading) return
    this.#leading = false
    this.#options.log.warn('this instance leads no more', { role: this.#options.role })
    this.#inTurn(() => this.#options.job.stop())
  }

  /** Resolves when the job has stopped. */
  settled(): Promise<void> {
    return this.#turn
  }

  async #try(client: pg.Client): Promise<void> {
    const { role, instance, job, clock, log } = this.#options
    try {
      const { rows } = await client.query('SELECT pg_try_advisory_lock($1, $2) AS held', [LOCK_SPACE, lockOf(role)])
      if (this.#client !== client) return
      if (rows[0]?.held === true) {
        const { rows: terms } = await client.query<{ term: string }>(
          `INSERT INTO zonelab.leader AS l (role, term, instance) VALUES ($1, 1, $2)
            ON CONFLICT (role) DO UPDATE SET term = l.term + 1, instance = excluded.instance RETURNING term`,
          [role, instance],
        )
        if (this.#client !== client) return
        const term = Number(terms[0]?.term)
        this.#leading = true
        log.info('this instance leads', { role, term })
        this.#inTurn(() => job.start({ role, term }))
        return
      }
    } catch (thrown) {
      log.warn('leadership could not be asked for', { role, error: AppError.from(thrown) })
    }
    if (this.#client === client) this.#cancelTry = clock.after(TRY_EVERY_MS, () => void this.#try(client))
  }

  #inTurn(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(work).catch((thrown: unknown) => {
      const { role } = this.#options
      this.#options.log.error('a job of the leader failed', { role, error: AppError.from(thrown) })
    })
  }
}

function lockOf(role: string): number {
  return createHash('sha256').update(role).digest().readInt32BE()
}
