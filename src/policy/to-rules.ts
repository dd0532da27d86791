import { TupleMemo } from '../base/tuple-memo.js'
import type { Json, JsonObject } from '../model/json.js'
import { matchesLabels } from '../model/labels.js'
import type { Resource } from '../model/resource.js'
import { matchesKey, mergeConfs, mergeRouteRules, type RouteRule } from './merge.js'
import { compareDestinations, compareNames, comparePolicyAttributes } from './order.js'
import { type EffectiveConf, type Origin, policySpec, type TargetRef, type ToItem } from './policy-spec.js'

/** One item of a policy's `to`. */
export interface ToEntry extends Origin {
  readonly targetRef: TargetRef
  readonly conf: JsonObject
}

/** The items of all policies of one type that select one proxy, weakest first. */
export type ToEntries = readonly ToEntry[]

/** A resource that traffic goes to or, for a MeshHTTPRoute, through; `section` is a port's name, empty for all ports. */
export interface Destination {
  readonly resource: Resource
  readonly section: string
}

export interface ToRule extends EffectiveConf {
  /** For MeshHTTPRoute: the policy and item that contributed the rule with these matches. */
  readonly originByMatches: ReadonlyMap<string, Origin>
}

/** Kuma `rules/outbound.Sort`: policy, then destination, then name. Equal ones keep the order within their policy. */
export function toEntriesOf(policies: readonly Resource[]): ToEntries {
  return policies
    .flatMap(entriesOf)
    .sort(
      (a, b) =>
        comparePolicyAttributes(a.policy, b.policy) ||
        compareDestinations(a.targetRef, b.targetRef) ||
        compareNames(a.policy, b.policy),
    )
}

const entriesByPolicy = new WeakMap<Resource, ToEntries>()

/** The same objects each time, by which what is made of them is found again. */
function entriesOf(policy: Resource): ToEntries {
  let entries = entriesByPolicy.get(policy)
  if (!entries) {
    const items = policySpec(policy).to ?? []
    entries = items.map((item, index) => ({ policy, index, targetRef: item.targetRef, conf: defaultOf(policy, item) }))
    entriesByPolicy.set(policy, entries)
  }
  return entries
}

const asked = new TupleMemo<Map<string, ToRule | undefined>>()
const merged = new TupleMemo<ToRule>()

/**
 * The conf for traffic to a destination: everything said about the mesh, the resource and this port of it, merged.
 * Undefined when nothing is said. The same entries give the same object, whatever else is said elsewhere.
 */
export function toRule(entries: ToEntries, destination: Destination): ToRule | undefined {
  const { resource, section } = destination
  const bySection = asked.get([entries, resource], () => new Map())
  if (!bySection.has(section)) {
    const relevant = entries.filter((entry) => covers(entry.targetRef, destination))
    bySection.set(section, relevant.length === 0 ? undefined : merged.get(relevant, () => mergeEntries(relevant)))
  }
  return bySection.get(section)
}

/** As `toRule`, but only when an entry speaks of the destination itself and not just of the whole mesh. */
export function ownToRule(entries: ToEntries, destination: Destination): ToRule | undefined {
  const named = entries.some(({ targetRef }) => targetRef.kind !== 'Mesh' && covers(targetRef, destination))
  return named ? toRule(entries, destination) : undefined
}

/** Whether what is said about `ref` holds for the destination. */
export function covers(ref: TargetRef, { resource, section }: Destination): boolean {
  if (ref.kind === 'Mesh') return true
  if (ref.kind !== resource.type || ref.labels === undefined || !matchesLabels(resource.labels, ref.labels))
    return false
  const hasSections = resource.type === 'MeshService' || resource.type === 'MeshMultiZoneService'
  return !hasSections || !ref.sectionName || ref.sectionName === section
}

function mergeEntries(entries: ToEntries): ToRule {
  const origins = distinctOrigins(entries)
  if (entries[0]?.policy.type !== 'MeshHTTPRoute') {
    return { conf: mergeConfs(entries.map(({ conf }) => conf)), origins, originByMatches: new Map() }
  }
  const originByMatches = new Map<string, Origin>()
  const rules = entries.map((entry) => routeRulesOf(entry.conf))
  entries.forEach((entry, i) => {
    for (const rule of rules[i] ?? []) originByMatches.set(matchesKey(rule.matches), entry)
  })
  return { conf: { rules: mergeRouteRules(rules) as unknown as Json }, origins, originByMatches }
}

/** The rules of an effective MeshHTTPRoute conf, in order of use. */
export function routeRulesOf(conf: JsonObject): readonly RouteRule[] {
  return (conf.rules ?? []) as unknown as readonly RouteRule[]
}

function distinctOrigins(entries: ToEntries): readonly Origin[] {
  const seen = new Map<Resource, Set<number>>()
  return entries.filter(({ policy, index }) => {
    const indices = seen.get(policy) ?? new Set()
    seen.set(policy, indices)
    return indices.size < indices.add(index).size
  })
}

/** Routes have rules where other policies have a default; a MeshTCPRoute's only rule is its conf. */
function defaultOf(policy: Resource, item: ToItem): JsonObject {
  const rules = item.rules ?? []
  switch (policy.type) {
    case 'MeshHTTPRoute':
      return { rules }
    case 'MeshTCPRoute':
      return rules[0] ?? { default: { backendRefs: [{ ...item.targetRef, weight: 1 }] } }
    default:
      return item.default ?? {}
  }
}
