import type { JsonObject } from '../model/json.js'
import type { Configuration } from './configuration.js'
import { type ClusterHosts, clusterHosts, type Host, numberOr } from './hosts.js'

/** Counters and gauges of a host. No traffic flows through a mock: they stay 0. */
const HOST_COUNTERS = ['cx_connect_fail', 'cx_total', 'rq_error', 'rq_success', 'rq_timeout', 'rq_total'] as const
const HOST_GAUGES = ['cx_active', 'rq_active', 'rq_pending_active'] as const

/** Envoy's defaults for a circuit breaker. */
const DEFAULT_LIMITS = {
  max_connections: 1024,
  max_pending_requests: 1024,
  max_requests: 1024,
  max_retries: 3,
} as const
type Limits = Readonly<Record<keyof typeof DEFAULT_LIMITS, number>>

/** `/clusters?format=json` of Envoy's admin interface. */
export function clustersJson(configuration: Configuration): JsonObject {
  return { cluster_statuses: clusterHosts(configuration).map(statusOf) }
}

/** `/clusters` of Envoy's admin interface. */
export function clustersText(configuration: Configuration): string {
  const lines = clusterHosts(configuration).flatMap((cluster) =>
    [
      `observability_name::${cluster.name}`,
      ...limitLines('default_priority', limitsOf(cluster)),
      ...limitLines('high_priority', DEFAULT_LIMITS),
      'added_via_api::true',
      ...cluster.hosts.flatMap(hostLines),
    ].map((line) => `${cluster.name}::${line}`),
  )
  return lines.map((line) => `${line}\n`).join('')
}

function statusOf(cluster: ClusterHosts): JsonObject {
  return {
    name: cluster.name,
    added_via_api: true,
    host_statuses: cluster.hosts.map(({ socket, healthStatus, weight, locality, priority }) => ({
      address: socket,
      stats: [...HOST_COUNTERS.map((name) => ({ name })), ...HOST_GAUGES.map((name) => ({ type: 'GAUGE', name }))],
      health_status: { eds_health_status: healthStatus },
      weight,
      locality,
      ...(priority > 0 && { priority }),
    })),
    circuit_breakers: { thresholds: [{ ...limitsOf(cluster) }, { priority: 'HIGH', ...DEFAULT_LIMITS }] },
    observability_name: cluster.name,
    ...(cluster.edsServiceName !== undefined && { eds_service_name: cluster.edsServiceName }),
  }
}

function limitsOf({ thresholds }: ClusterHosts): Limits {
  const limit = (key: keyof Limits) => numberOr(thresholds[key], DEFAULT_LIMITS[key])
  return {
    max_connections: limit('max_connections'),
    max_pending_requests: limit('max_pending_requests'),
    max_requests: limit('max_requests'),
    max_retries: limit('max_retries'),
  }
}

function limitLines(priority: string, limits: Limits): readonly string[] {
  return Object.entries(limits).map(([key, value]) => `${priority}::${key}::${value}`)
}

function hostLines({ address, healthStatus, weight, locality, priority }: Host): readonly string[] {
  const zeros = [...HOST_COUNTERS, ...HOST_GAUGES].sort().map((name) => `${name}::0`)
  return [
    ...zeros,
    'hostname::',
    `health_flags::${healthStatus === 'UNHEALTHY' ? '/failed_eds_health' : 'healthy'}`,
    `weight::${weight}`,
    `region::${locality.region ?? ''}`,
    `zone::${locality.zone ?? ''}`,
    `sub_zone::${locality.sub_zone ?? ''}`,
    'canary::false',
    `priority::${priority}`,
    'success_rate::-1',
    'local_origin_success_rate::-1',
  ].map((line) => `${address}::${line}`)
}
