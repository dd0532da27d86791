import { displayName } from '../../model/resource.js'
import { type SniTarget, sniOf } from '../../model/sni.js'
import { portsOf, type ResolvedBackend } from '../../policy/destinations.js'
import { passThroughCluster } from './clusters.js'
import { dataplaneNetworking, type ListenerSpec, sectionName } from './dataplane-spec.js'
import { loadAssignment } from './endpoints.js'
import { passThroughListener } from './listeners.js'
import type { LeadingPart, Part, PartResource } from './part.js'
import type { Sidecar } from './sidecar.js'

/**
 * The listeners of a zone proxy. With a MeshIdentity as in Kuma: one listener that tells services apart by SNI.
 * Without: one listener for each port that the zone's labelled MeshZoneAddresses announce (docs/DIFFERENCES.md).
 */
export function zoneProxyPart(sidecar: Sidecar, spec: ListenerSpec): LeadingPart {
  const name = `self_${(spec.type ?? '').toLowerCase()}_dp_${sectionName(spec)}`
  if (spec.type === 'ZoneEgress') {
    const reason = 'a zone egress is not served yet: external services have no endpoints'
    return { resources: [], notes: [{ about: name, reason }], backends: [] }
  }
  const address = spec.address || (dataplaneNetworking(sidecar.dataplane).address ?? '')
  const bySni = sidecar.context.hasIdentity(sidecar.depend)
  return bySni ? sniListener(sidecar, name, address, spec) : portListeners(sidecar, address)
}

function sniListener(sidecar: Sidecar, name: string, address: string, { port }: ListenerSpec): LeadingPart {
  const backends = localBackends(sidecar)
  const target = backends.map((backend) => ({
    sni: sniOf(backend.resource as SniTarget, backend.section),
    cluster: sidecar.kri(backend.resource, backend.section),
  }))
  const resources = target.length === 0 ? [] : [sidecar.listener(name, { address, port, target }, passThroughListener)]
  return { resources, notes: [], backends }
}

function portListeners(sidecar: Sidecar, address: string): LeadingPart {
  const local = localBackends(sidecar)
  const resources: PartResource[] = []
  const backends: ResolvedBackend[] = []
  for (const { service, port, listenPort } of sidecar.context.zoneAddresses.exportedPorts(
    sidecar.context.zone,
    sidecar.depend,
  )) {
    const backend = local.find(
      ({ resource, section }) =>
        resource.type === 'MeshService' && displayName(resource) === service && section === port,
    )
    if (backend === undefined) continue
    const target = sidecar.kri(backend.resource, backend.section)
    const name = `self_zoneingress_dp_${service}_${port}`
    resources.push(sidecar.listener(name, { address, port: listenPort, target }, passThroughListener))
    backends.push(backend)
  }
  return { resources, notes: [], backends }
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
export function localBackendPart(sidecar: Sidecar, { resource, port, section }: ResolvedBackend): Part {
  const name = sidecar.kri(resource, section)
  const { zone } = sidecar.context
  const sets = sidecar.context
    .endpoints(resource, port, sidecar.depend)
    .filter((set) => set.every((endpoint) => endpoint.zone === zone))
    .map((set) => sidecar.shared(set))
  const input = { sets, viewpoint: { zone, affinity: {}, locality: undefined } }
  return {
    resources: [
      sidecar.resource('cluster', name, {}, passThroughCluster),
      sidecar.resource('endpoint', name, input, loadAssignment),
    ],
    notes: [],
  }
}
