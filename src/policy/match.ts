import { LABEL, type Labels } from '../model/labels.js'
import { displayName, type Resource, specOf } from '../model/resource.js'
import type { DataplaneNetworking, DataplaneSpec } from '../model/specs/dataplane.js'
import { isKnownKind, policyRole } from './order.js'
import { type TargetRef, topTargetRef } from './policy-spec.js'

/** An inbound of a proxy, or a listener of a zone proxy: what a sectionName names. */
export interface ProxySection {
  /** The name given, else the port. */
  readonly name: string
  readonly kind: 'inbound' | 'listener'
  readonly address: string
  readonly port: number
  /** `tcp` unless given. */
  readonly protocol: string
}

/** A policy selects a proxy by its sections; a reason says why it selects none. */
export type Selection =
  | { readonly selected: true; readonly sections: readonly ProxySection[] }
  | { readonly selected: false; readonly reason: string }

/** Inbounds first, then zone proxy listeners, as written. */
export function sectionsOf(dataplane: Resource): readonly ProxySection[] {
  const networking = networkingOf(dataplane)
  const section = (kind: ProxySection['kind'], { name, address, port = 0, protocol = 'tcp' }: SectionSpec) => ({
    name: name || String(port),
    kind,
    address: address || networking.address || '',
    port,
    protocol,
  })
  return [
    ...(networking.inbound ?? []).map((spec) => section('inbound', spec)),
    ...(networking.listeners ?? []).map((spec) => section('listener', spec)),
  ]
}

interface SectionSpec {
  readonly name?: string
  readonly address?: string
  readonly port?: number
  readonly protocol?: string
}

/** Kuma `matchers.DppSelectedByPolicy`: zone and role first, then the top targetRef. */
export function selectSections(policy: Resource, dataplane: Resource): Selection {
  const outside = outsideScope(policy.labels, dataplane.labels)
  if (outside !== undefined) return { selected: false, reason: outside }
  const ref = topTargetRef(policy)
  switch (ref.kind) {
    case 'Mesh':
      return selectionOf(sectionsOf(dataplane), dataplane)
    case 'Dataplane':
      return selectByDataplane(ref, dataplane)
    default: {
      const known = isKnownKind(ref.kind)
      return { selected: false, reason: `targetRef kind ${ref.kind} is not ${known ? 'a top-level' : 'a known'} kind` }
    }
  }
}

/** A shadow policy is shown by inspection on request and never takes effect. */
export function isShadow(policy: Resource): boolean {
  return policy.labels[LABEL.effect] === 'shadow'
}

function selectByDataplane(ref: TargetRef, dataplane: Resource): Selection {
  const differing = Object.entries(ref.labels ?? {}).find(([label, value]) => labelOf(dataplane, label) !== value)
  if (differing) return { selected: false, reason: `the dataplane has no label ${differing[0]}: ${differing[1]}` }
  const sections = sectionsOf(dataplane)
  if (!ref.sectionName) return selectionOf(sections, dataplane)
  const named = sections.filter(({ name }) => name === ref.sectionName)
  return named.length > 0
    ? { selected: true, sections: named }
    : selectionOf([], dataplane, `the dataplane has no inbound or listener named ${ref.sectionName}`)
}

/** A delegated gateway has no sections and is selected all the same. */
function selectionOf(
  sections: readonly ProxySection[],
  dataplane: Resource,
  reason = 'the dataplane has neither inbounds nor listeners',
): Selection {
  const selected = sections.length > 0 || networkingOf(dataplane).gateway !== undefined
  return selected ? { selected, sections } : { selected, reason }
}

/** A zone's policies hold in that zone, a namespace's in that namespace; a producer's hold wherever its service is used. */
function outsideScope(policy: Labels, dataplane: Labels): string | undefined {
  const role = policyRole(policy)
  if (role === 'consumer' || role === 'workload-owner') {
    const namespace = policy[LABEL.namespace]
    if (namespace === undefined || namespace !== dataplane[LABEL.namespace]) {
      return `a ${role} policy holds in its own namespace only (${namespace ?? 'none'})`
    }
  }
  if (role === 'producer') return undefined
  const dataplaneOrigin = dataplane[LABEL.origin]
  if (dataplaneOrigin === undefined || dataplaneOrigin === 'global' || policy[LABEL.origin] !== 'zone') return undefined
  const [zone, dataplaneZone] = [policy[LABEL.zone], dataplane[LABEL.zone]]
  if (zone === undefined || dataplaneZone === undefined || zone === dataplaneZone) return undefined
  return `the policy was made in zone ${zone} and holds there only`
}

function labelOf(dataplane: Resource, label: string): string | undefined {
  return label === LABEL.displayName ? displayName(dataplane) : dataplane.labels[label]
}

function networkingOf(dataplane: Resource): DataplaneNetworking {
  return specOf<DataplaneSpec>(dataplane).networking ?? {}
}
