import { z } from 'zod'
import type { Reply } from '../api/reply.js'
import type { JsonObject } from '../model/json.js'
import { readBody } from './body.js'
import { create as created, type Entity, remove, replace } from './entities.js'
import { audited, userOf } from './holders.js'
import { type Filterable, listPage } from './listing.js'
import { InvalidParameters } from './problem.js'
import { answer, NO_CONTENT, timeOf } from './reply.js'
import type { ManagerRequest, ManagerRoute } from './route.js'

const access = 'organization-admin'

/** The caller's organisation and the people in it. */
export const ORGANIZATION_ROUTES: readonly ManagerRoute[] = [
  {
    method: 'GET',
    path: '/v3/organizations/me',
    what: "The caller's organisation",
    access: 'member',
    handle: async ({ caller }) => answer(shownOrganization(caller.organization)),
  },
  {
    method: 'PATCH',
    path: '/v3/organizations/me',
    what: "Its state, and whether people's tokens count (zonelab's own)",
    access,
    handle: patchOrganization,
  },
  { method: 'GET', path: '/v3/users/me', what: 'The caller', access: 'member', handle: me },
  { method: 'GET', path: '/v3/users', what: 'Users', access, handle: list },
  {
    method: 'POST',
    path: '/v3/users',
    what: "A new user (zonelab's own: Konnect invites people)",
    access,
    handle: create,
  },
  {
    method: 'GET',
    path: '/v3/users/{userId}',
    what: 'One user',
    access: 'self',
    handle: async (request) => answer(shownUser(await userOf(request))),
  },
  { method: 'PATCH', path: '/v3/users/{userId}', what: 'Change the user', access, handle: patch },
  { method: 'DELETE', path: '/v3/users/{userId}', what: 'Remove the user, tokens and roles', access, handle: del },
]

const organizationChanges = z.strictObject({
  state: z.enum(['active', 'inactive']).optional(),
  personal_access_tokens: z.boolean().optional(),
})
const fullName = z.string().max(255)
const newUser = z.strictObject({ email: z.email().max(255), full_name: fullName.default('') })
const changes = z.strictObject({ full_name: fullName.optional(), active: z.boolean().optional() })

const FILTERS: Filterable<Entity<'user'>> = {
  email: { operations: ['eq', 'contains', 'oeq', 'ocontains'], value: ({ name }) => name },
  full_name: { operations: ['eq', 'contains', 'oeq', 'ocontains'], value: ({ body }) => body.fullName },
  active: { operations: ['eq'], value: ({ body }) => String(body.active) },
}

async function patchOrganization(request: ManagerRequest): Promise<Reply> {
  const { organization } = request.caller
  const { state = organization.body.state, personal_access_tokens: personalTokens = organization.body.personalTokens } =
    readBody(request.body, organizationChanges)
  const body = { ...organization.body, state, personalTokens }
  await request.records.commit(
    replace(organization, { body }),
    audited(request, 'update', `organisation ${organization.name}`, organization.id),
  )
  return answer(shownOrganization({ ...organization, body }))
}

async function me({ caller, records }: ManagerRequest): Promise<Reply> {
  const { kind, id } = caller.holder
  const user = kind === 'user' ? await records.get('user', id) : undefined
  if (!user) {
    const reason = 'the token is that of a system account'
    throw new InvalidParameters({ field: 'authorization', rule: 'invalid', reason, source: 'header' })
  }
  return answer(shownUser(user))
}

async function list({ records, query }: ManagerRequest): Promise<Reply> {
  return answer(listPage(await records.list('user'), query, FILTERS, shownUser))
}

async function create(request: ManagerRequest): Promise<Reply> {
  const { records, manager } = request
  const { email, full_name: fullName } = readBody(request.body, newUser)
  const atMs = manager.clock.nowMs()
  const user = {
    kind: 'user',
    id: manager.random.uuid(),
    name: email.toLowerCase(),
    body: { fullName, active: true, createdAtMs: atMs, updatedAtMs: atMs },
  } as const
  await records.commit(created(user), audited(request, 'create', `user ${user.name}`, user.id))
  return answer(shownUser({ ...user, version: 1 }), 201)
}

async function patch(request: ManagerRequest): Promise<Reply> {
  const user = await userOf(request)
  const { full_name: fullName = user.body.fullName, active = user.body.active } = readBody(request.body, changes)
  const body = { ...user.body, fullName, active, updatedAtMs: request.manager.clock.nowMs() }
  await request.records.commit(replace(user, { body }), audited(request, 'update', `user ${user.name}`, user.id))
  return answer(shownUser({ ...user, body }))
}

async function del(request: ManagerRequest): Promise<Reply> {
  const user = await userOf(request)
  if (user.id === request.caller.holder.id) {
    const reason = 'nobody removes himself; ask another organisation admin'
    throw new InvalidParameters({ field: 'userId', rule: 'invalid', reason, source: 'path' })
  }
  await request.records.commit(remove(user), audited(request, 'delete', `user ${user.name}`, user.id))
  return NO_CONTENT
}

function shownOrganization({ id, name, body }: Entity<'organization'>): JsonObject {
  return {
    id,
    name,
    state: body.state,
    personal_access_tokens: body.personalTokens,
    created_at: timeOf(body.createdAtMs),
    updated_at: timeOf(body.createdAtMs),
  }
}

export function shownUser({ id, name, body }: Entity<'user'>): JsonObject {
  return {
    id,
    email: name,
    full_name: body.fullName,
    active: body.active,
    created_at: timeOf(body.createdAtMs),
    updated_at: timeOf(body.updatedAtMs),
  }
}
