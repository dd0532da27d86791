import type { Clock } from '../../base/clock.js'
import type { Logger } from '../../base/log.js'
import type { Random } from '../../base/random.js'
import type { ResourceType } from '../../model/registry.js'
import type { Resource, ResourceKey } from '../../model/resource.js'
import type { TenantId } from '../../model/tenant.js'
import { ChangeFeed, type CommitListener } from '../change-feed.js'
import type { ChangesSince, CommitResult, Head, ListFilter, Listing, TenantStore, Write } from '../store.js'
import type { Committed } from './requests.js'
import type { SqlSession } from './sql-session.js'

export interface SqlTenantStoreOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** One tenant over a session. */
export class SqlTenantStore implements TenantStore {
  readonly tenant: TenantId
  readonly #session: SqlSession
  readonly #options: SqlTenantStoreOptions
  readonly #feed: ChangeFeed
  /** The tenant's epoch until its first commit puts it into the database. */
  #freshEpoch: string

  constructor(tenant: TenantId, session: SqlSession, options: SqlTenantStoreOptions) {
    this.tenant = tenant
    this.#session = session
    this.#options = options
    this.#feed = new ChangeFeed(tenant, options.log)
    this.#freshEpoch = options.random.uuid()
  }

  get(key: ResourceKey): Promise<Resource | undefined> {
    return this.#session.read({ kind: 'get', tenant: this.tenant, key })
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

  changesSince(epoch: string, revision: number): Promise<ChangesSince> {
    const { tenant } = this
    return this.#session.read({ kind: 'changes-since', tenant, freshEpoch: this.#freshEpoch, epoch, revision })
  }

  async commit(writes: readonly Write[]): Promise<CommitResult> {
    const { clock, random } = this.#options
    const { tenant } = this
    const stamp = { nowMs: clock.nowMs(), uids: writes.map(() => random.uuid()) }
    const publish = (committed: Committed) => {
      if (committed.changes.length > 0) this.#publish(committed)
    }
    const request = { kind: 'commit', tenant, freshEpoch: this.#freshEpoch, writes, ...stamp } as const
    const { outcomes, head } = await this.#session.write(request, publish)
    return { outcomes, revision: head.revision }
  }

  watch(listener: CommitListener): () => void {
    return this.#feed.watch(listener)
  }

  /** Deletes everything and begins the next epoch. */
  async delete(): Promise<void> {
    const nextEpoch = this.#options.random.uuid()
    this.#freshEpoch = nextEpoch
    const request = { kind: 'delete-tenant', tenant: this.tenant, nextEpoch } as const
    await this.#session.write(request, (committed) => this.#publish(committed))
  }

  #list(types: readonly ResourceType[], filter: ListFilter): Promise<Listing> {
    return this.#session.read({ kind: 'list', tenant: this.tenant, freshEpoch: this.#freshEpoch, types, filter })
  }

  #publish({ head, changes }: Committed): void {
    this.#feed.publish({ ...head, changes })
  }
}
