import type { MeshCircuitBreakerConf } from '../../model/specs/mesh-circuit-breaker.js'
import type { MeshTimeoutConf } from '../../model/specs/mesh-timeout.js'
import type { MeshTLSConf } from '../../model/specs/mesh-tls.js'
import { type Protocol, parseProtocol } from '../../policy/destinations.js'
import { inboundCluster } from './clusters.js'
import { dataplaneNetworking, type InboundSpec, sectionName } from './dataplane-spec.js'
import { inboundListener } from './listeners.js'
import type { Part } from './part.js'
import type { Sidecar } from './sidecar.js'
import { bareInboundTimeouts, type Timeouts, timeouts } from './timeouts.js'

/** A listener and a cluster for an inbound, both by its contextual name. */
export function inboundPart(sidecar: Sidecar, spec: InboundSpec): Part {
  const { address: ownAddress = '', transparentProxying } = dataplaneNetworking(sidecar.dataplane)
  const section = sectionName(spec)
  const name = `self_inbound_dp_${section}`
  const protocol = parseProtocol(spec.protocol)
  const limits = inboundTimeouts(sidecar, section, protocol)
  const address = spec.address || ownAddress
  const cluster = {
    address: spec.serviceAddress || address,
    port: spec.servicePort || spec.port,
    protocol,
    timeouts: limits.cluster,
    circuitBreaker: sidecar.inboundConf<MeshCircuitBreakerConf>('MeshCircuitBreaker', section) ?? {},
  }
  const listener = {
    address,
    port: spec.port,
    bind: !transparentProxying?.redirectPortInbound,
    protocol,
    timeouts: limits.listener,
    labels: sidecar.dataplane.labels,
    tls: sidecar.identity && {
      secretName: sidecar.identity.secretName,
      mode: sidecar.inboundConf<MeshTLSConf>('MeshTLS', section)?.mode ?? 'Strict',
    },
  }
  return {
    resources: [
      sidecar.resource('cluster', name, cluster, inboundCluster),
      sidecar.listener(name, listener, inboundListener),
    ],
    notes: [],
  }
}

/** Kuma's wide inbound timeouts stay where rules all have a match, and for gRPC's cluster, which MeshTimeout leaves alone. */
function inboundTimeouts(sidecar: Sidecar, section: string, protocol: Protocol): Timeouts {
  const conf = sidecar.inboundConf<MeshTimeoutConf>('MeshTimeout', section)
  const bare = bareInboundTimeouts(protocol)
  if (conf === undefined && sidecar.inboundRules('MeshTimeout', section).length > 0) return bare
  const { cluster, listener } = timeouts(conf ?? {}, protocol)
  return { listener, cluster: { ...cluster, http: cluster.http ?? bare.cluster.http } }
}
