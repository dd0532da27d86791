import type { JsonObject } from '../../model/json.js'
import type { MeshCircuitBreakerConf } from '../../model/specs/mesh-circuit-breaker.js'
import type { MeshTimeoutConf } from '../../model/specs/mesh-timeout.js'
import type { MeshTLSConf } from '../../model/specs/mesh-tls.js'
import { type Protocol, parseProtocol } from '../../policy/destinations.js'
import { catchAllConf } from '../../policy/inbound-rules.js'
import { type InboundClusterInput, inboundCluster } from './clusters.js'
import { dataplaneNetworking, sectionName } from './dataplane-spec.js'
import { type InboundListenerInput, inboundListener } from './listeners.js'
import type { Sidecar } from './sidecar.js'
import { bareInboundTimeouts, type Timeouts, timeouts } from './timeouts.js'

/** A listener and a cluster for each inbound, both by its contextual name. */
export function addInbounds(sidecar: Sidecar): void {
  const { inbound = [], address: ownAddress = '', transparentProxying } = dataplaneNetworking(sidecar.dataplane)
  for (const spec of inbound) {
    const section = sectionName(spec)
    const name = `self_inbound_dp_${section}`
    const protocol = parseProtocol(spec.protocol)
    const limits = inboundTimeouts(sidecar, section, protocol)
    const address = spec.address || ownAddress
    sidecar.put<'cluster', InboundClusterInput>(
      'cluster',
      name,
      {
        address: spec.serviceAddress || address,
        port: spec.servicePort || spec.port,
        protocol,
        timeouts: limits,
        circuitBreaker: inboundConf<MeshCircuitBreakerConf>(sidecar, 'MeshCircuitBreaker', section),
      },
      inboundCluster,
    )
    const input: InboundListenerInput = {
      address,
      port: spec.port,
      bind: !transparentProxying?.redirectPortInbound,
      protocol,
      timeouts: limits,
      labels: sidecar.dataplane.labels,
      tls: sidecar.identity && {
        secretName: sidecar.identity.secretName,
        mode: inboundConf<MeshTLSConf>(sidecar, 'MeshTLS', section).mode ?? 'Strict',
      },
    }
    sidecar.listen(name, input, inboundListener)
  }
}

/** Kuma's wide inbound timeouts stay where rules all have a match, and for gRPC's cluster, which MeshTimeout leaves alone. */
function inboundTimeouts(sidecar: Sidecar, section: string, protocol: Protocol): Timeouts {
  const rules = sidecar.policies('MeshTimeout').inbound.get(section) ?? []
  const conf = catchAllConf(rules)
  const bare = bareInboundTimeouts(protocol)
  if (conf === undefined && rules.length > 0) return bare
  const limits = timeouts((conf ?? {}) as MeshTimeoutConf, protocol)
  return { ...limits, clusterHttp: limits.clusterHttp ?? bare.clusterHttp }
}

function inboundConf<Conf extends object>(
  sidecar: Sidecar,
  type: 'MeshCircuitBreaker' | 'MeshTLS',
  section: string,
): Conf {
  const rules = sidecar.policies(type).inbound.get(section) ?? []
  return (catchAllConf(rules) ?? ({} as JsonObject)) as Conf
}
