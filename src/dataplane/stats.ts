import type { Clock } from '../base/clock.js'
import type { JsonObject } from '../model/json.js'
import type { EnvoyKind } from '../wire/envoy-codec.js'
import { typeVersion } from './config-dump.js'
import { clusterHosts } from './hosts.js'
import type { MockProxy } from './proxy.js'

export interface Stat {
  readonly name: string
  readonly value: number | string
}

/** Envoy's states as `server.state` counts them. */
const SERVER_STATE = { LIVE: 0, PRE_INITIALIZING: 2 } as const

/**
 * The statistics of Envoy's admin interface that say something of its configuration, by Envoy's names, texts first.
 * `usedOnly` leaves out counters that never counted.
 */
export function statsOf(proxy: MockProxy, clock: Clock, usedOnly: boolean): readonly Stat[] {
  const { configuration } = proxy
  const hosts = clusterHosts(configuration)
  const texts = [
    ...hosts.map(({ name }) => ({ name: `cluster.${name}.version_text`, value: assignmentVersion(proxy, name) })),
    { name: 'cluster_manager.cds.version_text', value: typeVersion(configuration, 'cluster') },
    { name: 'listener_manager.lds.version_text', value: typeVersion(configuration, 'listener') },
  ].filter(({ value }) => value !== '')
  const numbers = [
    ...hosts.flatMap(({ name, hosts: { length: total } }) => [
      { name: `cluster.${name}.membership_healthy`, value: total },
      { name: `cluster.${name}.membership_total`, value: total },
      counter(`cluster.${name}.upstream_rq_total`, 0),
      { name: `cluster.${name}.warming_state`, value: configuration.warming.has(name) ? 1 : 0 },
    ]),
    { name: 'cluster_manager.active_clusters', value: configuration.active('cluster').size },
    ...subscription('cluster_manager.cds', proxy, 'cluster'),
    { name: 'cluster_manager.warming_clusters', value: configuration.warming.size },
    { name: 'control_plane.connected_state', value: proxy.state === 'streaming' ? 1 : 0 },
    { name: 'control_plane.pending_requests', value: 0 },
    ...subscription('listener_manager.lds', proxy, 'listener'),
    { name: 'listener_manager.total_listeners_active', value: configuration.active('listener').size },
    { name: 'listener_manager.total_listeners_warming', value: 0 },
    { name: 'server.live', value: proxy.live ? 1 : 0 },
    { name: 'server.state', value: proxy.live ? SERVER_STATE.LIVE : SERVER_STATE.PRE_INITIALIZING },
    { name: 'server.uptime', value: Math.floor((clock.nowMs() - proxy.startedAtMs) / 1_000) },
  ]
  const shown = usedOnly ? numbers.filter((stat) => !('counter' in stat) || stat.value > 0) : numbers
  return [...texts, ...shown.map(({ name, value }) => ({ name, value }))]
}

export function statsText(stats: readonly Stat[]): string {
  return stats.map(({ name, value }) => `${name}: ${typeof value === 'string' ? `"${value}"` : value}\n`).join('')
}

export function statsJson(stats: readonly Stat[]): JsonObject {
  return { stats: stats.map(({ name, value }) => ({ name, value })) }
}

/** What Envoy counts of one xDS subscription. */
function subscription(prefix: string, proxy: MockProxy, kind: EnvoyKind) {
  const { accepted, rejected, updatedAtMs } = proxy.configuration.counts(kind)
  const { opened, failed } = proxy.connects
  return [
    counter(`${prefix}.update_attempt`, opened + accepted + rejected),
    counter(`${prefix}.update_failure`, failed),
    counter(`${prefix}.update_rejected`, rejected),
    counter(`${prefix}.update_success`, accepted),
    { name: `${prefix}.update_time`, value: updatedAtMs },
    { name: `${prefix}.version`, value: versionNumber(typeVersion(proxy.configuration, kind)) },
  ]
}

function counter(name: string, value: number) {
  return { name, value, counter: true }
}

function assignmentVersion({ configuration }: MockProxy, name: string): string {
  const held = configuration.active('cluster').get(name)?.resource.content
  const assignment = held?.kind === 'sound' ? held.references.assignment : undefined
  return assignment === undefined ? '' : (configuration.active('endpoint').get(assignment)?.resource.version ?? '')
}

/** Envoy has a hash of the version's text; as much of it as a JSON number holds exactly. */
function versionNumber(version: string): number {
  return Number.parseInt(version.slice(0, 13) || '0', 16)
}
