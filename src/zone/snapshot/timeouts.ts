import type { MeshTimeoutConf } from '../../model/specs/mesh-timeout.js'
import type { Protocol } from '../../policy/destinations.js'
import type { HttpProtocolOptionsJson } from '../../wire/generated/envoy/config/core/v3/protocol_pb.js'
import { envoyDuration } from './envoy-values.js'

/** Timeouts of one listener and its cluster, in Envoy's form. An undefined one is left out of the message. */
export interface Timeouts {
  readonly cluster: ClusterTimeouts
  readonly listener: ListenerTimeouts
}

export interface ClusterTimeouts {
  readonly connect: string
  /** Common HTTP options; undefined where Kuma sets none. */
  readonly http: HttpProtocolOptionsJson | undefined
}

export interface ListenerTimeouts {
  /** Of an idle TCP connection. */
  readonly tcpIdle: string
  /** Of an idle downstream HTTP connection. */
  readonly httpIdle: string
  readonly requestHeaders: string | undefined
  readonly route: RouteTimeouts
}

export interface RouteTimeouts {
  readonly request: string
  readonly streamIdle: string | undefined
}

/** What holds where policies are silent (kuma `pkg/plugins/policies/core/defaults`). */
const DEFAULTS = {
  connect: '5s',
  idle: '1h',
  streamIdle: '30m',
  request: '15s',
  requestHeaders: '0s',
  maxStream: '0s',
  maxConnection: '0s',
} as const

/**
 * Kuma `meshtimeout/plugin/xds`: Kuma applies the policy even when there is none, so `{}` gives the defaults.
 * Only HTTP/1 and HTTP/2 clusters get HTTP options, gRPC ones do not.
 */
export function timeouts(conf: MeshTimeoutConf, protocol: Protocol): Timeouts {
  const { connectionTimeout, idleTimeout, http = {} } = conf
  const idle = envoyDuration(idleTimeout ?? DEFAULTS.idle)
  return {
    cluster: {
      connect: envoyDuration(connectionTimeout ?? DEFAULTS.connect),
      http:
        protocol === 'http' || protocol === 'http2'
          ? {
              idleTimeout: idle,
              maxConnectionDuration: envoyDuration(http.maxConnectionDuration ?? DEFAULTS.maxConnection),
              maxStreamDuration: envoyDuration(http.maxStreamDuration ?? DEFAULTS.maxStream),
            }
          : undefined,
    },
    listener: {
      tcpIdle: idle,
      httpIdle: '0s',
      requestHeaders: envoyDuration(http.requestHeadersTimeout ?? DEFAULTS.requestHeaders),
      route: routeTimeouts(conf, {}),
    },
  }
}

/** The own conf of a route, then of its service; Kuma looks to the service for the idle timeout alone. */
export function routeTimeouts(own: MeshTimeoutConf, service: MeshTimeoutConf): RouteTimeouts {
  return {
    request: envoyDuration(own.http?.requestTimeout ?? DEFAULTS.request),
    streamIdle: envoyDuration(own.http?.streamIdleTimeout ?? service.http?.streamIdleTimeout ?? DEFAULTS.streamIdle),
  }
}

/** An inbound whose rules all have a match keeps these for other traffic: twice the outbound's (kuma `DefaultInboundTimeout`). */
export function bareInboundTimeouts(protocol: Protocol): Timeouts {
  return {
    cluster: { connect: '10s', http: protocol === 'tcp' ? undefined : { idleTimeout: '7200s' } },
    listener: {
      tcpIdle: '7200s',
      httpIdle: '7200s',
      requestHeaders: undefined,
      route: { request: '0s', streamIdle: undefined },
    },
  }
}
