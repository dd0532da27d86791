import type { JsonObject } from '../model/json.js'
import { LABEL } from '../model/labels.js'
import type { PlannedZone } from './plan.js'
import type { PlannedSidecar } from './plan-sidecars.js'
import { GROUP_LABEL } from './write-body.js'

/** Of the first inbound; the next ones follow. */
const FIRST_INBOUND_PORT = 8_080
const FIRST_OUTBOUND_PORT = 30_001

/** A sidecar's Dataplane in Kuma's universal JSON. `place` is its place in the zone: addresses follow one another. */
export function dataplaneBody(mesh: string, zone: PlannedZone, sidecar: PlannedSidecar, place: number): JsonObject {
  return {
    type: 'Dataplane',
    mesh,
    name: sidecar.name,
    labels: dataplaneLabels(sidecar),
    networking: {
      address: addressOf(zone.index, place),
      inbound: Array.from({ length: sidecar.inbounds }, (_, index) => ({
        port: FIRST_INBOUND_PORT + index,
        name: `http-${index}`,
        protocol: 'http',
      })),
      outbound: sidecar.outbounds.map((service, index) => ({
        address: '127.0.0.1',
        port: FIRST_OUTBOUND_PORT + index,
        backendRef: {
          kind: 'MeshService',
          labels: { [LABEL.displayName]: service, [LABEL.zone]: zone.name },
          port: FIRST_INBOUND_PORT,
        },
      })),
    },
  }
}

function dataplaneLabels({ service, group }: PlannedSidecar): Record<string, string> {
  return { [LABEL.workload]: service, [GROUP_LABEL]: `g${group}` }
}

/** Loopback: nothing of a run listens there, and nothing outside this machine is named by accident. */
function addressOf(zoneIndex: number, place: number): string {
  return `127.${1 + (zoneIndex % 254)}.${(place >> 8) & 255}.${1 + (place & 253)}`
}

/** What the zone's generator would make of the sidecars of a service. */
export function meshServiceSpec(service: string): JsonObject {
  return {
    selector: { dataplaneLabels: { matchLabels: { [LABEL.workload]: service } } },
    ports: [{ name: 'http-0', port: FIRST_INBOUND_PORT, targetPort: FIRST_INBOUND_PORT, appProtocol: 'http' }],
  }
}
