/**
 * What zonelab knows about a resource type without looking at an instance.
 * Source of the columns: Kuma `pkg/core/resources/model/resource.go` (ResourceTypeDescriptor) at 348b6528.
 */
export interface Descriptor {
  readonly scope: 'global' | 'mesh'
  /** `proto`: the spec travels as a protobuf message and sits at top level in REST. `json`: a plugin type. */
  readonly spec: 'proto' | 'json'
  readonly hasStatus: boolean
  readonly flow: Flow
  /** Keeps its name when the global sends it down (Kuma: SkipKDSHash). */
  readonly keepsName: boolean
  /** URL path segments; the first is the one we print. Empty: not served over REST. */
  readonly paths: readonly string[]
  /** Part of a KRI; absent for types that have none. */
  readonly short?: string
  readonly display: string
  readonly displayPlural: string
  readonly includeInFederation: boolean
  /** Written by control planes only, never through the API. */
  readonly readOnly: boolean
  /** Reading it needs the admin group (secrets). */
  readonly adminOnly: boolean
  readonly policy?: PolicyDescriptor
}

/** Which side may author a type and where copies go. Kuma's flag bits, one word each. */
export interface Flow {
  readonly providedByGlobal: boolean
  readonly providedByZone: boolean
  readonly consumedByZone: boolean
  readonly consumedByGlobal: boolean
  /** A zone's own go on from the global to the other zones. */
  readonly acrossZones: boolean
}

export interface PolicyDescriptor {
  readonly hasTo: boolean
  readonly hasRules: boolean
  /** Kinds take effect in ascending order. */
  readonly order: number
}

/** The type is on GlobalToZoneSync: the global may author it for zones, or it crosses zones. */
export function flowsDown(flow: Flow): boolean {
  return (flow.providedByGlobal && flow.consumedByZone) || flow.acrossZones
}

/** The type is on ZoneToGlobalSync. */
export function flowsUp(flow: Flow): boolean {
  return flow.providedByZone && flow.consumedByGlobal
}
