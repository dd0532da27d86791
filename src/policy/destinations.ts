import { LABEL, type Labels, matchesLabels } from '../model/labels.js'
import type { ResourceType } from '../model/registry.js'
import { displayName, keyText, type Resource, specOf } from '../model/resource.js'
import type { MeshExternalServiceSpec } from '../model/specs/mesh-external-service.js'
import type { MeshServicePort, MeshServiceSpec } from '../model/specs/mesh-service.js'
import type { Destination } from './to-rules.js'

/** The kinds that traffic can go to. */
export const DESTINATION_TYPES = ['MeshService', 'MeshExternalService', 'MeshMultiZoneService'] as const
export type DestinationType = (typeof DESTINATION_TYPES)[number]

export function isDestinationType(type: string): type is DestinationType {
  return (DESTINATION_TYPES as readonly string[]).includes(type)
}

/** One port of a destination. Its name is the given one, else the number. */
export interface Port {
  readonly name: string
  readonly port: number
  readonly protocol: Protocol
  /** The inbound behind it: its port, or its name. Only MeshServices have one. */
  readonly targetPort: number | string
}

export type Protocol = 'tcp' | 'http' | 'http2' | 'grpc'

export function portsOf(destination: Resource): readonly Port[] {
  if (destination.type === 'MeshExternalService') {
    const { match } = specOf<MeshExternalServiceSpec>(destination)
    return [portOf({ port: match.port, appProtocol: match.protocol })]
  }
  return (specOf<MeshServiceSpec>(destination).ports ?? []).map(portOf)
}

function portOf({ name, port, targetPort, appProtocol }: MeshServicePort): Port {
  return { name: name || String(port), port, protocol: parseProtocol(appProtocol), targetPort: targetPort ?? port }
}

/** What is no protocol of Kuma's is treated as bytes. */
export function parseProtocol(text: string | undefined): Protocol {
  const protocol = text?.toLowerCase()
  return protocol === 'http' || protocol === 'http2' || protocol === 'grpc' ? protocol : 'tcp'
}

export function isHttp(protocol: Protocol): boolean {
  return protocol !== 'tcp'
}

/** By name or number; without either the only port there is. */
export function findPort(destination: Resource, wanted: string | number | undefined): Port | undefined {
  const ports = portsOf(destination)
  if (wanted === undefined || wanted === '' || wanted === 0) return ports.length === 1 ? ports[0] : undefined
  return ports.find(({ name, port }) => name === wanted || String(port) === String(wanted))
}

/** How a Dataplane or a route names where traffic goes. */
export interface BackendRef {
  readonly kind: string
  readonly name?: string | undefined
  readonly namespace?: string | undefined
  readonly labels?: Labels | undefined
  readonly sectionName?: string | undefined
  readonly port?: number | undefined
  readonly weight?: number | undefined
}

export interface ResolvedBackend extends Destination {
  readonly port: Port
}

/** Tells which keys an answer hangs on, so that whoever asked can be asked again when one of them is touched. */
export type Depend = (key: string) => void

/** Key of every resource of a type: touched when any of them changes. */
export function typeKey(type: ResourceType): string {
  return `*/${type}`
}

/** Of those of a display name, and of those that have one and are of a zone: many zones may each have a `web`. */
function nameKey(type: string, name: string, zone?: string): string {
  return zone === undefined ? `name/${type}/${name}` : `name/${type}/${name}/${zone}`
}

function nameKeys(destination: Resource): readonly string[] {
  const { type, labels } = destination
  const name = displayName(destination)
  const zone = labels[LABEL.zone]
  return zone === undefined ? [nameKey(type, name)] : [nameKey(type, name), nameKey(type, name, zone)]
}

/** All destinations of one mesh, found by labels. */
export class DestinationIndex {
  readonly #byType = new Map<string, Map<string, Resource>>()
  readonly #byName = new Map<string, Map<string, Resource>>()

  put(destination: Resource): void {
    this.#bucket(this.#byType, destination.type).set(keyText(destination), destination)
    for (const key of nameKeys(destination)) this.#bucket(this.#byName, key).set(keyText(destination), destination)
  }

  remove(destination: Resource): void {
    this.#byType.get(destination.type)?.delete(keyText(destination))
    for (const key of nameKeys(destination)) {
      const bucket = this.#byName.get(key)
      bucket?.delete(keyText(destination))
      if (bucket?.size === 0) this.#byName.delete(key)
    }
  }

  /** The keys that a change of this destination touches. */
  static touched(destination: Resource): readonly string[] {
    return [keyText(destination), ...nameKeys(destination), typeKey(destination.type)]
  }

  /** Sorted by name, so that what is made of them does not change with the order in which they came. */
  all(type: DestinationType, depend: Depend): readonly Resource[] {
    depend(typeKey(type))
    return [...(this.#byType.get(type)?.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Those that have all the labels, the oldest first: what is there keeps its traffic when another joins. */
  find(type: DestinationType, labels: Labels, depend: Depend): readonly Resource[] {
    const name = labels[LABEL.displayName]
    const key = name === undefined ? typeKey(type) : nameKey(type, name, labels[LABEL.zone])
    depend(key)
    const candidates = name === undefined ? this.#byType.get(type) : this.#byName.get(key)
    return [...(candidates?.values() ?? [])]
      .filter((candidate) => matchesLabels(namedLabels(candidate), labels))
      .sort((a, b) => a.createdAtMs - b.createdAtMs || (a.name < b.name ? -1 : 1))
  }

  /** The destination and port that a reference means; undefined when there is none. */
  resolve(ref: BackendRef, from: Labels, depend: Depend): ResolvedBackend | undefined {
    const [resource] = this.candidates(ref, from, depend)
    const port = resource && findPort(resource, ref.sectionName || ref.port)
    return resource && port && { resource, port, section: port.name }
  }

  /** All destinations that a reference selects, whatever its port. */
  candidates(ref: BackendRef, from: Labels, depend: Depend): readonly Resource[] {
    const labels = selectorOf(ref, from)
    return labels && isDestinationType(ref.kind) ? this.find(ref.kind, labels, depend) : []
  }

  #bucket(index: Map<string, Map<string, Resource>>, key: string): Map<string, Resource> {
    let bucket = index.get(key)
    if (!bucket) {
      bucket = new Map()
      index.set(key, bucket)
    }
    return bucket
  }
}

/** A bare name means the display name, in the namespace of who refers (kuma `xds/context.NormalizeBackendRefTarget`). */
function selectorOf({ name, namespace, labels }: BackendRef, from: Labels): Labels | undefined {
  if (labels && Object.keys(labels).length > 0) return labels
  if (!name) return undefined
  const inNamespace = namespace || from[LABEL.namespace]
  return { [LABEL.displayName]: name, ...(inNamespace && { [LABEL.namespace]: inNamespace }) }
}

function namedLabels(resource: Resource): Labels {
  return resource.labels[LABEL.displayName]
    ? resource.labels
    : { ...resource.labels, [LABEL.displayName]: resource.name }
}
