import type { JsonObject } from '../model/json.js'
import type { ResourceType } from '../model/registry.js'
import type { Resource } from '../model/resource.js'
import { isShadow, selectSections } from '../policy/match.js'
import { policySpec } from '../policy/policy-spec.js'
import { covers } from '../policy/to-rules.js'
import type { Inspected } from './policy-match.js'
import { referenceJson } from './resource-json.js'

/** The policies of a dataplane's mesh that change nothing for it, or a part of which does not, each with every reason. */
export function withoutEffect(inspected: Inspected, effective: ReadonlySet<ResourceType>): readonly JsonObject[] {
  return inspected.policies.flatMap((policy) => {
    const reasons = reasonsOf(policy, inspected, effective)
    return reasons.length === 0 ? [] : [{ policy: referenceJson(policy), reasons }]
  })
}

function reasonsOf(
  policy: Resource,
  { dataplane, destinations }: Inspected,
  effective: ReadonlySet<ResourceType>,
): readonly string[] {
  const selection = selectSections(policy, dataplane)
  if (!selection.selected) return [selection.reason]
  const reasons: string[] = []
  if (isShadow(policy)) reasons.push('it is a shadow policy, which is shown on request and never takes effect')
  if (!effective.has(policy.type)) reasons.push(`zonelab makes no configuration out of a ${policy.type}`)
  const { to = [], rules = [] } = policySpec(policy)
  to.forEach(({ targetRef }, i) => {
    const section = targetRef.sectionName ?? ''
    const isMet = targetRef.kind === 'Mesh' || destinations.some((resource) => covers(targetRef, { resource, section }))
    if (!isMet) reasons.push(`there is no ${targetRef.kind} with the labels of to[${i}].targetRef in this mesh`)
  })
  if (rules.length > 0 && selection.sections.length === 0) {
    reasons.push('its rules are for inbound traffic, of which a delegated gateway has none')
  }
  return reasons
}
