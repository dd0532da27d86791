import { keyText } from '../../model/resource.js'
import type { BackendRef } from '../../policy/destinations.js'
import { type Outbound, outboundsOf } from '../../policy/outbounds.js'
import { dataplaneNetworking, type InboundSpec, type ListenerSpec } from './dataplane-spec.js'
import type { Note } from './part.js'
import type { Sidecar } from './sidecar.js'
import type { WorkloadIdentity } from './tls.js'

/** Which parts a sidecar's snapshot has. */
export interface Plan {
  readonly identity: WorkloadIdentity | undefined
  readonly inbounds: readonly InboundSpec[]
  /** Of a zone proxy. */
  readonly listeners: readonly ListenerSpec[]
  readonly outbounds: readonly Outbound[]
  /** Outbounds that lead nowhere. */
  readonly notes: readonly Note[]
}

export function planOf({ dataplane, context, depend }: Sidecar): Plan {
  depend(keyText(dataplane))
  const { inbound = [], listeners = [] } = dataplaneNetworking(dataplane)
  const { outbounds, unresolved } = outboundsOf(dataplane, context.destinations, depend)
  return {
    identity: context.identity(dataplane, depend),
    inbounds: inbound,
    listeners,
    outbounds,
    notes: unresolved.map(({ ref, reason }) => ({ about: nameOf(ref), reason })),
  }
}

function nameOf({ kind, name, labels, port }: BackendRef): string {
  return `outbound to ${kind} ${name ?? JSON.stringify(labels ?? {})}${port ? `:${port}` : ''}`
}
