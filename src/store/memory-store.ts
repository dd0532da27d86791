import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { type Logger, silentLogger } from '../base/log.js'
import type { Random } from '../base/random.js'
import type { ResourceType } from '../model/registry.js'
import type { Resource, ResourceKey } from '../model/resource.js'
import type { TenantId } from '../model/tenant.js'
import { ChangeFeed, type CommitListener } from './change-feed.js'
import { MemoryTenant } from './memory-tenant.js'
import type {
  ChangesSince,
  CommitResult,
  Head,
  ListFilter,
  Listing,
  ResourceStore,
  TenantStore,
  Write,
} from './store.js'
import { decide } from './transaction.js'

export interface MemoryStoreOptions {
  readonly clock: Clock
  readonly random: Random
  /** Hears of watchers that throw. Default: silent. */
  readonly log?: Logger
}

/** Keeps everything in memory and forgets it with the process. Each call takes effect before it returns its promise. */
export class MemoryStore implements ResourceStore {
  readonly peers = undefined
  readonly #options: Required<MemoryStoreOptions>
  readonly #tenants = new Map<TenantId, MemoryTenantStore>()
  #closed = false

  constructor(options: MemoryStoreOptions) {
    this.#options = { log: silentLogger, ...options }
  }

  async tenants(): Promise<readonly TenantId[]> {
    this.#checkOpen()
    const committed = [...this.#tenants.values()].filter((store) => store.hasCommitted)
    return committed.map(({ tenant }) => tenant).sort()
  }

  tenant(tenant: TenantId): TenantStore {
    const known = this.#tenants.get(tenant)
    if (known) return known
    const store = new MemoryTenantStore(tenant, this.#options, () => this.#checkOpen())
    this.#tenants.set(tenant, store)
    return store
  }

  async deleteTenant(tenant: TenantId): Promise<void> {
    this.#checkOpen()
    this.#tenants.get(tenant)?.startOver()
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #checkOpen(): void {
    if (this.#closed) throw new AppError('unavailable', 'the store is closed')
  }
}

class MemoryTenantStore implements TenantStore {
  readonly tenant: TenantId
  readonly #options: Required<MemoryStoreOptions>
  readonly #checkOpen: () => void
  readonly #feed: ChangeFeed
  #rows = new MemoryTenant()
  #epoch: string

  constructor(tenant: TenantId, options: Required<MemoryStoreOptions>, checkOpen: () => void) {
    this.tenant = tenant
    this.#options = options
    this.#checkOpen = checkOpen
    this.#feed = new ChangeFeed(tenant, options.log)
    this.#epoch = options.random.uuid()
  }

  get hasCommitted(): boolean {
    return this.#rows.revision > 0
  }

  startOver(): void {
    this.#rows = new MemoryTenant()
    this.#epoch = this.#options.random.uuid()
    this.#feed.publish({ epoch: this.#epoch, revision: 0, changes: [] })
  }

  async get(key: ResourceKey): Promise<Resource | undefined> {
    this.#checkOpen()
    return this.#rows.get(key)
  }

  async list(type: ResourceType, filter: ListFilter = {}): Promise<Listing> {
    this.#checkOpen()
    return { head: this.#head(), resources: this.#rows.list(type, filter) }
  }

  async listAll(types: readonly ResourceType[]): Promise<Listing> {
    this.#checkOpen()
    return { head: this.#head(), resources: types.flatMap((type) => this.#rows.list(type, {})) }
  }

  async commit(writes: readonly Write[]): Promise<CommitResult> {
    this.#checkOpen()
    const { clock, random } = this.#options
    const stamp = { nowMs: clock.nowMs(), uids: writes.map(() => random.uuid()) }
    const { outcomes, changes } = decide(this.#rows, writes, stamp)
    if (changes.length > 0) this.#rows.apply(changes)
    const { epoch, revision } = this.#head()
    if (changes.length > 0) this.#feed.publish({ epoch, revision, changes })
    return { outcomes, revision }
  }

  watch(listener: CommitListener): () => void {
    return this.#feed.watch(listener)
  }

  async changesSince(epoch: string, revision: number): Promise<ChangesSince> {
    this.#checkOpen()
    const head = this.#head()
    const keys = epoch === head.epoch ? this.#rows.changedSince(revision) : undefined
    return keys ? { kind: 'changes', head, keys } : { kind: 'start-over', head }
  }

  async head(): Promise<Head> {
    this.#checkOpen()
    return this.#head()
  }

  #head(): Head {
    return { epoch: this.#epoch, revision: this.#rows.revision }
  }
}
