import type { ApiClient } from './api-client.js'
import type { LabSpec } from './lab-spec.js'
import { type ControlPlanes, type PlacedControlPlane, regionOf, shardFor } from './shards.js'

export const CONTROL_PLANES = '/v1/mesh/control-planes'

/** Who owns what the lab makes at its platform. */
export const LAB_ORGANIZATION = 'lab'

/** A control plane as the platform shows it. */
export interface ControlPlaneRow {
  readonly id: string
  readonly name: string
}

/** With the defaults that a control plane of one's own would have. */
const FEATURES = [
  { type: 'MeshCreation', meshCreation: { enabled: true } },
  { type: 'HostnameGeneratorCreation', hostnameGeneratorCreation: { enabled: true } },
]

/** Each makes three key pairs, for which a machine has so many cores at most. */
const AT_ONCE = 4

/** The platform as whoever runs it sees it, and as people of the lab's organisation do in each region. */
export interface PlatformClients {
  readonly operator: ApiClient
  readonly region: (region: string) => ApiClient
}

/** The lab's control planes, made at the platform where they are not there. One that is there stays on its shard. */
export async function ensureControlPlanes(
  { topology }: LabSpec,
  platform: PlatformClients,
  onMake: (tenant: string) => void,
): Promise<ControlPlanes> {
  const there: Record<string, PlacedControlPlane> = { ...(await placedControlPlanes(platform.operator)) }
  const make = async (name: string) => {
    const shard = shardFor(topology, name)
    const { id } = await createControlPlane(platform.region(regionOf(shard)), { name }, shard)
    onMake(name)
    return [name, { id, shard }] as const
  }
  const missing = topology.tenants.filter((tenant) => !Object.hasOwn(there, tenant))
  for (let from = 0; from < missing.length; from += AT_ONCE) {
    for (const [name, made] of await Promise.all(missing.slice(from, from + AT_ONCE).map(make))) there[name] = made
  }
  return there
}

/** All that the lab's organisation has, in every region. */
export async function placedControlPlanes(operator: ApiClient): Promise<ControlPlanes> {
  const { items } = await operator.get<{ items: readonly Placed[] }>('/placements')
  const own = items.filter(({ organization }) => organization === LAB_ORGANIZATION)
  return Object.fromEntries(own.map(({ name, id, shard }) => [name, { id, shard }]))
}

interface Placed extends ControlPlaneRow, PlacedControlPlane {
  readonly organization: string
}

export interface NewControlPlane {
  readonly name: string
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
}

/** `shard`: the deployment that is to hold it. Throws as the platform answers. */
export function createControlPlane(
  platform: ApiClient,
  wanted: NewControlPlane,
  shard?: string,
): Promise<ControlPlaneRow> {
  const headers = shard === undefined ? {} : placedOn(shard)
  return platform.post<ControlPlaneRow>(CONTROL_PLANES, { ...wanted, features: FEATURES }, headers)
}

/** The headers of a request for a control plane that say which deployment is to hold it. */
export function placedOn(shard: string): Readonly<Record<string, string>> {
  return { 'x-zonelab-shard': shard }
}

/** The most that the platform gives at once. */
const PAGE_SIZE = 1_000

/** All that the lab's organisation has in one region, page by page. */
export async function listControlPlanes<T extends ControlPlaneRow>(platform: ApiClient): Promise<T[]> {
  const rows: T[] = []
  for (let number = 1; ; number += 1) {
    const page = await platform.get<{ meta: { page: { total: number } }; data: T[] }>(
      `${CONTROL_PLANES}?page[size]=${PAGE_SIZE}&page[number]=${number}`,
    )
    rows.push(...page.data)
    if (page.data.length === 0 || rows.length >= page.meta.page.total) return rows
  }
}
