import type { JsonObject } from '../model/json.js'
import type { Labels } from '../model/labels.js'
import { type Resource, specOf } from '../model/resource.js'

/** What all policies have in common; the confs stay plain JSON because merging treats them alike. */
export interface PolicySpec {
  /** Which proxies; absent means the whole mesh. */
  readonly targetRef?: TargetRef
  /** Conf of traffic that leaves the proxy, per destination. */
  readonly to?: readonly ToItem[]
  /** Conf of traffic that enters the proxy. */
  readonly rules?: readonly RuleItem[]
  /** Conf of the proxy itself. */
  readonly default?: JsonObject
}

export interface TargetRef {
  readonly kind: string
  readonly labels?: Labels
  readonly sectionName?: string
}

export interface ToItem {
  readonly targetRef: TargetRef
  readonly default?: JsonObject
  /** Routes have rules in place of a default. */
  readonly rules?: readonly JsonObject[]
}

export interface RuleItem {
  readonly matches?: readonly TrafficMatch[]
  readonly default?: JsonObject
}

/** One way to recognise incoming traffic; the members are ANDed. */
export interface TrafficMatch {
  readonly spiffeID?: { readonly type: string; readonly value: string }
  readonly sni?: { readonly type: string; readonly value: string }
}

const WHOLE_MESH: TargetRef = { kind: 'Mesh' }

export function policySpec(policy: Resource): PolicySpec {
  return specOf<PolicySpec>(policy)
}

export function topTargetRef(policy: Resource): TargetRef {
  return policySpec(policy).targetRef ?? WHOLE_MESH
}

/** Where a part of an effective conf comes from: the policy, and the position in its `to` or `rules`. */
export interface Origin {
  readonly policy: Resource
  readonly index: number
}

/** A conf merged from one or more policies, weakest origin first. */
export interface EffectiveConf {
  readonly conf: JsonObject
  readonly origins: readonly Origin[]
}
