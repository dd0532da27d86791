import type { Labels } from '../../model/labels.js'
import type { Protocol } from '../../policy/destinations.js'
import { typedConfig } from '../../wire/envoy-codec.js'
import type { AddressJson } from '../../wire/generated/envoy/config/core/v3/address_pb.js'
import type {
  FilterChainJson,
  FilterJson,
} from '../../wire/generated/envoy/config/listener/v3/listener_components_pb.js'
import type { ListenerJson } from '../../wire/generated/envoy/config/listener/v3/listener_pb.js'
import type { RouteConfigurationJson } from '../../wire/generated/envoy/config/route/v3/route_pb.js'
import type { HttpConnectionManagerJson } from '../../wire/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import type { TcpProxyJson } from '../../wire/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js'
import { tagsMetadata } from './envoy-values.js'
import { present } from './present.js'
import { type RouteInput, routeJson } from './route-json.js'
import type { ListenerTimeouts } from './timeouts.js'
import { downstreamTls, KUMA_ALPN } from './tls.js'
import { clusterTarget, type WeightedCluster } from './weighted-clusters.js'

/** Addresses whose requests count as internal (kuma's default `internalAddresses`). */
const INTERNAL_RANGES = [
  { addressPrefix: '10.0.0.0', prefixLen: 8 },
  { addressPrefix: '192.168.0.0', prefixLen: 16 },
  { addressPrefix: '172.16.0.0', prefixLen: 12 },
  { addressPrefix: '127.0.0.1', prefixLen: 32 },
]
const HTTP_FILTER = 'envoy.filters.network.http_connection_manager'
const TCP_FILTER = 'envoy.filters.network.tcp_proxy'
const TLS_INSPECTOR = {
  name: 'envoy.filters.listener.tls_inspector',
  typedConfig: typedConfig('TlsInspector', {}),
}

export interface InboundListenerInput {
  readonly address: string
  readonly port: number
  readonly bind: boolean
  readonly protocol: Protocol
  readonly timeouts: ListenerTimeouts
  readonly labels: Labels
  /** Strict takes the mesh's TLS only; permissive takes what comes. */
  readonly tls: { readonly secretName: string; readonly mode: 'Strict' | 'Permissive' } | undefined
}

/** Traffic to the application: one route to the cluster of the same name. */
export function inboundListener(name: string, input: InboundListenerInput): ListenerJson {
  const { tls, bind, labels } = input
  const filters = [input.protocol === 'tcp' ? inboundTcp(name, input) : inboundHttp(name, input)]
  const secured: FilterChainJson = tls ? { filters, transportSocket: downstreamTls(tls.secretName) } : { filters }
  return present<ListenerJson>({
    name,
    address: socketAddress(input.address, input.port),
    statPrefix: name,
    filterChains:
      tls?.mode === 'Permissive'
        ? [
            { filterChainMatch: { transportProtocol: 'raw_buffer' }, filters },
            { filterChainMatch: { transportProtocol: 'tls' }, filters },
            { filterChainMatch: { transportProtocol: 'tls', applicationProtocols: [KUMA_ALPN] }, ...secured },
          ]
        : [secured],
    listenerFilters: tls?.mode === 'Permissive' ? [TLS_INSPECTOR] : undefined,
    metadata: tagsMetadata(Object.keys(labels).length > 0 ? labels : { 'kuma.io/unified-name': name }),
    trafficDirection: 'INBOUND',
    enableReusePort: false,
    bindToPort: bind ? undefined : false,
  })
}

export interface OutboundListenerInput {
  readonly address: string
  readonly port: number
  readonly bind: boolean
  readonly protocol: Protocol
  readonly timeouts: ListenerTimeouts
  readonly way:
    | { readonly kind: 'http'; readonly routes: readonly RouteInput[] }
    | {
        readonly kind: 'tcp'
        readonly clusters: readonly WeightedCluster[]
        readonly maxConnectAttempts: number | undefined
      }
}

/** The application's traffic to one destination. Without a cluster to go to, connections are closed. */
export function outboundListener(name: string, input: OutboundListenerInput): ListenerJson {
  const { way, timeouts, bind } = input
  return present<ListenerJson>({
    name,
    address: socketAddress(input.address, input.port),
    statPrefix: name,
    filterChains: [
      {
        filters:
          way.kind === 'http'
            ? [outboundHttp(name, way.routes, input)]
            : way.clusters.length === 0
              ? []
              : [tcpProxy(name, way.clusters, timeouts.tcpIdle, way.maxConnectAttempts)],
      },
    ],
    metadata: tagsMetadata({ 'kuma.io/unified-name': name }),
    trafficDirection: 'OUTBOUND',
    bindToPort: bind ? undefined : false,
  })
}

