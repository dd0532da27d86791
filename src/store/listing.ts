import { matchesLabels } from '../model/labels.js'
import type { Resource, ResourceKey } from '../model/resource.js'
import type { ListFilter } from './store.js'

export function matches(resource: Resource, filter: ListFilter): boolean {
  return (
    (filter.mesh === undefined || resource.mesh === filter.mesh) &&
    (filter.nameContains === undefined || resource.name.includes(filter.nameContains)) &&
    (filter.labels === undefined || matchesLabels(resource.labels, filter.labels))
  )
}

/** By mesh, then name, by code unit, for keys of one type. */
export function byMeshThenName(a: ResourceKey, b: ResourceKey): number {
  return compare(a.mesh ?? '', b.mesh ?? '') || compare(a.name, b.name)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
