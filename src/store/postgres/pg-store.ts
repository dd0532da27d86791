import type { Clock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import { type Logger, silentLogger } from '../../base/log.js'
import { type Metrics, noMetrics } from '../../base/metrics.js'
import type { Random } from '../../base/random.js'
import { parseTenantId, type TenantId } from '../../model/tenant.js'
import type { WritePace } from '../sql/write-pace.js'
import type { ResourceStore, TenantStore } from '../store.js'
import { checkDatabase } from './database-check.js'
import { PgDatabase } from './pg-database.js'
import { PgPeers } from './pg-peers.js'
import { PgSession } from './pg-session.js'
import { PgSignals } from './pg-signals.js'
import { PgTenantStore } from './pg-tenant-store.js'

export interface PgStoreOptions {
  readonly url: string
  /** Of this process, unique among those over the database. Default: made here. */
  readonly instance?: string
  readonly connectionsMax?: number
  readonly clock: Clock
  readonly random: Random
  /** Hears of watchers that throw and of a database that goes away. Default: silent. */
  readonly log?: Logger
  readonly metrics?: Metrics
  /** Keeps one tenant's burst from the others. Default: every tenant writes as fast as the database allows. */
  readonly pace?: WritePace
}

/**
 * Opens the store over a database that has been migrated. Rejects `guard-rail` when the role could look behind row level
 * security, `store-newer` or `invalid-argument` for another schema, `unavailable` when the database cannot be reached.
 */
export async function openPostgresStore(options: PgStoreOptions): Promise<PgStore> {
  const instance = options.instance ?? options.random.uuid()
  const database = new PgDatabase({ ...options, instance })
  try {
    await checkDatabase(database)
    const store = new PgStore(database, { ...options, instance })
    await store.start()
    return store
  } catch (thrown) {
    await database.close()
    throw thrown
  }
}

/** Resources in a Postgres database that several processes share. */
export class PgStore implements ResourceStore {
  readonly peers: PgPeers
  readonly #database: PgDatabase
  readonly #session: PgSession
  readonly #options: Required<Pick<PgStoreOptions, 'clock' | 'random' | 'log' | 'metrics'>>
  readonly #tenants = new Map<TenantId, PgTenantStore>()
  readonly #pace: WritePace | undefined
  readonly #watched = new Set<TenantId>()
  readonly #signals: PgSignals
  #closed = false
  #closing: Promise<void> | undefined

  constructor(database: PgDatabase, options: PgStoreOptions & { readonly instance: string }) {
    const { clock, random, log = silentLogger, metrics = noMetrics, instance } = options
    this.#database = database
    this.#options = { clock, random, log, metrics }
    this.#pace = options.pace
    this.#session = new PgSession({ database, clock, random, log })
    this.#signals = new PgSignals({
      clock,
      log,
      watched: () => [...this.#watched],
      onChanged: (tenant) => this.#changedElsewhere(tenant),
      onLook: () => this.peers.tenantsMayHaveChanged(),
      onHead: (tenant, head) => this.#tenants.get(tenant)?.hint(head),
    })
    this.#session.add(this.#signals)
    this.peers = new PgPeers({ instance, database, session: this.#session, clock, random, log })
  }

  start(): Promise<void> {
    return this.#session.start()
  }

  async tenants(): Promise<readonly TenantId[]> {
    this.#checkOpen()
    const rows = await this.#database.ask<{ id: string }>('SELECT id FROM zonelab.control_plane ORDER BY id')
    return rows.map(({ id }) => parseTenantId(id))
  }

  tenant(tenant: TenantId): TenantStore {
    return this.#bound(tenant)
  }

  deleteTenant(tenant: TenantId): Promise<void> {
    return this.#bound(tenant).delete()
  }

  /** Answers what was asked before. Idempotent. */
  close(): Promise<void> {
    this.#closed = true
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#tenants.values()].map((tenant) => tenant.drained()))
    await this.#session.stop()
    await this.peers.settled()
    await this.#database.close()
  }

  #changedElsewhere(tenant: TenantId): void {
    const store = this.#tenants.get(tenant)
    // Nobody here watches it: it is new, or it has just been deleted.
    if (!store || !this.#watched.has(tenant)) this.peers.tenantsMayHaveChanged()
    store?.hint()
  }

  #checkOpen(): void {
    if (this.#closed) throw new AppError('unavailable', 'the store is closed')
  }

  #bound(tenant: TenantId): PgTenantStore {
    const known = this.#tenants.get(tenant)
    if (known) return known
    const store = new PgTenantStore({
      ...this.#options,
      tenant,
      pace: this.#pace,
      database: this.#database,
      checkOpen: () => this.#checkOpen(),
      onWatched: (watched) => this.#onWatched(tenant, watched),
      onChanged: () => this.#signals.changed(tenant),
    })
    this.#tenants.set(tenant, store)
    return store
  }

  #onWatched(tenant: TenantId, watched: boolean): void {
    if (watched) this.#watched.add(tenant)
    else this.#watched.delete(tenant)
  }
}
