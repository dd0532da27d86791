import { descriptorOf, POLICY_TYPES, type ResourceType } from '../model/registry.js'
import type { Resource } from '../model/resource.js'
import { DESTINATION_TYPES, DestinationIndex } from '../policy/destinations.js'
import { type MatchedPolicies, PolicyMatcher } from '../policy/matched-policies.js'
import type { TenantStore } from '../store/store.js'
import { step } from './problem.js'
import { getExisting, mayTouch, meshOf } from './read.js'
import type { ApiRequest } from './route.js'

/** A dataplane with all that policies say about it. */
export interface Inspected {
  readonly dataplane: Resource
  readonly mesh: Resource
  /** In the order in which kinds take effect; also kinds of which no policy matches. */
  readonly matched: readonly MatchedPolicies[]
  /** All policies of the mesh, those that do not select the dataplane too. */
  readonly policies: readonly Resource[]
  readonly services: readonly Resource[]
  /** Everything of the mesh that `to` can speak of: services and routes. */
  readonly destinations: readonly Resource[]
}

const TYPES_IN_ORDER: readonly ResourceType[] = [...POLICY_TYPES].sort((a, b) => orderOf(a) - orderOf(b))

function orderOf(type: ResourceType): number {
  return descriptorOf(type).policy?.order ?? 0
}

/** The dataplane of the URL. Throws as a GET of it would, under `title`. */
export async function inspectDataplane(
  request: ApiRequest,
  title = 'Could not retrieve Dataplane',
): Promise<Inspected> {
  const name = await meshOf(request, 'Dataplane')
  mayTouch(request, 'Dataplane')
  const key = { type: 'Dataplane', mesh: name, name: request.param('name') } as const
  const dataplane = await step(title, () => getExisting(request, key))
  const mesh = await getExisting(request, { type: 'Mesh', mesh: undefined, name: name ?? '' })
  const policies = await readMeshPolicies(request.store, mesh.name)
  const services = await readServices(request.store, mesh.name)
  return {
    dataplane,
    mesh,
    matched: matchAll(policies, dataplane),
    policies,
    services,
    destinations: [...services, ...policies.filter(({ type }) => type === 'MeshHTTPRoute')],
  }
}

/** All that traffic can go to in a mesh. */
export async function readServices(store: TenantStore, mesh: string): Promise<readonly Resource[]> {
  const { resources } = await store.listAll(DESTINATION_TYPES)
  return resources.filter((service) => service.mesh === mesh)
}

export function indexOf(services: readonly Resource[]): DestinationIndex {
  const index = new DestinationIndex()
  for (const service of services) index.put(service)
  return index
}

export async function readMeshPolicies(store: TenantStore, mesh: string): Promise<readonly Resource[]> {
  const { resources } = await store.listAll(TYPES_IN_ORDER)
  return resources.filter((policy) => policy.mesh === mesh)
}

export function matchAll(policies: readonly Resource[], dataplane: Resource): readonly MatchedPolicies[] {
  return TYPES_IN_ORDER.map((type) => {
    const ofType = policies.filter((policy) => policy.type === type)
    return new PolicyMatcher(type, ofType).match(dataplane)
  })
}
