import { type Resource, specOf, statusOf } from '../model/resource.js'
import type { DataplaneNetworking, DataplaneOutbound, DataplaneSpec } from '../model/specs/dataplane.js'
import {
  type BackendRef,
  DESTINATION_TYPES,
  type Depend,
  type DestinationIndex,
  portsOf,
  type ResolvedBackend,
} from './destinations.js'

/** An address at which a proxy takes its application's traffic, and where it goes. */
export interface Outbound extends ResolvedBackend {
  readonly address: string
  readonly listenPort: number
  /** False where the kernel redirects to the proxy: the address is virtual and nothing binds to it. */
  readonly bind: boolean
}

export interface Outbounds {
  readonly outbounds: readonly Outbound[]
  /** Outbounds of the Dataplane that lead nowhere, with the reason. */
  readonly unresolved: readonly { readonly ref: BackendRef; readonly reason: string }[]
}

const LOOPBACK = '127.0.0.1'

/** Explicit outbounds when there are any; else, with transparent proxying, every virtual IP that the proxy may reach. */
export function outboundsOf(dataplane: Resource, destinations: DestinationIndex, depend: Depend): Outbounds {
  const networking = specOf<DataplaneSpec>(dataplane).networking ?? {}
  if (networking.outbound?.length) return explicitOutbounds(dataplane, networking.outbound, destinations, depend)
  if (networking.transparentProxying === undefined) return { outbounds: [], unresolved: [] }
  const reachable = reachableFrom(dataplane, networking, destinations, depend)
  return { outbounds: reachable.flatMap(virtualOutbounds), unresolved: [] }
}

function explicitOutbounds(
  dataplane: Resource,
  specs: readonly DataplaneOutbound[],
  destinations: DestinationIndex,
  depend: Depend,
): Outbounds {
  const outbounds: Outbound[] = []
  const unresolved: Outbounds['unresolved'][number][] = []
  for (const { address, port = 0, backendRef } of specs) {
    if (backendRef === undefined) continue
    const ref = { ...backendRef, kind: backendRef.kind ?? '' }
    const backend = destinations.resolve(ref, dataplane.labels, depend)
    if (backend) outbounds.push({ ...backend, address: address || LOOPBACK, listenPort: port, bind: true })
    else unresolved.push({ ref, reason: whyUnresolved(ref, dataplane, destinations, depend) })
  }
  return { outbounds, unresolved }
}

function whyUnresolved(ref: BackendRef, dataplane: Resource, destinations: DestinationIndex, depend: Depend): string {
  const name = ref.name ?? JSON.stringify(ref.labels ?? {})
  const [found] = destinations.candidates(ref, dataplane.labels, depend)
  if (!found) return `there is no ${ref.kind} ${name}`
  return ref.port ? `${ref.kind} ${name} has no port ${ref.port}` : `${ref.kind} ${name} has several ports; name one`
}

/** Kuma `DestinationIndex.GetReachableBackends`: everything, unless the Dataplane lists what it uses. */
function reachableFrom(
  dataplane: Resource,
  networking: DataplaneNetworking,
  destinations: DestinationIndex,
  depend: Depend,
): readonly ResolvedBackend[] {
  const listed = networking.transparentProxying?.reachableBackends
  const found =
    listed === undefined
      ? DESTINATION_TYPES.flatMap((type) =>
          destinations.all(type, depend).map((resource) => ({ resource, ref: undefined })),
        )
      : (listed.refs ?? []).flatMap((ref) =>
          destinations
            .candidates({ ...ref, kind: ref.kind ?? '' }, dataplane.labels, depend)
            .map((resource) => ({ resource, ref })),
        )
  return found.flatMap(({ resource, ref }) =>
    portsOf(resource)
      .filter(({ port }) => !ref?.port || ref.port === port)
      .map((port) => ({ resource, port, section: port.name })),
  )
}

interface DestinationStatus {
  readonly vips?: readonly { readonly ip: string }[]
  readonly vip?: { readonly ip: string }
}

function virtualOutbounds(backend: ResolvedBackend): readonly Outbound[] {
  const { vips, vip } = statusOf<DestinationStatus>(backend.resource) ?? {}
  return [...(vips ?? []), ...(vip ? [vip] : [])].map(({ ip }) => ({
    ...backend,
    address: ip,
    listenPort: backend.port.port,
    bind: false,
  }))
}
