import type { Violation } from '../base/errors.js'
import { isJsonObject, type Json, type JsonObject } from './json.js'
import { LABEL, type Labels } from './labels.js'
import { labelKeyFaults, labelValueFaults } from './names.js'
import { descriptorOf, type ResourceType } from './registry.js'
import { violation } from './specs/rules.js'

/** A control plane as the rules of writing see it; a zone is one that belongs to a global. */
export type ControlPlane = { readonly mode: 'global' } | { readonly mode: 'zone'; readonly zone: string }

export type LabelledWrite = ControlPlane & {
  readonly type: ResourceType
  readonly mesh: string | undefined
  readonly name: string
  /** As the client gave them. */
  readonly labels: Labels
  readonly spec: Json
}

/** The labels that are stored (kuma `pkg/core/resources/labels/compute.go`, on Universal). */
export function computeLabels(write: LabelledWrite): Labels {
  const { type, mesh, name, labels, spec } = write
  const { scope, flow } = descriptorOf(type)
  const computed: Record<string, string> = { ...labels }
  computed[LABEL.displayName] = name
  if (scope === 'mesh') computed[LABEL.mesh] ??= mesh ?? 'default'
  computed[LABEL.origin] = write.mode
  if (write.mode === 'zone' && flow.providedByZone) {
    computed[LABEL.zone] ??= write.zone
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

/** What a client may not say in labels; `field` is the label's key (kuma `resource_crud_endpoints.go` validateLabels). */
export function checkLabels(write: LabelledWrite): Violation[] {
  const { type, labels, mesh } = write
  const origin = labels[LABEL.origin]
  const unknownOrigin = origin !== undefined && origin !== 'global' && origin !== 'zone'
  return [
    ...(unknownOrigin ? violation(LABEL.origin, `unknown resource origin ${JSON.stringify(origin)}`) : []),
    ...checkOrigin(write.mode, type, labels),
    ...(write.mode === 'zone' && origin !== 'global' ? checkPlace(write.zone, mesh, labels) : []),
    ...checkRole(type, labels),
    ...Object.keys(labels)
      .sort()
      .flatMap((key) =>
        [...labelKeyFaults(key), ...labelValueFaults(labels[key] ?? '')].flatMap((reason) => violation(key, reason)),
      ),
  ]
}

/** Whether what has these labels is this control plane's to write; it holds for a deletion of the stored one, too. */
export function checkOrigin(mode: ControlPlane['mode'], type: ResourceType, labels: Labels): Violation[] {
  const origin = labels[LABEL.origin]
  const foreign =
    mode === 'global'
      ? origin !== undefined && origin !== 'global'
      : descriptorOf(type).spec === 'json' && origin !== 'zone'
  return foreign ? violation(LABEL.origin, `the origin label must be set to '${mode}'`) : []
}

function checkPlace(zone: string, mesh: string | undefined, labels: Labels): Violation[] {
  const zoneLabel = labels[LABEL.zone]
  const meshLabel = labels[LABEL.mesh]
  return [
    ...(zoneLabel !== undefined && zoneLabel !== zone
      ? violation(LABEL.zone, `${LABEL.zone} label should have ${zone} value`)
      : []),
    ...(meshLabel !== undefined && meshLabel !== (mesh ?? '')
      ? violation(LABEL.mesh, `${LABEL.mesh} label must not differ from mesh set on resource`)
      : []),
  ]
}

/** Other roles come from namespaces, which Universal does not have. */
function checkRole(type: ResourceType, labels: Labels): Violation[] {
  const role = labels[LABEL.policyRole]
  if (descriptorOf(type).policy === undefined || !role || role === 'system') return []
  return violation(LABEL.policyRole, `${LABEL.policyRole} label should have system value, got ${role}`)
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
