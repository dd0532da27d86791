import { type Labels, matchesLabels } from '../../model/labels.js'
import { type Resource, specOf, statusOf } from '../../model/resource.js'
import type { MeshIdentitySpec } from '../../model/specs/mesh-identity.js'

/** An element of `status.conditions`. */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

/** Those that select a dataplane of these labels. One without a selector for dataplanes selects none, an empty one all. */
export function matchingIdentities(labels: Labels, identities: Iterable<Resource>): readonly Resource[] {
  return [...identities].filter((identity) => {
    const wanted = specOf<MeshIdentitySpec>(identity).selector?.dataplane
    return wanted !== undefined && matchesLabels(labels, wanted.matchLabels ?? {})
  })
}

/** The one that counts: with the most labels in its selector, then first by name (kuma `meshidentity BestMatched`). */
export function bestIdentity(labels: Labels, identities: Iterable<Resource>): Resource | undefined {
  return matchingIdentities(labels, identities).toSorted(
    (a, b) => selectorSize(b) - selectorSize(a) || (a.name < b.name ? -1 : 1),
  )[0]
}

/** Certificates are issued by it. */
export function isReady(identity: Resource): boolean {
  return readiness(identity)?.status === 'True'
}

/** It names workloads, and someone else issues their certificates. */
export function isPartiallyReady(identity: Resource): boolean {
  const ready = readiness(identity)
  return ready?.status === 'False' && ready.reason === 'PartiallyReady'
}

function readiness(identity: Resource): Condition | undefined {
  const { conditions = [] } = statusOf<{ conditions?: readonly Condition[] }>(identity) ?? {}
  return conditions.find(({ type }) => type === 'Ready')
}

function selectorSize(identity: Resource): number {
  return Object.keys(specOf<MeshIdentitySpec>(identity).selector?.dataplane?.matchLabels ?? {}).length
}
