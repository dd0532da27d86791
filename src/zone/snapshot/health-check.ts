import type { Labels } from '../../model/labels.js'
import type { MeshHealthCheckConf } from '../../model/specs/mesh-health-check.js'
import type { Protocol } from '../../policy/destinations.js'
import { typedConfig } from '../../wire/envoy-codec.js'
import type { HeaderValueOptionJson } from '../../wire/generated/envoy/config/core/v3/base_pb.js'
import type { HealthCheckJson } from '../../wire/generated/envoy/config/core/v3/health_check_pb.js'
import { envoyDuration, optionalDuration } from './envoy-values.js'
import { present } from './present.js'

type HttpCheck = NonNullable<MeshHealthCheckConf['http']>

/** The header by which a health check says whose it is. */
const SOURCE_HEADER = 'x-kuma-tags'

/** Which check a protocol gets: its own, else TCP where its own is there and disabled (kuma `selectHealthCheckType`). */
export function checkKind(conf: MeshHealthCheckConf, protocol: Protocol): 'http' | 'grpc' | 'tcp' | undefined {
  const own = protocol === 'http2' ? 'http' : protocol
  if (conf[own] && !conf[own].disabled) return own
  const fallsBack = own !== 'tcp' && conf[own]?.disabled && conf.tcp && !conf.tcp.disabled
  return fallsBack ? 'tcp' : undefined
}

/** Undefined when the conf has no check for this protocol. `source` labels the proxy that checks. */
export function healthCheck(
  conf: MeshHealthCheckConf,
  protocol: Protocol,
  source: Labels,
): HealthCheckJson | undefined {
  const kind = checkKind(conf, protocol)
  if (kind === undefined) return undefined
  return present<HealthCheckJson>({
    timeout: envoyDuration(conf.timeout ?? '15s'),
    interval: envoyDuration(conf.interval ?? '1m'),
    unhealthyThreshold: conf.unhealthyThreshold ?? 5,
    healthyThreshold: conf.healthyThreshold ?? 1,
    initialJitter: optionalDuration(conf.initialJitter),
    intervalJitter: optionalDuration(conf.intervalJitter),
    intervalJitterPercent: conf.intervalJitterPercent,
    noTrafficInterval: optionalDuration(conf.noTrafficInterval),
    reuseConnection: conf.reuseConnection,
    alwaysLogHealthCheckFailures: conf.alwaysLogHealthCheckFailures,
    eventLogger:
      conf.eventLogPath === undefined
        ? undefined
        : [
            {
              name: 'envoy.health_check.event_sinks.file',
              typedConfig: typedConfig('HealthCheckFileSink', { eventLogPath: conf.eventLogPath }),
            },
          ],
    ...checker(kind, conf, protocol, source),
  })
}

function checker(kind: 'http' | 'grpc' | 'tcp', conf: MeshHealthCheckConf, protocol: Protocol, source: Labels) {
  switch (kind) {
    case 'tcp':
      return {
        tcpHealthCheck: present({
          send: conf.tcp?.send === undefined ? undefined : payload(conf.tcp.send),
          receive: conf.tcp?.receive?.map(payload),
        }),
      }
    case 'grpc':
      return {
        grpcHealthCheck: present({ serviceName: conf.grpc?.serviceName, authority: conf.grpc?.authority }),
      }
    case 'http':
      return { httpHealthCheck: httpCheck(conf.http ?? {}, protocol, source) }
  }
}

function httpCheck(
  { path, expectedStatuses, requestHeadersToAdd: headers }: HttpCheck,
  protocol: Protocol,
  source: Labels,
) {
  const { add = [], set = [] } = headers ?? {}
  return present({
    path: path ?? '/',
    requestHeadersToAdd: [
      ...sourceHeader(source),
      ...add.flatMap((header) => headerValues(header, 'APPEND_IF_EXISTS_OR_ADD')),
      ...set.flatMap((header) => headerValues(header, 'OVERWRITE_IF_EXISTS_OR_ADD')),
    ],
    expectedStatuses: expectedStatuses?.map((status) => ({ start: String(status), end: String(status + 1) })),
    codecClientType: protocol === 'http2' ? ('HTTP2' as const) : ('HTTP1' as const),
  })
}

/** `&key=value&` per label, as Kuma's fault injection reads it. */
function sourceHeader(source: Labels): HeaderValueOptionJson[] {
  const tags = Object.entries(source).sort(([a], [b]) => (a < b ? -1 : 1))
  if (tags.length === 0) return []
  return [{ header: { key: SOURCE_HEADER, value: tags.map(([key, value]) => `&${key}=${value}&`).join('') } }]
}

function headerValues(
  { name, value }: { readonly name: string; readonly value: string },
  appendAction: NonNullable<HeaderValueOptionJson['appendAction']>,
): HeaderValueOptionJson[] {
  return value.split(',').map((part) => ({ header: { key: name, value: part }, appendAction }))
}

/** Envoy takes raw bytes as hex. */
function payload(text: string): { text: string } {
  return { text: Buffer.from(text, 'utf8').toString('hex') }
}
