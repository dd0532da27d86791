import type { JsonObject } from '../model/json.js'
import { LABEL } from '../model/labels.js'
import type { Fleet, Service, Topology, ZonePlan } from './topology.js'

/** Sidecars of one form, as the fleet file of `zonelab dataplane run` lists them. */
export interface FleetRow {
  readonly mesh: string
  readonly name: string
  /** The Dataplane as Kuma's REST JSON; undefined where the zone has made it. */
  readonly resource?: JsonObject
  readonly behaviour?: string
  /** Makes `NAME-1` to `NAME-COUNT`, with addresses that follow one another. */
  readonly count?: number
  readonly tokenFile?: string
}

/** Where a sidecar's application finds what it calls: the first outbound's port, the next ones follow. */
const FIRST_OUTBOUND_PORT = 30_001
/** The Dataplane that every zone of ours makes for each mesh; a sidecar runs for it too. */
export const ZONE_PROXY = 'zone-proxy'

/** What a dataplane token says of its holder: which workload's sidecar it is; a zone proxy has none. */
export interface TokenBinding {
  readonly mesh: string
  readonly workload: string | undefined
}

/** The tokens that the sidecars of a topology need. */
export function tokenBindings({ meshes, services }: Topology): readonly TokenBinding[] {
  return [
    ...meshes.map((mesh) => ({ mesh, workload: undefined })),
    ...services.map((service) => ({ mesh: service.mesh, workload: workloadOf(service) })),
  ]
}

export function workloadOf({ name, labels }: Service): string {
  return labels[LABEL.workload] ?? name
}

/** All sidecars of one zone; with no tokens if there is no `tokenFile`. Mock sidecars exchange configuration, not traffic. */
export function fleetRows(
  topology: Topology,
  zone: ZonePlan,
  tokenFile?: (binding: TokenBinding) => string,
): FleetRow[] {
  const token = (binding: TokenBinding) => (tokenFile ? { tokenFile: tokenFile(binding) } : {})
  let host = 1
  const rows = zone.fleets.flatMap((fleet): FleetRow[] => {
    const service = topology.services.find(({ name }) => name === fleet.service)
    if (!service || fleet.replicas === 0) return []
    const row = serviceRow(topology, zone, service, fleet, addressOf(topology.zones.indexOf(zone), host))
    host += fleet.replicas
    return [{ ...row, ...token({ mesh: service.mesh, workload: workloadOf(service) }) }]
  })
  const proxies = topology.meshes.map((mesh) => ({ mesh, name: ZONE_PROXY, ...token({ mesh, workload: undefined }) }))
  return [...rows, ...proxies]
}

function serviceRow(topology: Topology, zone: ZonePlan, service: Service, fleet: Fleet, address: string): FleetRow {
  const { name, mesh, port, protocol, labels, calls } = service
  const resource = {
    labels: { app: name, ...labels, [LABEL.workload]: workloadOf(service) },
    networking: {
      address,
      inbound: [{ port, protocol, name: protocol }],
      outbound: calls.map((called, index) => outboundTo(topology, zone, called, FIRST_OUTBOUND_PORT + index)),
    },
  }
  return { mesh, name, resource, behaviour: fleet.behaviour, count: fleet.replicas }
}

/** To the service's own copy in this zone where there is one, else to the first zone that has it. */
function outboundTo(topology: Topology, zone: ZonePlan, called: string, port: number): JsonObject {
  const sells = ({ fleets }: ZonePlan) => fleets.some(({ service, replicas }) => service === called && replicas > 0)
  const home = sells(zone) ? zone : topology.zones.find(sells)
  const service = topology.services.find(({ name }) => name === called)
  return {
    address: '127.0.0.1',
    port,
    backendRef: {
      kind: 'MeshService',
      labels: { [LABEL.displayName]: called, ...(home && { [LABEL.zone]: home.name }) },
      port: service?.port ?? 0,
    },
  }
}

/** Loopback, so that a real Envoy can take a mock's place: a /16 a zone, beside the one of localhost; the 255th zone begins anew. */
function addressOf(zoneIndex: number, host: number): string {
  return `127.${1 + (zoneIndex % 254)}.${(host >> 8) & 255}.${host & 255}`
}
