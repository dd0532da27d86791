import type pg from 'pg'
import { type BackoffPolicy, backoffDelayMs } from '../../base/backoff.js'
import type { Cancel, Clock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import type { Logger } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import type { PgDatabase } from './pg-database.js'

/** What lives on the session: notifications, locks that end with it. */
export interface SessionMember {
  /** A connection is there. Rejecting gives it up, and another is made. */
  up(client: pg.Client): Promise<void>
  /** It is gone, and with it what it held; also called when it never was. */
  down(): void
}

export interface PgSessionOptions {
  readonly database: PgDatabase
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

const BACKOFF: BackoffPolicy = { baseMs: 250, capMs: 5_000, jitter: 0.5 }

/** One connection that is kept for as long as the process lives, made again whenever it is lost. */
export class PgSession {
  readonly #options: PgSessionOptions
  readonly #members: SessionMember[] = []
  #client: pg.Client | undefined
  #cancelRetry: Cancel = () => {}
  #attempt = 0
  #stopped = false

  constructor(options: PgSessionOptions) {
    this.#options = options
  }

  /** One that comes when the session is up joins it at once. */
  add(member: SessionMember): void {
    this.#members.push(member)
    const client = this.#client
    if (client) member.up(client).catch(() => void client.end())
  }

  /** Resolves when it is up or has failed once; from then on it is kept in the background. */
  async start(): Promise<void> {
    await this.#connect()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelRetry()
    const client = this.#client
    this.#lost(client)
    await client?.end().catch(() => {})
  }

  async #connect(): Promise<void> {
    const { database, log } = this.#options
    let client: pg.Client | undefined
    try {
      client = await database.dedicated()
      if (this.#stopped) return void (await client.end())
      const made = client
      client.once('end', () => this.#lost(made))
      for (const member of this.#members) await member.up(client)
      this.#client = client
      this.#attempt = 0
    } catch (thrown) {
      log.warn('the session with the database is not there', { error: AppError.from(thrown) })
      for (const member of this.#members) member.down()
      void client?.end().catch(() => {})
      this.#retryLater()
    }
  }

  #lost(client: pg.Client | undefined): void {
    if (!client || this.#client !== client) return
    this.#client = undefined
    for (const member of this.#members) member.down()
    if (this.#stopped) return
    this.#options.log.warn('the session with the database was lost')
    this.#retryLater()
  }

  #retryLater(): void {
    if (this.#stopped) return
    this.#attempt += 1
    const delayMs = backoffDelayMs(BACKOFF, this.#attempt, this.#options.random)
    this.#cancelRetry = this.#options.clock.after(delayMs, () => void this.#connect())
  }
}
