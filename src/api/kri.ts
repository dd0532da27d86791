import { AppError } from '../base/errors.js'
import { type ParsedKri, parseKri } from '../model/naming.js'
import { descriptorOf, RESOURCE_TYPES, type ResourceType } from '../model/registry.js'

export interface GivenKri extends ParsedKri {
  readonly type: ResourceType
}

/** Throws `undecodable`, worded as Kuma does, for what is not the KRI of a type that has them. */
export function readKri(given: string): GivenKri {
  const kri = parseKri(given)
  if (kri === undefined) {
    const isShort = given.split('_').length < 7
    const reason = isShort ? 'invalid identifier string' : "identifier must start with 'kri'"
    throw new AppError('undecodable', `bad request: ${reason}: ${JSON.stringify(given)}`)
  }
  const type = RESOURCE_TYPES.find((candidate) => descriptorOf(candidate).short === kri.short)
  if (type !== undefined) return { ...kri, type }
  throw new AppError('undecodable', `bad request: unknown short name of resource type: ${JSON.stringify(kri.short)}`)
}
