import { isJsonObject, type JsonObject } from '../model/json.js'
import { LABEL } from '../model/labels.js'
import type { WireNode } from '../wire/delta-codec.js'
import type { FleetMember } from './fleet-file.js'

/** The releases that a mock says it is made of: those that the real ones had when this was written. */
const ENVOY_VERSION = '1.40.0'
const KUMA_DP_VERSION = '3.0.0'

export const ENVOY_BUILD = `zonelab/${ENVOY_VERSION}/Clean/RELEASE/mock`

/** Where a real kuma-dp reports its readiness; a Kuma zone makes nothing at all for a sidecar that does not say it. */
const READINESS_PORT = '9902'

/** What a sidecar says of itself, by the keys that kuma-dp's bootstrap has (kuma `pkg/xds/bootstrap`). */
export function nodeOf({ mesh, name, resource }: FleetMember, adminPort: number | undefined): WireNode {
  const labels = resource && isJsonObject(resource.labels) ? resource.labels : {}
  const workload = labels[LABEL.workload]
  const metadata: JsonObject = {
    'dataplane.proxyType': 'dataplane',
    ...(resource && { 'dataplane.resource': JSON.stringify(resource) }),
    ...(adminPort !== undefined && {
      'dataplane.admin.port': String(adminPort),
      'dataplane.admin.address': '127.0.0.1',
    }),
    'dataplane.readinessReporter.port': READINESS_PORT,
    version: {
      kumaDp: { version: KUMA_DP_VERSION, gitTag: `v${KUMA_DP_VERSION}`, gitCommit: 'zonelab', buildDate: '' },
      envoy: { version: ENVOY_VERSION, build: ENVOY_BUILD, kumaDpCompatible: true },
    },
    features: [],
  }
  return { id: `${mesh}.${name}`, cluster: typeof workload === 'string' ? workload : name, metadata }
}
