import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../model/json.js'

/**
 * Merges confs, weakest first: objects merge member by member, anything else is replaced, and lists whose name begins
 * with `append` are joined (kuma `pkg/plugins/policies/core/rules/merge`; RFC 7396 without deletion, for a null in a
 * spec means "not set"). No confs give an empty one.
 */
export function mergeConfs(confs: readonly JsonObject[]): JsonObject {
  const [first, ...rest] = confs
  if (first === undefined) return {}
  return rest.reduce((merged, conf) => mergeObjects(merged, conf), first)
}

function mergeObjects(weaker: JsonObject, stronger: JsonObject): JsonObject {
  const merged: Record<string, Json | undefined> = { ...weaker }
  for (const [key, value] of Object.entries(stronger)) {
    if (value !== undefined && value !== null) merged[key] = mergeValues(key, weaker[key], value)
  }
  return merged
}

function mergeValues(key: string, weaker: Json | undefined, stronger: Json): Json {
  if (isJsonObject(weaker) && isJsonObject(stronger)) return mergeObjects(weaker, stronger)
  if (key.startsWith('append') && Array.isArray(weaker) && Array.isArray(stronger)) return [...weaker, ...stronger]
  return stronger
}

/** A rule of a MeshHTTPRoute: its matches are its identity, its default is what merges. */
export interface RouteRule {
  readonly matches: readonly JsonObject[]
  readonly default: JsonObject
}

/**
 * Merges the rules of several MeshHTTPRoutes, weakest policy first. Rules with the same matches become one, whose
 * default is merged. The result is in order of use: a stronger policy's rules stand first, each policy's own in its order.
 */
export function mergeRouteRules(policies: readonly (readonly RouteRule[])[]): readonly RouteRule[] {
  const merged = new Map<string, RouteRule>()
  for (const rules of policies) {
    for (const rule of rules.toReversed()) {
      const key = matchesKey(rule.matches)
      const weaker = merged.get(key)
      // Deleted and set again: the place of the strongest appearance counts.
      merged.delete(key)
      merged.set(key, weaker ? { ...rule, default: mergeConfs([weaker.default, rule.default]) } : rule)
    }
  }
  return [...merged.values()].reverse()
}

export function matchesKey(matches: readonly JsonObject[]): string {
  return canonicalJson(matches)
}
