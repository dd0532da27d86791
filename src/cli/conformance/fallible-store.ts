import { AppError } from '../../base/errors.js'
import type { TenantId } from '../../model/tenant.js'
import type { Commit, ResourceStore, TenantStore } from '../../store/store.js'

/** A store that can be taken away and given back while a global runs on it. */
export class FallibleStore implements ResourceStore {
  readonly peers: ResourceStore['peers']
  readonly #inner: ResourceStore
  readonly #tenants = new Map<TenantId, FallibleTenant>()
  readonly #isDown = (): boolean => this.#down
  #down = false

  constructor(inner: ResourceStore) {
    this.#inner = inner
    this.peers = inner.peers
  }

  /** Going down breaks the feed off too: what watchers know of it is void, as after the loss of a database. */
  setDown(down: boolean): void {
    this.#down = down
    if (down) for (const tenant of this.#tenants.values()) tenant.breakOff()
  }

  tenants(): ReturnType<ResourceStore['tenants']> {
    return this.#inner.tenants()
  }

  tenant(id: TenantId): TenantStore {
    const there = this.#tenants.get(id)
    if (there !== undefined) return there
    const made = new FallibleTenant(this.#inner.tenant(id), this.#isDown)
    this.#tenants.set(id, made)
    return made
  }

  deleteTenant(id: TenantId): Promise<void> {
    return this.#inner.deleteTenant(id)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}

class FallibleTenant implements TenantStore {
  readonly tenant: TenantId
  readonly get: TenantStore['get']
  readonly list: TenantStore['list']
  readonly listAll: TenantStore['listAll']
  readonly commit: TenantStore['commit']
  readonly changesSince: TenantStore['changesSince']
  readonly head: TenantStore['head']
  readonly #inner: TenantStore
  readonly #watchers = new Set<(commit: Commit) => void>()

  constructor(inner: TenantStore, isDown: () => boolean) {
    this.#inner = inner
    this.tenant = inner.tenant
    const unlessDown =
      <A extends readonly unknown[], R>(ask: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        if (isDown()) throw new AppError('unavailable', 'the store is away')
        return ask(...args)
      }
    this.get = unlessDown((key) => inner.get(key))
    this.list = unlessDown((type, filter) => inner.list(type, filter))
    this.listAll = unlessDown((types) => inner.listAll(types))
    this.commit = unlessDown((writes, fence) => inner.commit(writes, fence))
    this.changesSince = unlessDown((epoch, revision) => inner.changesSince(epoch, revision))
    this.head = unlessDown(() => inner.head())
  }

  watch(listener: (commit: Commit) => void): () => void {
    this.#watchers.add(listener)
    const unwatch = this.#inner.watch(listener)
    return () => {
      this.#watchers.delete(listener)
      unwatch()
    }
  }

  breakOff(): void {
    for (const listener of this.#watchers) listener({ epoch: 'gone', revision: 0, changes: [] })
  }
}
