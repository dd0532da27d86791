import { TupleMemo } from '../base/tuple-memo.js'
import type { JsonObject } from '../model/json.js'
import type { ResourceType } from '../model/registry.js'
import type { Resource } from '../model/resource.js'
import { type InboundRule, inboundRules } from './inbound-rules.js'
import { isShadow, selectSections } from './match.js'
import { mergeConfs } from './merge.js'
import { comparePolicies } from './order.js'
import { type EffectiveConf, policySpec } from './policy-spec.js'
import { type ToEntries, toEntriesOf } from './to-rules.js'

/** The policies of one type that select one proxy, and what they say. */
export interface MatchedPolicies {
  readonly type: ResourceType
  /** Weakest first. */
  readonly policies: readonly Resource[]
  readonly to: ToEntries
  /** By the section's name; every section of the proxy that a policy with `rules` selects. */
  readonly inbound: ReadonlyMap<string, readonly InboundRule[]>
  /** The conf of a type that configures the proxy itself. */
  readonly proxy: EffectiveConf | undefined
}

/**
 * Which policies of one type and mesh hold for a dataplane. A change costs those whom it concerns: everybody else's
 * answer stays the same object. Equal sets of policies give the same `to` and the same rules.
 */
export class PolicyMatcher {
  readonly #type: ResourceType
  /** Those that take effect, weakest first. */
  readonly #policies: Resource[] = []
  readonly #byDataplane = new WeakMap<Resource, MatchedPolicies>()
  readonly #to = new TupleMemo<ToEntries>()
  readonly #rules = new TupleMemo<readonly InboundRule[]>()

  constructor(type: ResourceType, policies: Iterable<Resource>) {
    this.#type = type
    for (const policy of policies) if (!isShadow(policy)) this.#policies.push(policy)
    this.#policies.sort(inOrder)
  }

  /** A policy of the type came, went or changed. `selected` are the dataplanes that either version selects. */
  change(before: Resource | undefined, after: Resource | undefined, selected: Iterable<Resource>): void {
    replace(this.#policies, before, after)
    for (const dataplane of selected) {
      const known = this.#byDataplane.get(dataplane)
      if (known) this.#byDataplane.set(dataplane, this.#matched(dataplane, replace([...known.policies], before, after)))
    }
  }

  match(dataplane: Resource): MatchedPolicies {
    let matched = this.#byDataplane.get(dataplane)
    if (!matched) {
      matched = this.#matched(dataplane, this.#policies)
      this.#byDataplane.set(dataplane, matched)
    }
    return matched
  }

  #matched(dataplane: Resource, candidates: readonly Resource[]): MatchedPolicies {
    const selected = candidates.flatMap((policy) => {
      const selection = selectSections(policy, dataplane)
      return selection.selected ? [{ policy, sections: selection.sections }] : []
    })
    const policies = selected.map(({ policy }) => policy)
    const bySection = new Map<string, Resource[]>()
    for (const { policy, sections } of selected) {
      if (!policySpec(policy).rules) continue
      for (const { name } of sections) {
        const holding = bySection.get(name)
        if (holding) holding.push(policy)
        else bySection.set(name, [policy])
      }
    }
    return {
      type: this.#type,
      policies,
      to: this.#to.get(policies, () => toEntriesOf(policies)),
      inbound: new Map(
        [...bySection].map(([name, holding]) => [name, this.#rules.get(holding, () => inboundRules(holding))]),
      ),
      proxy: proxyConf(policies),
    }
  }
}

/** Equals of two names stand as a store lists them, so that the order in which they came decides nothing. */
function inOrder(a: Resource, b: Resource): number {
  return comparePolicies(a, b) || (a.name < b.name ? -1 : 1)
}

/** In a list in order. A policy that says something else and is as weak as before moves no other. */
function replace(policies: Resource[], before: Resource | undefined, after: Resource | undefined): Resource[] {
  const effective = after && !isShadow(after) ? after : undefined
  const place = before ? placeOf(before, policies) : policies.length
  const held = before !== undefined && policies[place] === before
  if (held && effective && comparePolicies(before, effective) === 0) {
    policies[place] = effective
    return policies
  }
  if (held) policies.splice(place, 1)
  if (effective) policies.splice(placeOf(effective, policies), 0, effective)
  return policies
}

function placeOf(policy: Resource, policies: readonly Resource[]): number {
  let low = 0
  let high = policies.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (inOrder(policies[middle] as Resource, policy) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function proxyConf(policies: readonly Resource[]): EffectiveConf | undefined {
  const confs = policies.flatMap((policy) => {
    const conf: JsonObject | undefined = policySpec(policy).default
    return conf ? [{ policy, conf }] : []
  })
  if (confs.length === 0) return undefined
  return {
    conf: mergeConfs(confs.map(({ conf }) => conf)),
    origins: confs.map(({ policy }) => ({ policy, index: 0 })),
  }
}
