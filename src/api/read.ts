import { requireAccess } from '../auth/access.js'
import { AppError } from '../base/errors.js'
import type { JsonObject } from '../model/json.js'
import { descriptorOf, type ResourceType } from '../model/registry.js'
import { type Resource, type ResourceKey, specOf } from '../model/resource.js'
import { readDataplaneFilter } from './dataplane-filter.js'
import { kubernetesJson } from './kubernetes-json.js'
import { pageOf, readLabelFilter, readOffset, readPageSize } from './lists.js'
import { invalidResource, step } from './problem.js'
import { json, type Reply } from './reply.js'
import { metaJson, resourceJson } from './resource-json.js'
import type { ApiRequest } from './route.js'

/** A type together with what its control plane has seen of it, and the name of both in one. */
export interface Overview {
  readonly type: string
  readonly insight: ResourceType
  /** Members of the overview under which the two specs sit. */
  readonly members: readonly [string, string]
}

export const OVERVIEWS: Partial<Record<ResourceType, Overview>> = {
  Zone: { type: 'ZoneOverview', insight: 'ZoneInsight', members: ['zone', 'zoneInsight'] },
  Dataplane: { type: 'DataplaneOverview', insight: 'DataplaneInsight', members: ['dataplane', 'dataplaneInsight'] },
}

/** The mesh of the URL, which has to exist; undefined for global types and for lists across meshes. */
export async function meshOf(request: ApiRequest, type: ResourceType): Promise<string | undefined> {
  const mesh = request.param('mesh')
  if (descriptorOf(type).scope === 'global' || mesh === '') return undefined
  await step('Failed to retrieve Mesh', () => getExisting(request, { type: 'Mesh', mesh: undefined, name: mesh }))
  return mesh
}

/** Throws `not-found`. */
export async function getExisting({ store }: ApiRequest, key: ResourceKey): Promise<Resource> {
  const resource = await store.get(key)
  if (resource) return resource
  throw new AppError('not-found', `${key.type} ${JSON.stringify(key.name)} does not exist`)
}

/** Throws `permission-denied`. */
export function mayTouch({ api, user }: ApiRequest, type: ResourceType): void {
  requireAccess(api.access, user, { kind: 'resource', type })
}

const GET_TITLE = 'Could not retrieve a resource'
const LIST_TITLE = 'Could not retrieve resources'

export async function getItem(request: ApiRequest, type: ResourceType): Promise<Reply> {
  const mesh = await meshOf(request, type)
  mayTouch(request, type)
  const resource = await step(GET_TITLE, () => getExisting(request, { type, mesh, name: request.param('name') }))
  return step(GET_TITLE, () => json(formatted(resource, request, request.query.get('namespace') ?? '')))
}

/** The resource in the format that `?format=` asks for. */
export function formatted(resource: Resource, { query }: ApiRequest, namespace: string): JsonObject {
  switch (query.get('format') ?? '') {
    case '':
    case 'universal':
      return resourceJson(resource)
    case 'k8s':
    case 'kubernetes':
      return kubernetesJson(resource, namespace)
    default: {
      const reason = '"format" must be one of ["k8s", "kubernetes", "universal"]'
      throw invalidResource({ field: '', reason })
    }
  }
}

export async function getList(request: ApiRequest, type: ResourceType): Promise<Reply> {
  const { size, matching } = await selectList(request, type)
  return step(LIST_TITLE, () => {
    const page = pageOf(matching, { size, offset: readOffset(request.query) }, request)
    return json({ ...page, items: page.items.map(resourceJson) })
  })
}

export async function getOverview(request: ApiRequest, type: ResourceType, overview: Overview): Promise<Reply> {
  const mesh = await meshOf(request, type)
  mayTouch(request, type)
  const name = request.param('name')
  return step(GET_TITLE, async () => {
    const resource = await getExisting(request, { type, mesh, name })
    const insight = await request.store.get({ type: overview.insight, mesh, name })
    // As in Kuma an insight that is not there yet is an empty one here, and left out of lists.
    return json({ ...overviewJson(resource, insight, overview), ...(!insight && { [overview.members[1]]: {} }) })
  })
}

export async function getOverviewList(request: ApiRequest, type: ResourceType, overview: Overview): Promise<Reply> {
  const { size, matching, mesh } = await selectList(request, type)
  return step(LIST_TITLE, async () => {
    const page = pageOf(matching, { size, offset: readOffset(request.query) }, request)
    const insights = await request.store.list(overview.insight, mesh === undefined ? {} : { mesh })
    const byKey = new Map(insights.resources.map((insight) => [placeText(insight), insight]))
    return json({ ...page, items: page.items.map((item) => overviewJson(item, byKey.get(placeText(item)), overview)) })
  })
}

function placeText({ mesh, name }: ResourceKey): string {
  return `${mesh ?? ''}/${name}`
}

function overviewJson(resource: Resource, insight: Resource | undefined, { type, members }: Overview): JsonObject {
  const [base, seen] = members
  return { ...metaJson(resource, type), [base]: specOf(resource), ...(insight && { [seen]: specOf(insight) }) }
}

interface Selection {
  readonly mesh: string | undefined
  readonly size: number
  readonly matching: readonly Resource[]
}

/** All that a list's parameters select, in order; the checks are in Kuma's order too. */
async function selectList(request: ApiRequest, type: ResourceType): Promise<Selection> {
  const { size, labels, isWanted } = await step(LIST_TITLE, () => ({
    size: readPageSize(request.query),
    labels: readLabelFilter(request),
    isWanted: type === 'Dataplane' ? readDataplaneFilter(request) : () => true,
  }))
  const mesh = await meshOf(request, type)
  mayTouch(request, type)
  const nameContains = request.query.get('name') ?? ''
  const filter = { labels, ...(mesh !== undefined && { mesh }), ...(nameContains !== '' && { nameContains }) }
  const { resources } = await step(LIST_TITLE, () => request.store.list(type, filter))
  return { mesh, size, matching: resources.filter(isWanted) }
}
