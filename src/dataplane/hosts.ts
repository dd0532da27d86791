import { isJsonObject, type Json, type JsonObject } from '../model/json.js'
import { envoyJson } from '../wire/envoy-codec.js'
import type { Configuration, Held } from './configuration.js'
import { addressOf } from './references.js'

/** One endpoint of a cluster that is in effect. */
export interface Host {
  readonly address: string
  readonly socket: JsonObject
  readonly healthStatus: string
  readonly weight: number
  readonly locality: JsonObject
  readonly priority: number
}

export interface ClusterHosts {
  readonly name: string
  /** Set where the load assignment has another name than the cluster. */
  readonly edsServiceName: string | undefined
  readonly thresholds: JsonObject
  readonly hosts: readonly Host[]
}

/** The active clusters by name, each with the endpoints that came with it or over EDS. */
export function clusterHosts(configuration: Configuration): readonly ClusterHosts[] {
  const active = [...configuration.active('cluster')].sort(([a], [b]) => (a < b ? -1 : 1))
  return active.map(([name, held]): ClusterHosts => {
    const cluster = jsonOf(held)
    const { content } = held.resource
    const assignment = content.kind === 'sound' ? content.references.assignment : undefined
    const eds = assignment === undefined ? undefined : configuration.active('endpoint').get(assignment)
    return {
      name,
      edsServiceName: assignment === name ? undefined : assignment,
      thresholds: defaultThresholds(cluster),
      hosts: hostsOf(assignment === undefined ? cluster.load_assignment : eds && jsonOf(eds)),
    }
  })
}

function jsonOf({ resource: { typeUrl, bytes } }: Held): JsonObject {
  return envoyJson(typeUrl, bytes)
}

function hostsOf(assignment: Json | undefined): readonly Host[] {
  return objects(member(assignment, 'endpoints')).flatMap((group) =>
    objects(group.lb_endpoints).flatMap((endpoint): readonly Host[] => {
      const socket = member(endpoint.endpoint, 'address')
      const address = addressOf(socket)
      if (address === undefined || !isJsonObject(socket)) return []
      return [
        {
          address,
          socket,
          healthStatus: typeof endpoint.health_status === 'string' ? endpoint.health_status : 'HEALTHY',
          weight: numberOr(endpoint.load_balancing_weight, 1),
          locality: isJsonObject(group.locality) ? group.locality : {},
          priority: numberOr(group.priority, 0),
        },
      ]
    }),
  )
}

function defaultThresholds(cluster: JsonObject): JsonObject {
  const thresholds = objects(member(cluster.circuit_breakers, 'thresholds'))
  return thresholds.find(({ priority }) => priority === undefined || priority === 'DEFAULT') ?? {}
}

function member(value: Json | undefined, key: string): Json | undefined {
  return isJsonObject(value) ? value[key] : undefined
}

function objects(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((item) => isJsonObject(item)) : []
}

export function numberOr(value: Json | undefined, fallback: number): number {
  return typeof value === 'number' ? value : fallback
}
