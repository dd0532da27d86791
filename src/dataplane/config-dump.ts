import { createHash } from 'node:crypto'
import type { JsonObject } from '../model/json.js'
import type { WireNode } from '../wire/delta-codec.js'
import { type EnvoyKind, envoyJson } from '../wire/envoy-codec.js'
import type { Configuration, Held, Refused } from './configuration.js'
import type { MockProxy } from './proxy.js'
import type { PooledResource } from './resource-pool.js'

const DUMP_URL = 'type.googleapis.com/envoy.admin.v3.'

/** What `/config_dump` of Envoy's admin interface answers, from what the proxy acknowledged. Endpoints only if asked for. */
export function configDump(proxy: MockProxy, includeEndpoints: boolean): JsonObject {
  const { configuration } = proxy
  return {
    configs: [
      bootstrap(proxy),
      clusters(configuration),
      ...(includeEndpoints ? [endpoints(configuration)] : []),
      listeners(configuration),
      secrets(configuration),
    ],
  }
}

/** One version of all that is held of a type, in the place of the server's own, which the delta protocol does not give. */
export function typeVersion(configuration: Configuration, kind: EnvoyKind): string {
  const versions = [...configuration.versions(kind)].map(([name, version]) => `${name} ${version}\n`).sort()
  if (versions.length === 0) return ''
  return createHash('sha256').update(versions.join('')).digest('hex').slice(0, 16)
}

/** As the admin interface shows a node. */
export function nodeJson({ id, cluster, metadata }: WireNode): JsonObject {
  return { id, cluster: cluster ?? '', metadata: metadata ?? {}, user_agent_name: 'envoy' }
}

function bootstrap(proxy: MockProxy): JsonObject {
  const node = nodeJson(proxy.node)
  return {
    '@type': `${DUMP_URL}BootstrapConfigDump`,
    bootstrap: { node },
    last_updated: timestamp(proxy.startedAtMs),
  }
}

function clusters(configuration: Configuration): JsonObject {
  const dynamic = (held: Held) => ({ ...stamped(held), cluster: jsonOf(held.resource) })
  return {
    '@type': `${DUMP_URL}ClustersConfigDump`,
    version_info: typeVersion(configuration, 'cluster'),
    dynamic_active_clusters: byName(configuration.active('cluster')).map(dynamic),
    dynamic_warming_clusters: byName(configuration.warming).map(dynamic),
  }
}

function endpoints(configuration: Configuration): JsonObject {
  return {
    '@type': `${DUMP_URL}EndpointsConfigDump`,
    dynamic_endpoint_configs: byName(configuration.active('endpoint')).map((held) => ({
      ...stamped(held),
      endpoint_config: jsonOf(held.resource),
    })),
  }
}

function listeners(configuration: Configuration): JsonObject {
  const active = configuration.active('listener')
  const refused = configuration.refused('listener')
  const names = [...new Set([...active.keys(), ...refused.keys()])].sort()
  return {
    '@type': `${DUMP_URL}ListenersConfigDump`,
    version_info: typeVersion(configuration, 'listener'),
    dynamic_listeners: names.map((name) => {
      const held = active.get(name)
      const failure = refused.get(name)
      return {
        name,
        ...(held && { active_state: { ...stamped(held), listener: jsonOf(held.resource) } }),
        ...(failure && { error_state: errorState(failure) }),
      }
    }),
  }
}

function secrets(configuration: Configuration): JsonObject {
  return {
    '@type': `${DUMP_URL}SecretsConfigDump`,
    dynamic_active_secrets: byName(configuration.active('secret')).map((held) => ({
      name: held.resource.name,
      ...stamped(held),
      secret: jsonOf(held.resource),
    })),
  }
}

function errorState({ resource, reason, atMs }: Refused): JsonObject {
  const failed = resource.content.kind === 'sound' ? { failed_configuration: jsonOf(resource) } : {}
  return { ...failed, last_update_attempt: timestamp(atMs), details: reason, version_info: resource.version }
}

function stamped({ resource, sinceMs }: Held): { readonly version_info: string; readonly last_updated: string } {
  return { version_info: resource.version, last_updated: timestamp(sinceMs) }
}

function byName(held: ReadonlyMap<string, Held>): readonly Held[] {
  return [...held].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}

function jsonOf({ typeUrl, bytes }: PooledResource): JsonObject {
  return envoyJson(typeUrl, bytes)
}

function timestamp(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
