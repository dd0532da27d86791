import type { ResourceType } from '../../src/model/registry.js'
import type { Resource } from '../../src/model/resource.js'
import { type DraftParts, draft } from './resource-builder.js'

export interface StoredParts extends DraftParts {
  readonly version?: number
  readonly createdAtMs?: number
}

/** A resource as a store gives it back; its uid says what it is. */
export function stored(type: ResourceType, name: string, parts: StoredParts = {}): Resource {
  const { version = 1, createdAtMs = 0, ...draftParts } = parts
  return { ...draft(type, name, draftParts), uid: `${type}/${name}`, version, createdAtMs, modifiedAtMs: createdAtMs }
}
