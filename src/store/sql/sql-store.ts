import type { Clock } from '../../base/clock.js'
import type { AppError } from '../../base/errors.js'
import { type Logger, silentLogger } from '../../base/log.js'
import { type Metrics, noMetrics } from '../../base/metrics.js'
import type { Random } from '../../base/random.js'
import type { TenantId } from '../../model/tenant.js'
import type { ResourceStore, TenantStore } from '../store.js'
import { openInlineRunner } from './inline-runner.js'
import type { SqlRunner } from './requests.js'
import { SqlSession } from './sql-session.js'
import { SqlTenantStore, type SqlTenantStoreOptions } from './sql-tenant-store.js'
import type { Synchronous } from './sqlite.js'
import { openWorkerRunner } from './worker-runner.js'
import type { WritePace } from './write-pace.js'

export interface SqlStoreOptions {
  readonly clock: Clock
  readonly random: Random
  /** Hears of watchers that throw. Default: silent. */
  readonly log?: Logger
  readonly metrics?: Metrics
  /** Keeps one tenant's burst from the others. Default: every tenant writes as fast as the disk allows. */
  readonly pace?: WritePace
  /** Called once if the disk fails under way: nothing is acknowledged any more, and the process should end. */
  readonly onFatal?: (error: AppError) => void
}

export interface SqliteStoreOptions extends SqlStoreOptions {
  /** The database file; made if it is not there. `:memory:` for none. */
  readonly path: string
  /** `worker` keeps waiting for the disk off this thread; `in-thread` is for simulations. Default: worker. */
  readonly threading?: 'worker' | 'in-thread'
  /** Default: FULL. NORMAL only for what can be fetched again. */
  readonly synchronous?: Synchronous
}

/** Opens the store. Rejects as `openDatabase` throws. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<ResourceStore> {
  const open = options.threading === 'in-thread' ? openInlineRunner : openWorkerRunner
  return new SqlStore(await open(options.path, options.synchronous ?? 'FULL'), options)
}

/** The store over a runner of SQL. */
export class SqlStore implements ResourceStore {
  readonly peers = undefined
  readonly #session: SqlSession
  readonly #options: SqlTenantStoreOptions
  readonly #tenants = new Map<TenantId, SqlTenantStore>()

  constructor(runner: SqlRunner, options: SqlStoreOptions) {
    const { clock, random, log = silentLogger, metrics = noMetrics, pace, onFatal = () => {} } = options
    this.#options = { clock, random, log }
    this.#session = new SqlSession(runner, {
      clock,
      metrics,
      pace,
      onFatal: (error) => {
        log.error('the store has stopped', { error })
        onFatal(error)
      },
    })
  }

  tenants(): Promise<readonly TenantId[]> {
    return this.#session.read({ kind: 'tenants' })
  }

  tenant(tenant: TenantId): TenantStore {
    return this.#bound(tenant)
  }

  deleteTenant(tenant: TenantId): Promise<void> {
    return this.#bound(tenant).delete()
  }

  close(): Promise<void> {
    return this.#session.close()
  }

  #bound(tenant: TenantId): SqlTenantStore {
    const known = this.#tenants.get(tenant)
    if (known) return known
    const store = new SqlTenantStore(tenant, this.#session, this.#options)
    this.#tenants.set(tenant, store)
    return store
  }
}
