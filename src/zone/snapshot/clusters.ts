import type { Labels } from '../../model/labels.js'
import type { MeshCircuitBreakerConf } from '../../model/specs/mesh-circuit-breaker.js'
import type { MeshHealthCheckConf } from '../../model/specs/mesh-health-check.js'
import type { MeshLoadBalancingStrategyConf } from '../../model/specs/mesh-load-balancing-strategy.js'
import type { Protocol } from '../../policy/destinations.js'
import { typedConfig } from '../../wire/envoy-codec.js'
import type {
  Cluster_CommonLbConfigJson,
  ClusterJson,
} from '../../wire/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { HttpProtocolOptionsJson } from '../../wire/generated/envoy/config/core/v3/protocol_pb.js'
import { circuitBreakers, healthyPanicThreshold, outlierDetection } from './circuit-breaker.js'
import { healthCheck } from './health-check.js'
import { lbFields, usesLocalityWeights } from './load-balancing.js'
import { present } from './present.js'
import type { ClusterTimeouts } from './timeouts.js'
import { upstreamTls } from './tls.js'

export interface InboundClusterInput {
  readonly address: string
  readonly port: number
  readonly protocol: Protocol
  readonly timeouts: ClusterTimeouts
  readonly circuitBreaker: MeshCircuitBreakerConf
}

/** The application beside the proxy. */
export function inboundCluster(name: string, input: InboundClusterInput): ClusterJson {
  const { address, port, protocol, timeouts, circuitBreaker } = input
  const endpoint = { endpoint: { address: { socketAddress: { address, portValue: port } } } }
  return present<ClusterJson>({
    name,
    type: 'STATIC',
    connectTimeout: timeouts.connect,
    loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints: [endpoint] }] },
    circuitBreakers: circuitBreakers(circuitBreaker),
    outlierDetection: outlierDetection(circuitBreaker),
    commonLbConfig: commonLb(circuitBreaker, {}, {}),
    typedExtensionProtocolOptions: protocolOptions(protocol, timeouts.http),
  })
}

export interface OutboundClusterInput {
  /** Of the destination's port. */
  readonly protocol: Protocol
  /** Of the connection: between sidecars always HTTP/2 capable. */
  readonly upstream: Protocol
  readonly timeouts: ClusterTimeouts
  readonly circuitBreaker: MeshCircuitBreakerConf
  readonly healthCheck: MeshHealthCheckConf | undefined
  readonly loadBalancing: MeshLoadBalancingStrategyConf
  /** Labels of the proxy, where its health checks tell them; else empty, so that proxies share the cluster. */
  readonly source: Labels
  readonly tls: { readonly secretName: string; readonly sni: string; readonly sans: readonly string[] } | undefined
}

/** A destination, whose endpoints come by EDS under the cluster's own name. */
export function outboundCluster(name: string, input: OutboundClusterInput): ClusterJson {
  const { protocol, upstream, timeouts, circuitBreaker, healthCheck: check, loadBalancing, source, tls } = input
  const checks = check && healthCheck(check, protocol, source)
  return present<ClusterJson>({
    name,
    type: 'EDS',
    edsClusterConfig: { edsConfig: { ads: {}, resourceApiVersion: 'V3' } },
    connectTimeout: timeouts.connect,
    circuitBreakers: circuitBreakers(circuitBreaker),
    outlierDetection: outlierDetection(circuitBreaker),
    healthChecks: checks && [checks],
    commonLbConfig: commonLb(circuitBreaker, check ?? {}, loadBalancing),
    ...lbFields(loadBalancing),
    typedExtensionProtocolOptions: protocolOptions(upstream, timeouts.http),
    transportSocket: tls && upstreamTls(tls.secretName, tls.sni, tls.sans),
  })
}

/** A destination as a zone proxy sees it: bytes are passed on, nothing is read in them. */
export function passThroughCluster(name: string): ClusterJson {
  return {
    name,
    type: 'EDS',
    edsClusterConfig: { edsConfig: { ads: {}, resourceApiVersion: 'V3' } },
    connectTimeout: '5s',
    circuitBreakers: circuitBreakers({}),
  }
}

function protocolOptions(protocol: Protocol, common: HttpProtocolOptionsJson | undefined) {
  if (protocol === 'tcp') return undefined
  const explicit = protocol === 'http' ? { httpProtocolOptions: {} } : { http2ProtocolOptions: {} }
  const options = typedConfig('HttpProtocolOptions', {
    ...(common && { commonHttpProtocolOptions: common }),
    explicitHttpConfig: explicit,
  })
  return { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': options }
}

/** Locality weights and fail-on-panic are one choice in Envoy; the weights win, as in Kuma. */
function commonLb(
  circuitBreaker: MeshCircuitBreakerConf,
  { failTrafficOnPanic }: MeshHealthCheckConf,
  loadBalancing: MeshLoadBalancingStrategyConf,
): Cluster_CommonLbConfigJson | undefined {
  const threshold = healthyPanicThreshold(circuitBreaker)
  const config: Cluster_CommonLbConfigJson = {
    ...(threshold !== undefined && { healthyPanicThreshold: { value: threshold } }),
    ...(usesLocalityWeights(loadBalancing)
      ? { localityWeightedLbConfig: {} }
      : failTrafficOnPanic !== undefined && { zoneAwareLbConfig: { failTrafficOnPanic } }),
  }
  return Object.keys(config).length > 0 ? config : undefined
}
