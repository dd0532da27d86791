import type { Violation } from '../base/errors.js'
import { rfc1035LabelFaults } from './dns-names.js'
import { isJsonObject, type Json, type JsonObject } from './json.js'
import { LABEL, type Labels } from './labels.js'
import { labelKeyFaults, labelValueFaults } from './names.js'
import { descriptorOf, type ResourceType } from './registry.js'

/** A control plane as the rules of writing see it; a zone is one that belongs to a global. */
export type ControlPlane = { readonly mode: 'global' } | { readonly mode: 'zone'; readonly zone: string }

export interface LabelledWrite {
  readonly type: ResourceType
  readonly mesh: string | undefined
  readonly name: string
  /** As the client gave them. */
  readonly labels: Labels
  readonly spec: Json
}

/** The labels that are stored (kuma `pkg/core/resources/labels/compute.go`, on Universal). */
export function computeLabels(cp: ControlPlane, { type, mesh, name, labels, spec }: LabelledWrite): Labels {
  const { scope, flow } = descriptorOf(type)
  const computed: Record<string, string> = { ...labels }
  computed[LABEL.displayName] = name
  if (scope === 'mesh') computed[LABEL.mesh] ??= mesh ?? 'default'
  computed[LABEL.origin] = cp.mode
  if (cp.mode === 'zone' && flow.providedByZone) {
    computed[LABEL.zone] ??= cp.zone
    computed[LABEL.env] ??= 'universal'
  }
  return type === 'Dataplane' ? withListenerLabels(computed, spec) : computed
}

const LISTENER_LABELS: Readonly<Record<string, string>> = {
  [LABEL.zoneIngress]: 'ZoneIngress',
  [LABEL.zoneEgress]: 'ZoneEgress',
}

/** Says what kind of zone proxy it is, whatever the client said. */
function withListenerLabels(labels: Labels, spec: Json): Labels {
  const { [LABEL.proxyType]: _, [LABEL.zoneIngress]: __, [LABEL.zoneEgress]: ___, ...others } = labels
  const listeners = listenerTypes(spec)
  const present = Object.keys(LISTENER_LABELS).filter((label) => listeners.has(LISTENER_LABELS[label]))
  return { ...others, ...Object.fromEntries(present.map((label) => [label, 'enabled'])) }
}

function listenerTypes(spec: Json): ReadonlySet<Json | undefined> {
  const networking = isJsonObject(spec) ? spec.networking : undefined
  const listeners = isJsonObject(networking) ? networking.listeners : undefined
  return new Set(Array.isArray(listeners) ? listeners.map((item) => (isJsonObject(item) ? item.type : undefined)) : [])
}

/** What a client may not say in labels; fields are `labels["key"]` (kuma `resource_crud_endpoints.go` validateLabels). */
export function checkLabels(cp: ControlPlane, { type, labels, mesh }: LabelledWrite): Violation[] {
  const origin = labels[LABEL.origin]
  const unknownOrigin = origin !== undefined && origin !== 'global' && origin !== 'zone'
  return [
    ...(unknownOrigin ? wrong(LABEL.origin, `unknown resource origin ${JSON.stringify(origin)}`) : []),
    ...checkOrigin(cp, type, labels),
    ...(cp.mode === 'zone' && origin !== 'global' ? checkPlace(cp.zone, mesh, labels) : []),
    ...checkRole(type, labels),
    ...Object.keys(labels)
      .sort()
      .flatMap((key) =>
        [...labelKeyFaults(key), ...labelValueFaults(labels[key] ?? '')].flatMap((reason) => wrong(key, reason)),
      ),
  ]
}

/** Whether what has these labels is this control plane's to write; it holds for a deletion of the stored one, too. */
export function checkOrigin(cp: ControlPlane, type: ResourceType, labels: Labels): Violation[] {
  const origin = labels[LABEL.origin]
  const foreign =
    cp.mode === 'global'
      ? origin !== undefined && origin !== 'global'
      : descriptorOf(type).spec === 'json' && origin !== 'zone'
  return foreign ? wrong(LABEL.origin, `the origin label must be set to '${cp.mode}'`) : []
}

function checkPlace(zone: string, mesh: string | undefined, labels: Labels): Violation[] {
  const zoneLabel = labels[LABEL.zone]
  const meshLabel = labels[LABEL.mesh]
  return [
    ...(zoneLabel !== undefined && zoneLabel !== zone
      ? wrong(LABEL.zone, `${LABEL.zone} label should have ${zone} value`)
      : []),
    ...(meshLabel !== undefined && meshLabel !== (mesh ?? '')
      ? wrong(LABEL.mesh, `${LABEL.mesh} label must not differ from mesh set on resource`)
      : []),
  ]
}

/** Other roles come from namespaces, which Universal does not have. */
function checkRole(type: ResourceType, labels: Labels): Violation[] {
  const role = labels[LABEL.policyRole]
  if (descriptorOf(type).policy === undefined || !role || role === 'system') return []
  return wrong(LABEL.policyRole, `${LABEL.policyRole} label should have system value, got ${role}`)
}

/** A resource stays in its zone: compares the computed labels of an update with those of what is stored. */
export function checkImmutableLabels(stored: Labels, next: Labels): Violation[] {
  const was = stored[LABEL.zone]
  const is = next[LABEL.zone]
  if (was === undefined || was === is) return []
  const quoted = JSON.stringify(was)
  return is === undefined
    ? wrong(LABEL.zone, `is immutable, cannot be removed (was ${quoted})`)
    : wrong(LABEL.zone, `is immutable, cannot be changed from ${quoted} to ${JSON.stringify(is)}`)
}

/** What is wrong with a Dataplane's workload label in a zone, as the whole detail of a bad request. */
export function workloadLabelFault(labels: Labels): string | undefined {
  const workload = labels[LABEL.workload]
  const faults = workload ? rfc1035LabelFaults(workload) : []
  if (faults.length === 0) return undefined
  const rule = 'must be a valid DNS-1035 label (at most 63 characters, matching regex [a-z]([-a-z0-9]*[a-z0-9])?)'
  return `labels["${LABEL.workload}"]: ${rule}: ${faults.join('; ')}`
}

function wrong(key: string, reason: string): Violation[] {
  return [{ field: `labels[${JSON.stringify(key)}]`, reason }]
}

export type PolicyRole = 'system' | 'workload-owner' | 'producer' | 'consumer'

/**
 * Whose policy it is, from the namespace it was made in and whom its `to` list names. Undefined when it mixes items of
 * a producer with those of a consumer, which no control plane stores.
 */
export function policyRole(spec: JsonObject, namespace: string | undefined): PolicyRole | undefined {
  if (!namespace) return 'system'
  const to = Array.isArray(spec.to) ? spec.to : []
  if (to.length === 0) return 'workload-owner'
  const produced = to.filter((item) => isProducerItem(item, namespace)).length
  if (produced === to.length) return 'producer'
  return produced === 0 ? 'consumer' : undefined
}

/** One service or route by its display name, in the policy's own namespace. */
function isProducerItem(item: Json | undefined, namespace: string): boolean {
  const ref = isJsonObject(item) ? item.targetRef : undefined
  if (!isJsonObject(ref) || (ref.kind !== 'MeshService' && ref.kind !== 'MeshHTTPRoute')) return false
  const labels = isJsonObject(ref.labels) ? ref.labels : {}
  const others = Object.keys(labels).filter((key) => key !== LABEL.displayName && key !== LABEL.namespace)
  if (!labels[LABEL.displayName] || others.length > 0) return false
  return !labels[LABEL.namespace] || labels[LABEL.namespace] === namespace
}
