import type { Json, JsonObject } from '../model/json.js'
import { LABEL } from '../model/labels.js'
import { type Resource, specOf } from '../model/resource.js'
import { type ProxySection, sectionsOf } from '../policy/match.js'
import type { MatchedPolicies } from '../policy/matched-policies.js'
import { matchesHash } from '../policy/matches-hash.js'
import type { Origin } from '../policy/policy-spec.js'
import { covers, type Destination, routeRulesOf, type ToRule, toRule } from '../policy/to-rules.js'
import type { Inspected } from './policy-match.js'
import { referenceJson } from './resource-json.js'

/** The body of `_rules`: per kind that says something, what it says of the proxy, of its inbounds and of destinations. */
export function rulesJson(inspected: Inspected): JsonObject {
  const { dataplane, matched } = inspected
  const rules: JsonObject[] = []
  const httpMatches = new Map<string, Json>()
  for (const one of matched) {
    const toRules = toRulesOf(one, inspected)
    if (one.proxy === undefined && one.inbound.size === 0 && toRules.length === 0) continue
    rules.push({
      inboundRules: inboundJson(one, dataplane),
      ...(one.proxy && {
        proxyRule: { conf: one.proxy.conf, origin: one.proxy.origins.map(({ policy }) => referenceJson(policy)) },
      }),
      toResourceRules: toRules.map(({ destination, rule }) => ({
        conf: [rule.conf],
        origin: rule.origins.map(originJson),
        resourceMeta: destinationJson(destination.resource),
        resourceSectionName: destination.section,
      })),
      type: one.type,
      warnings: [],
    })
    if (one.type === 'MeshHTTPRoute') for (const { rule } of toRules) collectMatches(rule, httpMatches)
  }
  return {
    httpMatches: [...httpMatches].sort(([a], [b]) => (a < b ? -1 : 1)).map(([hash, match]) => ({ hash, match })),
    resource: referenceJson(dataplane),
    rules,
  }
}

interface DestinationRule {
  readonly destination: Destination
  readonly rule: ToRule
}

/** What is said of each resource, and port of one, that some policy speaks of; by name, as Kuma sorts them. */
function toRulesOf({ to }: MatchedPolicies, { mesh, destinations }: Inspected): readonly DestinationRule[] {
  const named = new Map<string, Destination>()
  for (const { targetRef } of to) {
    const section = targetRef.sectionName ?? ''
    const meant =
      targetRef.kind === 'Mesh' ? [mesh] : destinations.filter((resource) => covers(targetRef, { resource, section }))
    for (const resource of meant) {
      named.set(`${resource.type}/${resource.name}/${section}`, { resource, section })
    }
  }
  return [...named.values()]
    .flatMap((destination) => {
      const rule = toRule(to, destination)
      return rule ? [{ destination, rule }] : []
    })
    .sort((a, b) => (a.destination.resource.name < b.destination.resource.name ? -1 : 1))
}

function collectMatches({ conf }: ToRule, into: Map<string, Json>): void {
  for (const { matches } of routeRulesOf(conf)) {
    into.set(matchesHash(matches), matches)
  }
}

/** By port. A proxy with several sections on one port has one entry for each. */
function inboundJson({ inbound }: MatchedPolicies, dataplane: Resource): readonly JsonObject[] {
  return sectionsOf(dataplane)
    .filter(({ name }) => (inbound.get(name) ?? []).length > 0)
    .sort((a, b) => a.port - b.port)
    .map((section) => ({
      inbound: sectionJson(section, dataplane),
      rules: (inbound.get(section.name) ?? []).map(({ conf, match, origin }) => ({
        conf: [conf],
        ...(match && { match: { ...match } }),
        origin: [originJson(origin)],
      })),
    }))
}

/** Kuma looks the name up among the inbounds, so a listener has none. */
function sectionJson({ kind, name, port }: ProxySection, dataplane: Resource): JsonObject {
  const { gateway } = specOf<{ networking: { gateway?: { tags?: JsonObject } } }>(dataplane).networking
  const isNamed = kind === 'inbound' && name !== String(port)
  return { ...(isNamed && { name }), port, tags: gateway?.tags ?? null }
}

function originJson({ policy, index }: Origin): JsonObject {
  return { resourceMeta: referenceJson(policy), ruleIndex: index }
}

/** The mesh is shown with its origin alone, and a destination with all its labels. */
function destinationJson(resource: Resource): JsonObject {
  if (resource.type !== 'Mesh') return referenceJson(resource)
  const origin = resource.labels[LABEL.origin]
  return { type: 'Mesh', mesh: '', name: resource.name, labels: origin === undefined ? {} : { [LABEL.origin]: origin } }
}
