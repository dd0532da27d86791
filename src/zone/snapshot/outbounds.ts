import { LABEL } from '../../model/labels.js'
import { type Resource, specOf, statusOf } from '../../model/resource.js'
import { type SniTarget, sniFaults, sniOf } from '../../model/sni.js'
import type { MeshCircuitBreakerConf } from '../../model/specs/mesh-circuit-breaker.js'
import type { MeshHealthCheckConf } from '../../model/specs/mesh-health-check.js'
import type { MeshLoadBalancingStrategyConf } from '../../model/specs/mesh-load-balancing-strategy.js'
import type { MeshRetryConf } from '../../model/specs/mesh-retry.js'
import type { MeshServiceSpec } from '../../model/specs/mesh-service.js'
import type { MeshTimeoutConf } from '../../model/specs/mesh-timeout.js'
import { isHttp, type Protocol, type ResolvedBackend } from '../../policy/destinations.js'
import type { Outbound } from '../../policy/outbounds.js'
import { type OutboundClusterInput, outboundCluster } from './clusters.js'
import { loadAssignment } from './endpoints.js'
import { checkKind } from './health-check.js'
import { type OutboundListenerInput, outboundListener } from './listeners.js'
import type { LeadingPart, Part } from './part.js'
import type { RouteInput } from './route-json.js'
import { type HttpRoute, httpRoutes, tcpBackends, type WeightedBackend } from './routes.js'
import type { Sidecar } from './sidecar.js'
import { routeTimeouts, timeouts } from './timeouts.js'

type Way = Pick<OutboundListenerInput, 'way'> & Pick<LeadingPart, 'backends'>

/** A listener for the outbound. */
export function outboundPart(sidecar: Sidecar, outbound: Outbound): LeadingPart {
  const { protocol } = outbound.port
  const { way, backends } =
    isHttp(protocol) && !takesTcpRoute(sidecar, outbound) ? httpWay(sidecar, outbound) : tcpWay(sidecar, outbound)
  const input: OutboundListenerInput = {
    address: outbound.address,
    port: outbound.listenPort,
    bind: outbound.bind,
    protocol,
    timeouts: timeouts(sidecar.toConf<MeshTimeoutConf>('MeshTimeout', outbound) ?? {}, protocol).listener,
    way,
  }
  const name = sidecar.kri(outbound.resource, outbound.section)
  return { resources: [sidecar.listener(name, input, outboundListener)], notes: [], backends }
}

/** A MeshTCPRoute leads HTTP traffic only where no MeshHTTPRoute does (kuma `meshtcproute/plugin getBackendRefs`). */
function takesTcpRoute(sidecar: Sidecar, outbound: Outbound): boolean {
  return (
    sidecar.toRule('MeshTCPRoute', outbound) !== undefined && sidecar.toRule('MeshHTTPRoute', outbound) === undefined
  )
}

function httpWay(sidecar: Sidecar, outbound: Outbound): Way {
  const { destinations } = sidecar.context
  const routes = httpRoutes(sidecar.toRule('MeshHTTPRoute', outbound), outbound, destinations, sidecar.depend)
  return {
    way: { kind: 'http', routes: routes.map((route) => routeInput(sidecar, outbound, route)) },
    backends: routes.flatMap(({ mirrors, backends }) => [
      ...mirrors.values(),
      ...backends.map(({ backend }) => backend),
    ]),
  }
}

/** What policies say of the route itself goes before what they say of its service. */
function routeInput(sidecar: Sidecar, outbound: Outbound, route: HttpRoute): RouteInput {
  const { name, policy, match, filters, unresolvedWeight, deadEnd } = route
  const serviceTimeout = sidecar.toConf<MeshTimeoutConf>('MeshTimeout', outbound) ?? {}
  const balancing =
    sidecar.routeConf<MeshLoadBalancingStrategyConf>('MeshLoadBalancingStrategy', policy) ??
    sidecar.toConf<MeshLoadBalancingStrategyConf>('MeshLoadBalancingStrategy', outbound)
  const ownRetry = sidecar.routeConf<MeshRetryConf>('MeshRetry', policy)
  const mirrors: Record<number, string> = {}
  for (const [index, backend] of route.mirrors) mirrors[index] = clusterOf(sidecar, backend)
  return {
    name,
    match,
    filters,
    clusters: weightedClusters(sidecar, route.backends),
    unresolvedWeight,
    deadEnd,
    mirrors,
    timeouts: routeTimeouts(
      sidecar.routeConf<MeshTimeoutConf>('MeshTimeout', policy) ?? serviceTimeout,
      serviceTimeout,
    ),
    retry: [ownRetry, sidecar.toConf<MeshRetryConf>('MeshRetry', outbound)].filter((conf) => conf !== undefined),
    protocol: outbound.port.protocol,
    hashPolicies: balancing?.hashPolicies ?? [],
  }
}

