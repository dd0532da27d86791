import { descriptorOf, type ResourceType } from '../model/registry.js'
import { SERVED_TYPES } from './descriptor-json.js'
import { getItem, getList, getOverview, getOverviewList, OVERVIEWS } from './read.js'
import type { ApiRequest, Route } from './route.js'
import { deleteItem, putItem } from './write.js'

/** Items, lists and overviews of every type that REST serves. */
export const RESOURCE_ROUTES: readonly Route[] = SERVED_TYPES.flatMap((type) => [
  ...descriptorOf(type)
    .paths.flatMap((path) => crudRoutes(type, path))
    .map((route) => ruled(type, route)),
  ...overviewRoutes(type),
])

/** Secrets are for admins; everything else is for everyone, as in Kuma. */
function ruled(type: ResourceType, route: Route): Route {
  return descriptorOf(type).adminOnly ? { ...route, rules: ['adminResources'] } : route
}

function crudRoutes(type: ResourceType, path: string): readonly Route[] {
  const { scope, displayPlural } = descriptorOf(type)
  const across: Route = {
    method: 'GET',
    path: `/${path}`,
    what: scope === 'mesh' ? `${displayPlural} of all meshes` : displayPlural,
    handle: (request) => getList(request, type),
  }
  if (scope === 'global') return [across, ...itemRoutes(type, `/${path}`)]
  const inMesh = { ...across, path: `/meshes/{mesh}/${path}`, what: `${displayPlural} of a mesh` }
  return [across, inMesh, ...itemRoutes(type, inMesh.path)]
}

function itemRoutes(type: ResourceType, listPath: string): readonly Route[] {
  const path = `${listPath}/{name}`
  const one = descriptorOf(type).display
  return [
    { method: 'PUT', path, what: `Create or replace a ${one}`, handle: (request) => putItem(request, type) },
    { method: 'DELETE', path, what: `Delete a ${one}`, handle: (request) => deleteItem(request, type) },
    { method: 'GET', path, what: `A ${one}`, handle: (request) => getItem(request, type) },
  ]
}

function overviewRoutes(type: ResourceType): readonly Route[] {
  const overview = OVERVIEWS[type]
  if (overview === undefined) return []
  const { scope, displayPlural, display, paths } = descriptorOf(type)
  const [path] = paths
  const places = scope === 'mesh' ? [`/meshes/{mesh}/${path}`] : [`/${path}`]
  const lists = [...new Set([`/${path}`, ...places])].flatMap((place) => [`${place}/_overview`, `${place}+insights`])
  const items = places.flatMap((place) => [`${place}/{name}/_overview`, `${place}+insights/{name}`])
  return [
    ...lists.map((listPath) => ({
      method: 'GET' as const,
      path: listPath,
      what: `${displayPlural} with what is known of their state`,
      handle: (request: ApiRequest) => getOverviewList(request, type, overview),
    })),
    ...items.map((itemPath) => ({
      method: 'GET' as const,
      path: itemPath,
      what: `A ${display} with what is known of its state`,
      handle: (request: ApiRequest) => getOverview(request, type, overview),
    })),
  ]
}
