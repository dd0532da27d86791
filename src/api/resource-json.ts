import type { JsonObject } from '../model/json.js'
import { kriOf } from '../model/naming.js'
import { descriptorOf, type ResourceType } from '../model/registry.js'
import { type Resource, specOf, statusOf } from '../model/resource.js'
import { sniOf } from '../model/sni.js'
import { isDestinationType, portsOf } from '../policy/destinations.js'

/** A resource as REST shows it: protobuf types flat after the meta, JSON types with `spec` and, if they have one, `status`. */
export function resourceJson(resource: Resource): JsonObject {
  if (descriptorOf(resource.type).spec === 'proto') return { ...metaJson(resource), ...specOf(resource) }
  const snis = snisOf(resource)
  return {
    ...metaJson(resource),
    ...(snis.length > 0 && { snis }),
    spec: specOf(resource),
    ...(descriptorOf(resource.type).hasStatus && { status: statusJson(resource) }),
  }
}

/** The meta, in Kuma's order. An overview has its own type name and the base resource's kri. */
export function metaJson(resource: Resource, type: string = resource.type): JsonObject {
  return {
    type,
    ...(resource.mesh !== undefined && { mesh: resource.mesh }),
    name: resource.name,
    creationTime: goTime(resource.createdAtMs),
    modificationTime: goTime(resource.modifiedAtMs),
    ...(Object.keys(resource.labels).length > 0 && { labels: resource.labels }),
    kri: kriOf(resource),
  }
}

/** What inspection names a resource by; the labels are there even when empty. */
export function referenceJson({ type, mesh, name, labels }: Resource): JsonObject {
  return { type, mesh: mesh ?? '', name, labels }
}

/** RFC 3339 as Go prints it: no trailing zeros in the fraction. */
export function goTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.?0+Z$/, 'Z')
}

function statusJson(resource: Resource): JsonObject {
  const status: JsonObject = statusOf(resource) ?? {}
  return { ...EMPTY_STATUS[resource.type], ...status }
}

/** Members that Go prints even when zero: structs have no "empty" there. */
const EMPTY_STATUS: Partial<Record<ResourceType, JsonObject>> = {
  MeshService: { tls: {}, dataplaneProxies: {} },
  MeshExternalService: { vip: {} },
  Workload: { dataplaneProxies: { connected: 0, healthy: 0, total: 0 } },
}

function snisOf(resource: Resource): readonly { port: number; sni: string }[] {
  const { type } = resource
  if (!isDestinationType(type)) return []
  return portsOf(resource)
    .map(({ port, name }) => ({ port, sni: sniOf({ ...resource, type }, name) }))
    .sort((a, b) => a.port - b.port)
}
