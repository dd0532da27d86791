import { policyRole } from '../model/compute-labels.js'
import { isJsonObject } from '../model/json.js'
import { isLocallyOriginated, LABEL } from '../model/labels.js'
import { descriptorOf } from '../model/registry.js'
import { type Resource, specOf } from '../model/resource.js'
import type { RecipientClass } from './features.js'

/**
 * Which resources a global sends down (kuma `pkg/kds/context/context.go` GlobalProvidedFilter), without the two rules
 * that ask about one recipient: the view leaves a zone's own out of its batches and hides a disabled zone's.
 */
export function goesDown(resource: Resource, recipient: RecipientClass): boolean {
  if (isSyncDisabled(resource)) return false
  if (resource.type === 'Config') return resource.name === 'kuma-cluster-id'
  if (resource.type === 'GlobalSecret' && staysOnGlobal(resource.name)) return false
  if (resource.type === 'HostnameGenerator' && !recipient.multiZoneGenerators && selectsMultiZone(resource))
    return false
  const { flow, policy } = descriptorOf(resource.type)
  if (isLocallyOriginated(resource.labels, 'global')) return flow.providedByGlobal && flow.consumedByZone
  if (!flow.acrossZones) return false
  return policy === undefined || (recipient.producerPolicies && isProducer(resource))
}

/** Which resources a zone sends up (kuma ZoneProvidedFilter): its own, unless withheld by label. */
export function goesUp(resource: Resource): boolean {
  return !isSyncDisabled(resource) && isLocallyOriginated(resource.labels, 'zone')
}

function isSyncDisabled(resource: Resource): boolean {
  return resource.labels[LABEL.kdsSync] === 'disabled'
}

const GLOBAL_ONLY_SECRETS = ['envoy-admin-ca', 'admin-user-token', 'inter-cp-ca', 'user-token-revocations']

function staysOnGlobal(secretName: string): boolean {
  return GLOBAL_ONLY_SECRETS.includes(secretName) || secretName.startsWith('user-token-signing-key')
}

function selectsMultiZone(resource: Resource): boolean {
  const selector = specOf(resource).selector
  return isJsonObject(selector) && selector.meshMultiZoneService !== undefined
}

/** The label says so and the spec agrees: a zone's word alone does not let a policy into other zones. */
function isProducer(resource: Resource): boolean {
  if (resource.labels[LABEL.policyRole] !== 'producer') return false
  return policyRole(specOf(resource), resource.labels[LABEL.namespace]) === 'producer'
}
