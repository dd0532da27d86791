import { TupleMemo } from '../base/tuple-memo.js'
import type { JsonObject } from '../model/json.js'
import type { Resource } from '../model/resource.js'
import { mergeConfs } from './merge.js'
import { comparePolicies } from './order.js'
import { type Origin, policySpec, type TrafficMatch } from './policy-spec.js'

/** A conf for incoming traffic; without a match it holds for all of it. */
export interface InboundRule {
  readonly match: TrafficMatch | undefined
  readonly conf: JsonObject
  readonly origin: Origin
}

/**
 * The `rules` of the policies that select one inbound: one entry per match, the most specific match first,
 * and among equals the weakest policy first (kuma `rules/inbound`).
 */
export function inboundRules(policies: readonly Resource[]): readonly InboundRule[] {
  return policies
    .toSorted(comparePolicies)
    .flatMap((policy) =>
      (policySpec(policy).rules ?? []).flatMap((rule, index) =>
        (rule.matches?.length ? rule.matches : [undefined]).map((match) => ({
          match,
          conf: rule.default ?? {},
          origin: { policy, index },
        })),
      ),
    )
    .sort((a, b) => specificity(b.match) - specificity(a.match))
}

const merged = new TupleMemo<JsonObject>()

/** The merged conf of the rules without a match; undefined when there is none. Equal confs give the same object. */
export function catchAllConf(rules: readonly InboundRule[]): JsonObject | undefined {
  const confs = rules.filter(({ match }) => match === undefined).map(({ conf }) => conf)
  return confs.length === 0 ? undefined : merged.get(confs, () => mergeConfs(confs))
}

/** A SPIFFE ID outweighs an SNI, an exact one a prefix. */
function specificity(match: TrafficMatch | undefined): number {
  const spiffe = match?.spiffeID === undefined ? 0 : match.spiffeID.type === 'Exact' ? 4 : 2
  return spiffe + (match?.sni === undefined ? 0 : 1)
}
