import { AppError } from '../base/errors.js'
import { descriptorOf, RESOURCE_TYPES, type ResourceType } from '../model/registry.js'

/** Path of a type's list on a control plane's API; of a mesh-scoped type in that mesh, or in all with undefined. */
export function listPath(type: ResourceType, mesh: string | undefined): string {
  const { scope, paths } = descriptorOf(type)
  const [path] = paths
  if (path === undefined) throw new AppError('invalid-argument', `${type} is not served over the API`)
  return scope === 'mesh' && mesh !== undefined ? `/meshes/${mesh}/${path}` : `/${path}`
}

export function itemPath(type: ResourceType, mesh: string | undefined, name: string): string {
  return `${listPath(type, mesh)}/${encodeURIComponent(name)}`
}

/** What an item's path names, `MeshTimeout default/slow`; any other path as it is. The reverse of `itemPath`. */
export function nameOfPath(path: string): string {
  const [, mesh, plural = '', name] = /^(?:\/meshes\/([^/]+))?\/([^/]+)\/([^/]+)$/.exec(path) ?? []
  const scope = mesh === undefined ? 'global' : 'mesh'
  const type = RESOURCE_TYPES.find(
    (one) => descriptorOf(one).scope === scope && descriptorOf(one).paths.includes(plural),
  )
  if (type === undefined || name === undefined) return path
  return `${type} ${mesh === undefined ? '' : `${mesh}/`}${decodeURIComponent(name)}`
}
