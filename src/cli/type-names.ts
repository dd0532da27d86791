import { AppError } from '../base/errors.js'
import { descriptorOf, RESOURCE_TYPES, type ResourceType } from '../model/registry.js'

/** By type, path, singular or short name, in any case: `MeshTimeout`, `meshtimeouts`, `mt`. Throws `invalid-argument`. */
export function parseType(text: string): ResourceType {
  const wanted = text.toLowerCase()
  const found = RESOURCE_TYPES.find((type) => {
    const { paths, short } = descriptorOf(type)
    return paths.length > 0 && [type.toLowerCase(), short, ...paths].includes(wanted)
  })
  if (found) return found
  const similar = RESOURCE_TYPES.filter((type) => type.toLowerCase().includes(wanted.replace(/s$/, '')))
  const hint =
    similar.length > 0 ? `did you mean ${similar.slice(0, 4).join(', ')}?` : 'try MeshTimeout, dataplanes, zones'
  throw new AppError('invalid-argument', `there is no type "${text}"; ${hint}`)
}

/** A resource as messages call it: `MeshTimeout default/quick`. */
export function resourceLabel({ type, mesh, name }: { type: string; mesh: string | undefined; name: string }): string {
  return `${type} ${mesh === undefined ? '' : `${mesh}/`}${name}`
}
