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
 * Which of `policies` (all of one type, one mesh) hold for a dataplane. Results are shared: equal sets of policies
 * give the same `to` and the same rules, as long as the set lives.
 */
export class PolicyMatcher {
  readonly #type: ResourceType
  readonly #policies: readonly Resource[]
  readonly #toBySet = new Map<string, ToEntries>()
  readonly #rulesBySet = new Map<string, readonly InboundRule[]>()
  /** A dataplane is asked about for each of its snapshots, most of which another type's change has caused. */
  readonly #byDataplane = new WeakMap<Resource, MatchedPolicies>()

  constructor(type: ResourceType, policies: readonly Resource[]) {
    this.#type = type
    this.#policies = policies.filter((policy) => !isShadow(policy)).sort(comparePolicies)
  }

  match(dataplane: Resource): MatchedPolicies {
    let matched = this.#byDataplane.get(dataplane)
    if (!matched) {
      matched = this.#matched(dataplane)
      this.#byDataplane.set(dataplane, matched)
    }
    return matched
  }

  #matched(dataplane: Resource): MatchedPolicies {
    const selected = this.#policies.flatMap((policy) => {
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
      to: shared(this.#toBySet, policies, toEntriesOf),
      inbound: new Map(
        [...bySection].map(([name, holding]) => [name, shared(this.#rulesBySet, holding, inboundRules)]),
      ),
      proxy: proxyConf(policies),
    }
  }
}

/** A mesh has few distinct sets; this many mean that dataplanes are each selected by policies of their own. */
const SHARED_SETS_MAX = 10_000

function shared<T>(
  cache: Map<string, T>,
  policies: readonly Resource[],
  build: (policies: readonly Resource[]) => T,
): T {
  const key = policies.map(({ uid, name }) => uid || name).join(' ')
  let value = cache.get(key)
  if (value === undefined) {
    value = build(policies)
    if (cache.size >= SHARED_SETS_MAX) cache.clear()
    cache.set(key, value)
  }
  return value
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
