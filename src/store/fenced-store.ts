import type { Fence } from './peers.js'
import type { TenantStore } from './store.js'

/** The same store for a leader: what it writes is refused once another leads. */
export function fencedStore(store: TenantStore, fence: Fence): TenantStore {
  return {
    tenant: store.tenant,
    get: (key) => store.get(key),
    list: (type, filter) => store.list(type, filter),
    listAll: (types) => store.listAll(types),
    commit: (writes) => store.commit(writes, fence),
    watch: (listener) => store.watch(listener),
    changesSince: (epoch, revision) => store.changesSince(epoch, revision),
    head: () => store.head(),
  }
}
