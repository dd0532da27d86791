import { AppError } from '../base/errors.js'
import { descriptorOf, type ResourceType } from '../model/registry.js'

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
