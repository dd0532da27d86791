import { displayName } from '../../model/resource.js'
import { type SniTarget, sniOf } from '../../model/sni.js'
import { portsOf, type ResolvedBackend } from '../../policy/destinations.js'
import { passThroughCluster } from './clusters.js'
import { dataplaneNetworking, type ListenerSpec, sectionName } from './dataplane-spec.js'
import { type PassThroughListenerInput, passThroughListener } from './listeners.js'
import type { Sidecar } from './sidecar.js'

/**
 * The listeners of a zone proxy. With a MeshIdentity as in Kuma: one listener that tells services apart by SNI.
 * Without: one listener for each port that the zone's labelled MeshZoneAddresses announce (docs/DIFFERENCES.md).
 */
export function addZoneProxy(sidecar: Sidecar): void {
  const { listeners = [], address = '' } = dataplaneNetworking(sidecar.dataplane)
  const bySni = listeners.length > 0 && sidecar.context.hasIdentity(sidecar.depend)
  for (const spec of listeners) {
    const name = `self_${(spec.type ?? '').toLowerCase()}_dp_${sectionName(spec)}`
    if (spec.type === 'ZoneEgress') {
      sidecar.notes.push({
        about: name,
        reason: 'a zone egress is not served yet: external services have no endpoints',
      })
    } else if (bySni) {
      addSniListener(sidecar, name, spec.address || address, spec)
    } else {
      addPortListeners(sidecar, spec.address || address)
    }
  }
}

function addSniListener(sidecar: Sidecar, name: string, address: string, { port }: ListenerSpec): void {
  const target = localBackends(sidecar).map((backend) => ({
    sni: sniOf(backend.resource as SniTarget, backend.section),
    cluster: addLocalCluster(sidecar, backend),
  }))
  if (target.length === 0) return
  sidecar.listen<PassThroughListenerInput>(name, { address, port, target }, passThroughListener)
}

function addPortListeners(sidecar: Sidecar, address: string): void {
  const backends = localBackends(sidecar)
  for (const { service, port, listenPort } of sidecar.context.exportedPorts(sidecar.context.zone, sidecar.depend)) {
    const backend = backends.find(
      ({ resource, section }) =>
        resource.type === 'MeshService' && displayName(resource) === service && section === port,
    )
    if (backend === undefined) continue
    const target = addLocalCluster(sidecar, backend)
    const name = `self_zoneingress_dp_${service}_${port}`
    sidecar.listen<PassThroughListenerInput>(name, { address, port: listenPort, target }, passThroughListener)
  }
}

/** The zone's own services and all multi-zone ones, port by port. */
function localBackends({ context, depend }: Sidecar): readonly ResolvedBackend[] {
  const { destinations } = context
  return [
    ...destinations.all('MeshService', depend).filter((service) => context.isLocal(service)),
    ...destinations.all('MeshMultiZoneService', depend),
  ].flatMap((resource) => portsOf(resource).map((port) => ({ resource, port, section: port.name })))
}

/** Only what is in this zone: traffic that came from another must not leave for a third. */
function addLocalCluster(sidecar: Sidecar, { resource, port, section }: ResolvedBackend): string {
  const name = sidecar.kri(resource, section)
  if (sidecar.has('cluster', name)) return name
  const { zone } = sidecar.context
  const sets = sidecar.context
    .endpoints(resource, port, sidecar.depend)
    .filter((set) => set.every((endpoint) => endpoint.zone === zone))
  sidecar.put('cluster', name, { passThrough: true }, passThroughCluster)
  sidecar.putEndpoints(name, sets, { zone, affinity: {}, locality: undefined })
  return name
}
