import { canonicalJson, type Json } from '../../src/model/json.js'
import type { ResourceType } from '../../src/model/registry.js'
import { descriptorOf } from '../../src/model/registry.js'
import type { ResourceDraft } from '../../src/model/resource.js'
import type { Expect, Write } from '../../src/store/store.js'

export interface DraftParts extends Partial<Omit<ResourceDraft, 'type' | 'name' | 'spec' | 'status'>> {
  readonly spec?: Json
  readonly status?: Json
}

/** A draft with an empty spec; types with a mesh get the mesh `default`. Specs and statuses are given as values. */
export function draft(type: ResourceType, name: string, parts: DraftParts = {}): ResourceDraft {
  const { spec, status, ...rest } = parts
  return {
    type,
    mesh: descriptorOf(type).scope === 'mesh' ? 'default' : undefined,
    name,
    labels: {},
    owner: undefined,
    syncedVersion: undefined,
    ...rest,
    spec: canonicalJson(spec ?? {}),
    status: status === undefined ? undefined : canonicalJson(status),
  }
}

export function put(resource: ResourceDraft, expect: Expect = 'any'): Write {
  return { kind: 'put', resource, expect }
}

export function remove(key: Pick<ResourceDraft, 'type' | 'mesh' | 'name'>, expect: Expect = 'any'): Write {
  return { kind: 'delete', key: { type: key.type, mesh: key.mesh, name: key.name }, expect }
}
