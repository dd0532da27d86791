import type { JsonObject } from '../model/json.js'
import { kriOf } from '../model/naming.js'
import { type Resource, specOf } from '../model/resource.js'
import {
  type BackendRef,
  DESTINATION_TYPES,
  type DestinationIndex,
  portsOf,
  type ResolvedBackend,
} from '../policy/destinations.js'
import { indexOf, readServices } from './policy-match.js'
import { step } from './problem.js'
import { getExisting, mayTouch } from './read.js'
import { json, type Reply } from './reply.js'
import type { ApiRequest, Route } from './route.js'

export const LAYOUT_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/meshes/{mesh}/dataplanes/{name}/_layout',
    what: 'What a dataplane takes in, listens on and reaches',
    handle: layout,
  },
]

interface Section {
  readonly name?: string
  readonly port: number
  readonly protocol?: string
  readonly type?: string
}

interface Networking {
  readonly inbound?: readonly Section[]
  readonly listeners?: readonly Section[]
  readonly outbound?: readonly { readonly backendRef?: BackendRef }[]
  readonly transparentProxying?: { readonly reachableBackends?: { readonly refs?: readonly BackendRef[] } }
}

async function layout(request: ApiRequest): Promise<Reply> {
  const { api, store } = request
  mayTouch(request, 'Dataplane')
  const mesh = request.param('mesh')
  await step('Failed to build MeshContext', () => getExisting(request, { type: 'Mesh', mesh: undefined, name: mesh }))
  const key = { type: 'Dataplane', mesh, name: request.param('name') } as const
  const dataplane = await step('Failed to retrieve Dataplane', () => getExisting(request, key))
  const destinations = indexOf(await readServices(store, mesh))
  const { inbound = [], listeners = [] } = networkingOf(dataplane)
  const spiffeId = await api.spiffeId?.(store, dataplane)
  return json({
    inbounds: inbound.map((section) => inboundJson(section, dataplane)),
    kri: kriOf(dataplane),
    labels: dataplane.labels,
    listeners: listeners.flatMap((section) => listenerJson(section, dataplane)),
    outbounds: reachable(dataplane, destinations).map(outboundJson).sort(byKri),
    ...(spiffeId !== undefined && { spiffeId }),
  })
}

function networkingOf(dataplane: Resource): Networking {
  return specOf<{ networking?: Networking }>(dataplane).networking ?? {}
}

function inboundJson({ name, port, protocol }: Section, dataplane: Resource): JsonObject {
  const section = name || String(port)
  const kri = kriOf(dataplane, section)
  return { kri, port, protocol: protocol ?? '', proxyResourceName: `self_inbound_dp_${section}` }
}

/** A listener of no known type is not shown. */
function listenerJson({ name, port, type }: Section, dataplane: Resource): readonly JsonObject[] {
  if (type === undefined) return []
  const section = name || String(port)
  const proxyResourceName = `self_${type.toLowerCase()}_dp_${section}`
  return [{ kri: kriOf(dataplane, section), port, proxyResourceName, type }]
}

function outboundJson({ resource, port }: ResolvedBackend): JsonObject {
  const kri = kriOf(resource, port.name)
  return { kri, port: port.port, protocol: port.protocol, proxyResourceName: kri }
}

function byKri(a: JsonObject, b: JsonObject): number {
  return String(a.kri) < String(b.kri) ? -1 : 1
}

/** Kuma `GetReachableBackends`: the outbounds as written; without any, what is listed as reachable; without that, all. */
function reachable(dataplane: Resource, destinations: DestinationIndex): readonly ResolvedBackend[] {
  const { outbound = [], transparentProxying } = networkingOf(dataplane)
  const written = outbound.flatMap(({ backendRef }) => {
    const backend = backendRef && destinations.resolve(backendRef, dataplane.labels, ignore)
    return backend ? [backend] : []
  })
  if (written.length > 0) return written
  const refs = transparentProxying?.reachableBackends?.refs
  if (refs === undefined) {
    return DESTINATION_TYPES.flatMap((type) => destinations.all(type, ignore)).flatMap((resource) => backends(resource))
  }
  return refs.flatMap((ref) =>
    destinations.candidates(ref, dataplane.labels, ignore).flatMap((resource) => backends(resource, ref.port)),
  )
}

function backends(resource: Resource, only?: number): readonly ResolvedBackend[] {
  return portsOf(resource)
    .filter(({ port }) => !only || port === only)
    .map((port) => ({ resource, port, section: port.name }))
}

/** Inspection looks once; nobody asks it again. */
function ignore(): void {}
