import type { ResourceType } from '../model/registry.js'
import { keyText, type Resource, type ResourceKey } from '../model/resource.js'
import { byMeshThenName, matches } from './listing.js'
import { CHANGE_LOG_MAX, type Change, type ListFilter } from './store.js'
import type { Rows } from './transaction.js'

/** The resources and the change log of one tenant, in memory. */
export class MemoryTenant implements Rows {
  readonly #byType = new Map<ResourceType, Map<string, Resource>>()
  readonly #byOwner = new Map<string, Map<string, Resource>>()
  readonly #log: { readonly revision: number; readonly keys: readonly ResourceKey[] }[] = []
  #logSize = 0
  #revision = 0
  /** The log tells all changes after this revision. */
  #floor = 0

  get revision(): number {
    return this.#revision
  }

  get(key: ResourceKey): Resource | undefined {
    return this.#byType.get(key.type)?.get(keyText(key))
  }

  ownedBy(owner: ResourceKey): Resource[] {
    return [...(this.#byOwner.get(keyText(owner))?.values() ?? [])]
  }

  list(type: ResourceType, filter: ListFilter): Resource[] {
    const resources = [...(this.#byType.get(type)?.values() ?? [])]
    return resources.filter((resource) => matches(resource, filter)).sort(byMeshThenName)
  }

  /** Applies one commit's changes as the next revision. */
  apply(changes: readonly Change[]): void {
    for (const { before, after } of changes) {
      if (before) this.#remove(before)
      if (after) this.#add(after)
    }
    this.#revision += 1
    this.#log.push({ revision: this.#revision, keys: changes.map(({ key }) => key) })
    this.#logSize += changes.length
    this.#trim()
  }

  /** Undefined: the log cannot tell. */
  changedSince(revision: number): ResourceKey[] | undefined {
    if (revision < this.#floor || revision > this.#revision) return undefined
    const later = this.#log.filter((entry) => entry.revision > revision).flatMap(({ keys }) => keys)
    return [...new Map(later.map((key) => [keyText(key), key])).values()]
  }

  #trim(): void {
    while (this.#logSize > CHANGE_LOG_MAX) {
      const oldest = this.#log.shift()
      if (!oldest) return
      this.#logSize -= oldest.keys.length
      this.#floor = oldest.revision
    }
  }

  #add(resource: Resource): void {
    entry(this.#byType, resource.type).set(keyText(resource), resource)
    if (resource.owner) entry(this.#byOwner, keyText(resource.owner)).set(keyText(resource), resource)
  }

  #remove(resource: Resource): void {
    this.#byType.get(resource.type)?.delete(keyText(resource))
    if (!resource.owner) return
    const owned = this.#byOwner.get(keyText(resource.owner))
    owned?.delete(keyText(resource))
    if (owned?.size === 0) this.#byOwner.delete(keyText(resource.owner))
  }
}

function entry<K>(maps: Map<K, Map<string, Resource>>, key: K): Map<string, Resource> {
  const found = maps.get(key) ?? new Map<string, Resource>()
  maps.set(key, found)
  return found
}
