import type { Clock } from '../../base/clock.js'
import type { Logger } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import type { TenantId } from '../../model/tenant.js'
import type { CallHandler, LeaderJob, Peers, Presence } from '../peers.js'
import { PgCalls } from './pg-calls.js'
import { applicationName, type PgDatabase } from './pg-database.js'
import { PgLeadership } from './pg-leadership.js'
import type { PgSession } from './pg-session.js'

export interface PgPeersOptions {
  readonly instance: string
  readonly database: PgDatabase
  readonly session: PgSession
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** The processes over one database: each is present while its session is. */
export class PgPeers implements Peers {
  readonly #options: PgPeersOptions
  readonly #calls: PgCalls
  readonly #leaderships: PgLeadership[] = []
  readonly #tenantListeners = new Set<() => void>()

  constructor(options: PgPeersOptions) {
    this.#options = options
    this.#calls = new PgCalls(options)
    options.session.add(this.#calls)
  }

  lead(role: string, job: LeaderJob): void {
    const leadership = new PgLeadership({ ...this.#options, role, job })
    this.#leaderships.push(leadership)
    this.#options.session.add(leadership)
  }

  async present(): Promise<Presence> {
    const rows = await this.#options.database.ask<{ name: string }>(
      `SELECT application_name AS name FROM pg_stat_activity
        WHERE datname = current_database() AND usename = current_user`,
    )
    const names = new Set(rows.map(({ name }) => name))
    return { has: (instance) => names.has(applicationName(instance)) }
  }

  answer(handler: CallHandler): void {
    this.#calls.answer(handler)
  }

  call(instance: string, tenant: TenantId, request: Uint8Array): Promise<Uint8Array> {
    return this.#calls.call(instance, tenant, request)
  }

  watchTenants(listener: () => void): () => void {
    this.#tenantListeners.add(listener)
    return () => this.#tenantListeners.delete(listener)
  }

  /** Something has changed of a tenant that nobody here has asked for, or some time has passed. */
  tenantsMayHaveChanged(): void {
    for (const listener of this.#tenantListeners) listener()
  }

  /** Resolves when no job of a leader runs any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#leaderships.map((leadership) => leadership.settled()))
  }
}
