import { LABEL, type Labels } from '../model/labels.js'
import { displayName, type Resource } from '../model/resource.js'
import { type TargetRef, topTargetRef } from './policy-spec.js'

/**
 * Precedence of policies, weakest first: what comes later is merged over what comes before
 * (kuma `pkg/plugins/policies/core/rules/sort`, `matchers.SortByTargetRef`).
 */

/** The more specific kind is stronger (kuma `api/common/v1alpha1/targetref.go`). */
const KIND_ORDER: Readonly<Record<string, number>> = {
  Mesh: 1,
  Dataplane: 2,
  MeshService: 5,
  MeshExternalService: 6,
  MeshMultiZoneService: 7,
  MeshHTTPRoute: 9,
}
/** What was written in the zone is stronger than what the global sent; unlabelled lies between. */
const ORIGIN_ORDER: Readonly<Record<string, number>> = { global: 1, zone: 3 }
const UNKNOWN_ORIGIN = 2
const ROLE_ORDER: Readonly<Record<string, number>> = { system: 1, producer: 2, consumer: 3, 'workload-owner': 4 }

/** Kuma 3.0 knows no other kinds; a stored policy of an older version may name one and then selects nothing. */
export function isKnownKind(kind: string): boolean {
  return KIND_ORDER[kind] !== undefined
}

export function policyRole(labels: Labels): string {
  return labels[LABEL.policyRole] || 'system'
}

/** Negative when `a` is the weaker policy. Equal names tie. */
export function comparePolicies(a: Resource, b: Resource): number {
  return comparePolicyAttributes(a, b) || compareNames(a, b)
}

/** Kind and section of the top targetRef, then origin, then role. */
export function comparePolicyAttributes(a: Resource, b: Resource): number {
  const [refA, refB] = [topTargetRef(a), topTargetRef(b)]
  return (
    compareKinds(refA, refB) ||
    compareSections(refA, refB, 'Dataplane') ||
    originOrder(a.labels) - originOrder(b.labels) ||
    (ROLE_ORDER[policyRole(a.labels)] ?? 0) - (ROLE_ORDER[policyRole(b.labels)] ?? 0)
  )
}

/** The alphabetically first name is the strongest. */
export function compareNames(a: Resource, b: Resource): number {
  const [nameA, nameB] = [displayName(a), displayName(b)]
  if (nameA === nameB) return 0
  return nameA < nameB ? 1 : -1
}

/** Destinations of `to`: the more specific kind, then a named port, is stronger. */
export function compareDestinations(a: TargetRef, b: TargetRef): number {
  return compareKinds(a, b) || compareSections(a, b, 'MeshService')
}

function compareKinds(a: TargetRef, b: TargetRef): number {
  return (KIND_ORDER[a.kind] ?? 0) - (KIND_ORDER[b.kind] ?? 0)
}

function compareSections(a: TargetRef, b: TargetRef, kind: string): number {
  if (a.kind !== kind || b.kind !== kind) return 0
  return (a.sectionName ? 1 : 0) - (b.sectionName ? 1 : 0)
}

function originOrder(labels: Labels): number {
  return ORIGIN_ORDER[labels[LABEL.origin] ?? ''] ?? UNKNOWN_ORIGIN
}
