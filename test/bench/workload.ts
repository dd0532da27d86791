import { canonicalJson } from '../../src/model/json.js'
import { descriptorOf, POLICY_TYPES, type ResourceType } from '../../src/model/registry.js'
import type { ResourceDraft } from '../../src/model/resource.js'
import type { TenantStore, Write } from '../../src/store/store.js'

/** What is changed again and again; all others stay as they are. */
export const CHANGED = { type: 'MeshTimeout', name: 'changed' } as const

/** Types that the resources of a large mesh are spread over. */
export const TYPES: readonly ResourceType[] = POLICY_TYPES.slice(0, 16)

/** Writes of one commit: as many as the store groups. */
const CHUNK = 500

/** A policy whose spec grows with `size`; `stamp` makes one differ from the next. */
export function policy(type: ResourceType, name: string, stamp: string, size: number): ResourceDraft {
  const spec = { targetRef: { kind: 'Dataplane', labels: { app: 'x'.repeat(size), stamp } } }
  return {
    type,
    name,
    mesh: descriptorOf(type).scope === 'mesh' ? 'default' : undefined,
    labels: { 'kuma.io/mesh': 'default', 'kuma.io/origin': 'global' },
    spec: canonicalJson(spec),
    status: undefined,
    owner: undefined,
    syncedVersion: undefined,
  }
}

export function put(resource: ResourceDraft): Write {
  return { kind: 'put', resource, expect: 'any' }
}

/** Small policies over 16 types. */
export function smallPolicies(count: number): ResourceDraft[] {
  return Array.from({ length: count }, (_, index) =>
    policy(TYPES[index % TYPES.length] ?? 'MeshTimeout', `policy-${index}`, '0', 100),
  )
}

export async function populate(store: TenantStore, count: number): Promise<void> {
  const policies = smallPolicies(count)
  for (let from = 0; from < count; from += CHUNK) await store.commit(policies.slice(from, from + CHUNK).map(put))
}
