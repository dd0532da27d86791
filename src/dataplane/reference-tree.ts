import { AppError } from '../base/errors.js'
import { isJsonObject, type Json, type JsonObject } from '../model/json.js'
import type { EnvoyKind } from '../wire/envoy-codec.js'

/** What one resource has to do with others, as far as a proxy must know to follow and to judge it. */
export interface References {
  /** The load assignment that an EDS cluster waits for. */
  readonly assignment: string | undefined
  /** Secrets that it has delivered over SDS. */
  readonly secrets: readonly string[]
  /** Where a listener listens, `address:port`. */
  readonly address: string | undefined
  /** Clusters that a listener's inline routes must find. */
  readonly clusters: readonly string[]
}

const NONE: References = { assignment: undefined, secrets: [], address: undefined, clusters: [] }

/** From a resource's JSON as `envoyJson` gives it. Throws `invalid-resource` for what Envoy refuses whatever else it holds. */
export function referencesOf(kind: EnvoyKind, name: string, json: JsonObject): References {
  switch (kind) {
    case 'cluster':
      return { ...NONE, assignment: assignmentOf(name, json), secrets: secretsIn(json) }
    case 'endpoint':
      if (json.cluster_name === name) return NONE
      throw refused(`the load assignment ${name} says that it is for ${JSON.stringify(json.cluster_name ?? '')}`)
    case 'listener': {
      const chains = json.filter_chains
      if (!Array.isArray(chains) || chains.length === 0) throw refused(`listener ${name} has no filter chain`)
      return { ...NONE, address: addressOf(json.address), secrets: secretsIn(json), clusters: routedClusters(json) }
    }
    case 'secret':
      return NONE
  }
}

function assignmentOf(name: string, json: JsonObject): string | undefined {
  if (json.type !== 'EDS') return undefined
  const config = json.eds_cluster_config
  const service = isJsonObject(config) ? config.service_name : undefined
  return typeof service === 'string' && service !== '' ? service : name
}

/** `address:port`, or undefined for anything but a socket (pipes, internal listeners). */
export function addressOf(address: Json | undefined): string | undefined {
  const socket = isJsonObject(address) ? address.socket_address : undefined
  return isJsonObject(socket) ? `${socket.address}:${socket.port_value ?? 0}` : undefined
}

/** Every SdsSecretConfig, however deep: in transport sockets, and in whatever extension has one. */
function secretsIn(json: JsonObject): readonly string[] {
  const names = new Set<string>()
  for (const object of objectsIn(json)) {
    if (isJsonObject(object.sds_config) && typeof object.name === 'string') names.add(object.name)
  }
  return [...names]
}

/** Inline routes have to find their clusters unless they say otherwise (RouteConfiguration.validate_clusters). */
function routedClusters(json: JsonObject): readonly string[] {
  const names = new Set<string>()
  for (const config of objectsIn(json)) {
    if (!Array.isArray(config.virtual_hosts) || config.validate_clusters === false) continue
    for (const { cluster, weighted_clusters: weighted } of objectsIn(config.virtual_hosts)) {
      if (typeof cluster === 'string') names.add(cluster)
      if (!isJsonObject(weighted)) continue
      for (const { name, weight } of objectsIn(weighted.clusters)) {
        if (typeof name === 'string' && weight !== undefined) names.add(name)
      }
    }
  }
  return [...names]
}

function* objectsIn(value: Json | undefined): Generator<JsonObject> {
  if (Array.isArray(value)) for (const item of value) yield* objectsIn(item)
  if (!isJsonObject(value)) return
  yield value
  for (const member of Object.values(value)) yield* objectsIn(member)
}

function refused(reason: string): AppError {
  return new AppError('invalid-resource', reason)
}
