import type { Records } from './entities.js'

/** The entity type whose roles count for meshes; the same words on another type mean nothing here. */
export const MESH_ENTITY = 'Mesh Control Planes'

/** Admin: everything. Connector: connect zones. Creator: create, and see what is there. Viewer: read. */
export const MESH_ROLES = ['Admin', 'Connector', 'Creator', 'Viewer'] as const
export type MeshRole = (typeof MESH_ROLES)[number]

/** The predefined team whose members may do everything in their organisation. */
export const ADMIN_TEAM = 'Organization Admin'

/** One role on one control plane or on all, in one region or in all. Roles add up: the larger one wins. */
export interface Grant {
  readonly role: MeshRole
  readonly controlPlane: string
  readonly region: string
}

export interface Rights {
  readonly grants: readonly Grant[]
  readonly organizationAdmin: boolean
}

/** What a user or an account may do: its own roles and those of its teams. */
export async function rightsOf(records: Records, holder: string): Promise<Rights> {
  const memberships = await records.list('member', { name: holder })
  const teams = memberships.flatMap(({ parent }) => parent ?? [])
  const roles = await Promise.all([holder, ...teams].map((parent) => records.list('role', { parent })))
  const grants = roles.flat().flatMap(({ body }): Grant[] => {
    const role = MESH_ROLES.find((known) => known === body.role)
    if (role === undefined || body.entityType !== MESH_ENTITY) return []
    return [{ role, controlPlane: body.entityId, region: body.region }]
  })
  const [adminTeam] = teams.length === 0 ? [] : await records.list('team', { name: ADMIN_TEAM })
  return { grants, organizationAdmin: adminTeam !== undefined && teams.includes(adminTeam.id) }
}

/** What somebody wants with a control plane. */
export type Need = 'see' | 'read' | 'write' | 'connect'

const ENOUGH: Readonly<Record<Need, readonly MeshRole[]>> = {
  see: ['Admin', 'Viewer', 'Creator'],
  read: ['Admin', 'Viewer'],
  write: ['Admin'],
  connect: ['Admin', 'Connector'],
}

/** The roles that allow it, for documentation and for refusals. */
export function rolesFor(need: Need): readonly MeshRole[] {
  return ENOUGH[need]
}

export interface Place {
  readonly id: string
  readonly region: string
}

/** `hidden`: the control plane is not shown to somebody with these grants. `denied`: it is, and this is not allowed. */
export type Verdict = 'allowed' | 'denied' | 'hidden'

export function judge(grants: readonly Grant[], need: Need, place: Place): Verdict {
  const covering = grants.filter(({ controlPlane }) => controlPlane === '*' || controlPlane === place.id)
  if (covering.length === 0) return 'hidden'
  return covering.some((grant) => inRegion(grant, place.region) && ENOUGH[need].includes(grant.role))
    ? 'allowed'
    : 'denied'
}

/** A new control plane has no roles of its own yet, so that only those on all count. */
export function mayCreate(grants: readonly Grant[], region: string): boolean {
  return grants.some(
    (grant) =>
      (grant.role === 'Admin' || grant.role === 'Creator') && grant.controlPlane === '*' && inRegion(grant, region),
  )
}

function inRegion(grant: Grant, region: string): boolean {
  return grant.region === '*' || grant.region === region
}
