import type { TenantStore } from '../store/store.js'
import type { MeshMirror } from './mesh-mirror.js'

/**
 * A store that no other process writes to, with single reads answered by the mirror, which has a commit before the
 * commit's promise resolves. What is under way is not seen yet; a write upon a read compares versions, as always.
 */
export function mirroredStore(store: TenantStore, mirror: Pick<MeshMirror, 'of'>): TenantStore {
  return {
    tenant: store.tenant,
    get: async ({ type, mesh, name }) => mirror.of(mesh, type).get(name),
    list: (type, filter) => store.list(type, filter),
    listAll: (types) => store.listAll(types),
    commit: (writes, fence) => store.commit(writes, fence),
    watch: (listener) => store.watch(listener),
    changesSince: (epoch, revision) => store.changesSince(epoch, revision),
    head: () => store.head(),
  }
}