export interface PassThroughListenerInput {
  readonly address: string
  readonly port: number
  /** The one cluster that everything goes to, or one for each server name. */
  readonly target: string | readonly { readonly sni: string; readonly cluster: string }[]
}

/** Bytes from another zone go to a local service as they are: by the port they came to, or by the name in their TLS hello. */
export function passThroughListener(name: string, { address, port, target }: PassThroughListenerInput): ListenerJson {
  const chainTo = (cluster: string) => ({ filters: [tcpProxy(cluster, [{ cluster, weight: 1 }], '7200s', undefined)] })
  return present<ListenerJson>({
    name,
    address: socketAddress(address, port),
    statPrefix: name,
    filterChains:
      typeof target === 'string'
        ? [chainTo(target)]
        : target.map(({ sni, cluster }) => ({
            filterChainMatch: { transportProtocol: 'tls', serverNames: [sni] },
            ...chainTo(cluster),
          })),
    listenerFilters: typeof target === 'string' ? undefined : [TLS_INSPECTOR],
    trafficDirection: 'INBOUND',
    enableReusePort: false,
  })
}

function inboundHttp(name: string, { protocol, timeouts }: InboundListenerInput): FilterJson {
  const { request, streamIdle } = timeouts.route
  const routeConfig = routeConfiguration(name, [
    { match: { prefix: '/' }, route: present({ cluster: name, timeout: request, idleTimeout: streamIdle }) },
  ])
  return httpFilter(name, protocol, timeouts, {
    routeConfig: { ...routeConfig, requestHeadersToRemove: ['x-kuma-tags'] },
    forwardClientCertDetails: 'SANITIZE_SET',
    setCurrentClientCertDetails: { uri: true },
    streamIdleTimeout: '3600s',
  })
}

function outboundHttp(
  name: string,
  routes: readonly RouteInput[],
  { protocol, timeouts }: Pick<OutboundListenerInput, 'protocol' | 'timeouts'>,
): FilterJson {
  const routeConfig = routeConfiguration(name, routes.flatMap(routeJson))
  return httpFilter(name, protocol, timeouts, { routeConfig, normalizePath: true })
}

/** Clusters are not checked: an inline route that names one which comes later must not refuse the listener. */
function routeConfiguration(
  name: string,
  routes: NonNullable<NonNullable<RouteConfigurationJson['virtualHosts']>[number]['routes']>,
): RouteConfigurationJson {
  return { name, virtualHosts: [{ name, domains: ['*'], routes }], validateClusters: false }
}

function httpFilter(
  name: string,
  protocol: Protocol,
  timeouts: ListenerTimeouts,
  own: HttpConnectionManagerJson,
): FilterJson {
  const grpcStats = {
    name: 'envoy.filters.http.grpc_stats',
    typedConfig: typedConfig('GrpcStats', { emitFilterState: true }),
  }
  const router = { name: 'envoy.filters.http.router', typedConfig: typedConfig('Router', {}) }
  return {
    name: HTTP_FILTER,
    typedConfig: typedConfig(
      'HttpConnectionManager',
      present<HttpConnectionManagerJson>({
        statPrefix: name,
        httpFilters: protocol === 'grpc' ? [grpcStats, router] : [router],
        internalAddressConfig: { cidrRanges: INTERNAL_RANGES },
        commonHttpProtocolOptions: { idleTimeout: timeouts.httpIdle },
        requestHeadersTimeout: timeouts.requestHeaders,
        ...own,
      }),
    ),
  }
}

function inboundTcp(name: string, { timeouts }: InboundListenerInput): FilterJson {
  return tcpProxy(name, [{ cluster: name, weight: 1 }], timeouts.tcpIdle, undefined)
}

function tcpProxy(
  name: string,
  clusters: readonly WeightedCluster[],
  idleTimeout: string,
  maxConnectAttempts: number | undefined,
): FilterJson {
  return {
    name: TCP_FILTER,
    typedConfig: typedConfig(
      'TcpProxy',
      present<TcpProxyJson>({ statPrefix: name, ...clusterTarget(clusters), idleTimeout, maxConnectAttempts }),
    ),
  }
}

function socketAddress(address: string, portValue: number): AddressJson {
  return { socketAddress: { address, portValue } }
}