function tcpWay(sidecar: Sidecar, outbound: Outbound): Way {
  const { destinations } = sidecar.context
  const backends = tcpBackends(sidecar.toRule('MeshTCPRoute', outbound), outbound, destinations, sidecar.depend)
  const retry = sidecar.toConf<MeshRetryConf>('MeshRetry', outbound)
  const maxConnectAttempts = outbound.port.protocol === 'tcp' ? retry?.tcp?.maxConnectAttempt : undefined
  return {
    way: { kind: 'tcp', clusters: weightedClusters(sidecar, backends), maxConnectAttempts },
    backends: backends.map(({ backend }) => backend),
  }
}

function weightedClusters(sidecar: Sidecar, backends: readonly WeightedBackend[]) {
  return backends.map(({ backend, weight }) => ({ cluster: clusterOf(sidecar, backend), weight }))
}

function clusterOf(sidecar: Sidecar, { resource, section }: ResolvedBackend): string {
  return sidecar.kri(resource, section)
}

/** The cluster of a backend and its endpoints. */
export function backendPart(sidecar: Sidecar, backend: ResolvedBackend): Part {
  const name = clusterOf(sidecar, backend)
  const balancing = sidecar.toConf<MeshLoadBalancingStrategyConf>('MeshLoadBalancingStrategy', backend) ?? {}
  const { protocol } = backend.port
  const healthCheck = sidecar.toConf<MeshHealthCheckConf>('MeshHealthCheck', backend)
  const input: OutboundClusterInput = {
    protocol,
    upstream: upstreamProtocol(backend),
    timeouts: timeouts(sidecar.toConf<MeshTimeoutConf>('MeshTimeout', backend) ?? {}, protocol).cluster,
    circuitBreaker: sidecar.toConf<MeshCircuitBreakerConf>('MeshCircuitBreaker', backend) ?? {},
    healthCheck,
    loadBalancing: balancing,
    source: healthCheck && checkKind(healthCheck, protocol) === 'http' ? sidecar.dataplane.labels : {},
    tls: clusterTls(sidecar, backend),
  }
  const { localityAwareness: locality } = balancing
  const affinity = sidecar.labels((locality?.localZone?.affinityTags ?? []).map(({ key }) => key))
  const sets = sidecar.context
    .endpoints(backend.resource, backend.port, sidecar.depend)
    .map((set) => sidecar.shared(set))
  const viewpoint = { zone: sidecar.context.zone, affinity, locality }
  return {
    resources: [
      sidecar.resource('cluster', name, input, outboundCluster),
      sidecar.resource('endpoint', name, { sets, viewpoint }, loadAssignment),
    ],
    notes:
      backend.resource.type === 'MeshExternalService'
        ? [{ about: name, reason: 'external services are reached through a zone egress, which is not served' }]
        : [],
  }
}

/** Sidecars speak HTTP/2 to one another, as Kuma's do; an external destination is spoken to in its own protocol. */
function upstreamProtocol({ resource, port }: ResolvedBackend): Protocol {
  return resource.type === 'MeshExternalService' ? port.protocol : 'http2'
}

/** TLS to a destination that answers to it: another zone's always does, one's own once it says so. */
function clusterTls(sidecar: Sidecar, { resource, section }: ResolvedBackend): OutboundClusterInput['tls'] {
  if (sidecar.identity === undefined || resource.type === 'MeshExternalService') return undefined
  const ready = statusOf<{ tls?: { status?: string } }>(resource)?.tls?.status === 'Ready'
  if (resource.type === 'MeshService' && sidecar.context.isLocal(resource) && !ready) return undefined
  if (sniFaults(resource as SniTarget, section).length > 0) return undefined
  return {
    secretName: sidecar.identity.secretName,
    sni: sniOf(resource as SniTarget, section),
    sans: spiffeIds(sidecar, resource),
  }
}

function spiffeIds(sidecar: Sidecar, resource: Resource): readonly string[] {
  const services = resource.type === 'MeshService' ? [resource] : multiZoneMembers(sidecar, resource)
  const ids = services.flatMap((service) =>
    (specOf<MeshServiceSpec>(service).identities ?? []).flatMap(({ type, value }) =>
      type === 'SpiffeID' ? [value] : [],
    ),
  )
  return [...new Set(ids)].sort()
}

function multiZoneMembers({ context, depend }: Sidecar, resource: Resource): readonly Resource[] {
  const { meshServices = [] } = statusOf<{ meshServices?: readonly { name: string; zone: string }[] }>(resource) ?? {}
  return meshServices.flatMap(({ name, zone }) =>
    context.destinations
      .find('MeshService', { [LABEL.displayName]: name }, depend)
      .filter(({ labels }) => (labels[LABEL.zone] ?? '') === zone),
  )
}
