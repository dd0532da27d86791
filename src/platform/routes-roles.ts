import { z } from 'zod'
import type { Reply } from '../api/reply.js'
import type { JsonObject } from '../model/json.js'
import { readBody } from './body.js'
import { roleName } from './control-planes.js'
import { create as created, type Entity, remove } from './entities.js'
import { MESH_ENTITY, MESH_ROLES } from './grants.js'
import { accountOf, audited, existing, type Holder, requireChangeable, teamOf, userOf } from './holders.js'
import { type Filterable, listPage } from './listing.js'
import { InvalidParameters } from './problem.js'
import { answer, NO_CONTENT } from './reply.js'
import type { ManagerRequest, ManagerRoute } from './route.js'

const HOLDERS = [
  { path: '/v3/system-accounts/{accountId}', holderOf: accountOf },
  { path: '/v3/users/{userId}', holderOf: userOf },
  { path: '/v3/teams/{teamId}', holderOf: teamOf },
] as const

/** What accounts, users and teams may do. */
export const ROLE_ROUTES: readonly ManagerRoute[] = HOLDERS.flatMap(({ path, holderOf }): ManagerRoute[] => {
  const roles = `${path}/assigned-roles`
  const access = 'organization-admin'
  return [
    {
      method: 'GET',
      path: roles,
      what: 'Assigned roles',
      access,
      handle: async (request) => list(request, await holderOf(request)),
    },
    {
      method: 'POST',
      path: roles,
      what: 'Assign a role',
      access,
      handle: async (request) => assign(request, await holderOf(request)),
    },
    {
      method: 'GET',
      path: `${roles}/{roleId}`,
      what: 'One assigned role',
      access,
      handle: async (request) => answer(shown(await roleOf(request, await holderOf(request)))),
    },
    {
      method: 'DELETE',
      path: `${roles}/{roleId}`,
      what: 'Take the role away',
      access,
      handle: async (request) => takeAway(request, await holderOf(request)),
    },
  ]
})

const REGIONS = ['us', 'eu', 'au', 'me', 'in', 'sg', '*'] as const

const newRole = z.strictObject({
  role_name: z.string().min(1).max(100),
  entity_id: z.union([z.literal('*'), z.uuid()], { error: 'must be a UUID or *' }),
  entity_type_name: z.string().min(1).max(100),
  entity_region: z.enum(REGIONS),
})

const FILTERS: Filterable<Entity<'role'>> = {
  role_name: { operations: ['eq', 'neq'], value: ({ body }) => body.role },
  entity_type_name: { operations: ['eq', 'neq', 'contains', 'ocontains'], value: ({ body }) => body.entityType },
}

async function list({ records, query }: ManagerRequest, { id }: Holder): Promise<Reply> {
  return answer(listPage(await records.list('role', { parent: id }), query, FILTERS, shown))
}

async function assign(request: ManagerRequest, holder: Holder): Promise<Reply> {
  requireChangeable(holder)
  const wanted = readBody(request.body, newRole)
  const body = {
    role: wanted.role_name,
    entityType: wanted.entity_type_name,
    entityId: wanted.entity_id.toLowerCase(),
    region: wanted.entity_region,
  }
  if (body.entityType === MESH_ENTITY) await requireMeshRole(request, body)
  const role = {
    kind: 'role',
    id: request.manager.random.uuid(),
    parent: holder.id,
    name: roleName(body),
    body,
  } as const
  await request.records.commit(created(role), changed(request, `${body.role} for ${holder.name}`, role))
  await request.manager.feeds.settled()
  return answer(shown(role), 201)
}

async function requireMeshRole(
  { records, manager }: ManagerRequest,
  { role, entityId }: { readonly role: string; readonly entityId: string },
): Promise<void> {
  if (!MESH_ROLES.some((known) => known === role)) {
    const choices = [...MESH_ROLES]
    const reason = `must be one of ${choices.join(', ')}`
    throw new InvalidParameters({ field: 'role_name', rule: 'enum', reason, choices, source: 'body' })
  }
  if (entityId !== '*' && !(await manager.controlPlanes.find(records, entityId))) {
    const reason = 'there is no such control plane'
    throw new InvalidParameters({ field: 'entity_id', rule: 'invalid', reason, source: 'body' })
  }
}

async function takeAway(request: ManagerRequest, holder: Holder): Promise<Reply> {
  requireChangeable(holder)
  const role = await roleOf(request, holder)
  await request.records.commit(remove(role), changed(request, `${role.body.role} taken from ${holder.name}`, role))
  return NO_CONTENT
}

function changed(request: ManagerRequest, object: string, { id, body }: Pick<Entity<'role'>, 'id' | 'body'>) {
  return audited(request, 'role change', object, id, body.entityId === '*' ? undefined : body.entityId)
}

async function roleOf({ records, param }: ManagerRequest, { id }: Holder): Promise<Entity<'role'>> {
  const role = existing(await records.get('role', param('roleId')))
  return existing(role.parent === id ? role : undefined)
}

function shown({ id, body }: Pick<Entity<'role'>, 'id' | 'body'>): JsonObject {
  return {
    id,
    role_name: body.role,
    entity_id: body.entityId,
    entity_type_name: body.entityType,
    entity_region: body.region,
  }
}
