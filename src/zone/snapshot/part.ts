import type { ResolvedBackend } from '../../policy/destinations.js'
import type { EnvoyKind, EnvoyResource } from '../../wire/envoy-codec.js'

/** Something in a snapshot that a person may wonder about: an outbound without a way, a listener that had to be left out. */
export interface Note {
  readonly about: string
  readonly reason: string
}

/** A piece of a sidecar's snapshot that is made by itself: an inbound, an outbound, a backend. */
export interface Part {
  readonly resources: readonly PartResource[]
  readonly notes: readonly Note[]
}

export interface PartResource {
  readonly kind: EnvoyKind
  readonly resource: EnvoyResource
  /** Where a listener listens. */
  readonly at?: { readonly address: string; readonly port: number }
}

/** A part with listeners also names whom they lead to: each backend is a part of its own, and goes before it. */
export interface LeadingPart extends Part {
  readonly backends: readonly ResolvedBackend[]
}
