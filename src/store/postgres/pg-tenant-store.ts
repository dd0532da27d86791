import type { Clock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import type { Logger } from '../../base/log.js'
import type { Metrics } from '../../base/metrics.js'
import type { Random } from '../../base/random.js'
import type { ResourceType } from '../../model/registry.js'
import type { Resource, ResourceKey } from '../../model/resource.js'
import type { TenantId } from '../../model/tenant.js'
import type { CommitListener } from '../change-feed.js'
import { byMeshThenName, matches } from '../listing.js'
import type { Fence } from '../peers.js'
import type { Committed, WriteRequest } from '../sql/requests.js'
import type { WritePace } from '../sql/write-pace.js'
import { WriteQueue } from '../sql/write-queue.js'
import type { ChangesSince, CommitResult, Head, ListFilter, Listing, TenantStore, Write } from '../store.js'
import { ofTenant, type PgDatabase, type Statement } from './pg-database.js'
import { PgFeed } from './pg-feed.js'
import {
  type Joined,
  keyOfColumns,
  type ResourceColumns,
  resourceOf,
  statements,
  type TenantColumns,
} from './pg-statements.js'
import { PgWriter } from './pg-writer.js'

export interface PgTenantStoreOptions {
  readonly tenant: TenantId
  readonly database: PgDatabase
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
  readonly pace?: WritePace | undefined
  readonly checkOpen: () => void
  readonly onWatched: (watched: boolean) => void
  /** Other instances are to look: something of the tenant has changed. */
  readonly onChanged: () => void
}

/** Reads of one tenant under way at once; each holds a promise and, at worst, one listing. */
const READS_MAX = 1_000

type ReadRow = TenantColumns & Joined<ResourceColumns>

/** One tenant of a Postgres database. */
export class PgTenantStore implements TenantStore {
  readonly tenant: TenantId
  readonly #options: PgTenantStoreOptions
  readonly #feed: PgFeed
  readonly #queue: WriteQueue
  readonly #reads = new Set<Promise<unknown>>()

  constructor(options: PgTenantStoreOptions) {
    this.#options = options
    this.tenant = options.tenant
    this.#feed = new PgFeed(options)
    const writer = new PgWriter({
      ...options,
      freshEpoch: () => this.#feed.freshEpoch,
      wasThere: () => this.#feed.seen,
      onCommitted: async (base, committed) => {
        if (committed.some(({ changes }) => changes.length > 0)) options.onChanged()
        await this.#feed.committed(base, committed)
      },
      onDeleted: (nextEpoch) => {
        this.#feed.deleted(nextEpoch)
        options.onChanged()
      },
    })
    this.#queue = new WriteQueue(writer, {
      clock: options.clock,
      pace: options.pace,
      onStopped: (error) => options.log.error('a queue of writes has ended', { error }),
    })
  }

  async get(key: ResourceKey): Promise<Resource | undefined> {
    const [row] = await this.#read<ReadRow>(statements.get(this.tenant, key))
    return row && resourceOf(row)
  }

  list(type: ResourceType, filter: ListFilter = {}): Promise<Listing> {
    return this.#list([type], filter)
  }

  listAll(types: readonly ResourceType[]): Promise<Listing> {
    return this.#list(types, {})
  }

  async head(): Promise<Head> {
    return (await this.#list([], {})).head
  }

  async commit(writes: readonly Write[], fence?: Fence): Promise<CommitResult> {
    const { clock, random } = this.#options
    const stamp = { nowMs: clock.nowMs(), uids: writes.map(() => random.uuid()) }
    const { freshEpoch } = this.#feed
    const { tenant } = this
    const { outcomes, head } = await this.#write({ kind: 'commit', tenant, freshEpoch, writes, fence, ...stamp })
    return { outcomes, revision: head.revision }
  }

  watch(listener: CommitListener): () => void {
    return this.#feed.watch(listener)
  }

  async changesSince(epoch: string, revision: number): Promise<ChangesSince> {
    const rows = await this.#read<TenantColumns & Joined<Pick<ResourceColumns, 'type' | 'mesh' | 'name'>>>(
      statements.keysSince(this.tenant, revision),
    )
    const [first] = rows
    const head = this.#feed.headOf(first)
    if (epoch !== head.epoch || revision < Number(first?.floor ?? 0) || revision > head.revision) {
      return { kind: 'start-over', head }
    }
    return { kind: 'changes', head, keys: rows.flatMap((row) => (row.type === null ? [] : [keyOfColumns(row)])) }
  }

  /** Deletes everything and begins the next epoch. */
  async delete(): Promise<void> {
    await this.#write({ kind: 'delete-tenant', tenant: this.tenant, nextEpoch: this.#options.random.uuid() })
  }

  /** Something was heard of the tenant; without a head, that something has changed. */
  hint(head?: Head): void {
    this.#feed.hint(head).catch((thrown: unknown) => {
      this.#options.log.warn('the change log could not be read', { tenant: this.tenant, error: AppError.from(thrown) })
    })
  }

  /** Resolves when what was asked for is answered. */
  async drained(): Promise<void> {
    await this.#queue.drained()
    await Promise.allSettled(this.#reads)
  }

  async #list(types: readonly ResourceType[], filter: ListFilter): Promise<Listing> {
    const rows = await this.#read<ReadRow>(statements.list(this.tenant, types, filter.mesh))
    const byType = new Map(types.map((type): [ResourceType, Resource[]] => [type, []]))
    for (const row of rows) {
      const resource = resourceOf(row)
      if (resource && matches(resource, filter)) byType.get(resource.type)?.push(resource)
    }
    const resources = types.flatMap((type) => byType.get(type)?.sort(byMeshThenName) ?? [])
    return { head: this.#feed.headOf(rows[0]), resources }
  }

  async #read<R extends TenantColumns>(statement: Statement): Promise<readonly R[]> {
    this.#options.checkOpen()
    if (this.#reads.size >= READS_MAX) {
      throw new AppError('overloaded', `${READS_MAX} reads of ${this.tenant} are under way: try again later`)
    }
    const reading = this.#readNow<R>(statement)
    this.#reads.add(reading)
    return reading.finally(() => this.#reads.delete(reading))
  }

  async #readNow<R extends TenantColumns>(statement: Statement): Promise<readonly R[]> {
    const { seen } = this.#feed
    const rows = await this.#options.database.read<R>(ofTenant(this.tenant), statement)
    if (this.#feed.isBeforeBeginning(rows[0], seen)) return this.#readNow(statement)
    await this.#feed.told(this.#feed.headOf(rows[0]))
    return rows
  }

  async #write(request: WriteRequest): Promise<Committed> {
    this.#options.checkOpen()
    const { clock, metrics } = this.#options
    const startMs = clock.monotonicMs()
    const committed = await this.#queue.enqueue(request, () => {})
    metrics.counter('zonelab_store_commits_total').add(1)
    metrics.histogram('zonelab_store_commit_ms').observe(clock.monotonicMs() - startMs)
    return committed
  }
}
