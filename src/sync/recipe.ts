import type { JsonText } from '../model/json.js'
import type { Labels } from '../model/labels.js'
import type { ResourceType } from '../model/registry.js'
import type { Resource } from '../model/resource.js'

/** A resource as it will travel: filtered, renamed and relabelled, not yet encoded. */
export interface Outgoing {
  readonly type: ResourceType
  readonly mesh: string | undefined
  readonly name: string
  readonly labels: Labels
  readonly spec: JsonText
  readonly status: JsonText | undefined
}

/**
 * What one class of recipients is sent: the sender's filters and mappers, composed. Pure: the same resource and
 * context give the same answer, so that a view can keep it.
 */
export interface Recipe {
  readonly types: readonly ResourceType[]
  /** The `control_plane.identifier` of responses. */
  readonly identifier: string
  /** Undefined: not for this class. */
  project(resource: Resource): Projection | undefined
}

export interface Projection {
  readonly outgoing: Outgoing
  /**
   * The zone that this came from, for what goes to every zone but its own; such entries also vanish while their
   * zone is disabled. Undefined for what goes to all.
   */
  readonly fromZone: string | undefined
}
