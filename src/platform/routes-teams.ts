import { z } from 'zod'
import type { Reply } from '../api/reply.js'
import type { JsonObject } from '../model/json.js'
import { readBody } from './body.js'
import { create as created, type Entity, type HolderKind, remove } from './entities.js'
import { accountOf, audited, existing, requireChangeable, teamOf } from './holders.js'
import { type Filterable, listPage } from './listing.js'
import { answer, NO_CONTENT, timeOf } from './reply.js'
import type { ManagerRequest, ManagerRoute } from './route.js'
import { shown as accountShown } from './routes-accounts.js'
import { shownUser } from './routes-organization.js'

const PATH = '/v3/teams'
const access = 'organization-admin'

/** Teams, whose roles add to those that their members have of their own. */
export const TEAM_ROUTES: readonly ManagerRoute[] = [
  { method: 'GET', path: PATH, what: 'Teams', access, handle: list },
  { method: 'POST', path: PATH, what: 'A new team', access, handle: create },
  {
    method: 'GET',
    path: `${PATH}/{teamId}`,
    what: 'One team',
    access,
    handle: async (request) => answer(shown(await teamOf(request))),
  },
  { method: 'DELETE', path: `${PATH}/{teamId}`, what: 'Remove it and its roles', access, handle: del },
  ...membersOf('user', 'users', 'userId'),
  ...membersOf('account', 'system-accounts', 'accountId'),
  {
    method: 'GET',
    path: '/v3/system-accounts/{accountId}/teams',
    what: 'Teams of a system account',
    access,
    handle: teamsOfAccount,
  },
]

function membersOf(holder: HolderKind, word: string, parameter: string): ManagerRoute[] {
  const path = `${PATH}/{teamId}/${word}`
  return [
    { method: 'GET', path, what: `Members: ${word}`, access, handle: (request) => listMembers(request, holder) },
    { method: 'POST', path, what: `Add to ${word}`, access, handle: (request) => join(request, holder) },
    {
      method: 'DELETE',
      path: `${path}/{${parameter}}`,
      what: 'End the membership',
      access,
      handle: (request) => leave(request, holder, parameter),
    },
  ]
}

const newTeam = z.strictObject({ name: z.string().min(1).max(255), description: z.string().max(1_000).default('') })

const FILTERS: Filterable<Entity<'team'>> = { name: { operations: ['eq', 'contains'], value: ({ name }) => name } }

async function list({ records, query }: ManagerRequest): Promise<Reply> {
  return answer(listPage(await records.list('team'), query, FILTERS, shown))
}

async function create(request: ManagerRequest): Promise<Reply> {
  const { records, manager } = request
  const { name, description } = readBody(request.body, newTeam)
  const atMs = manager.clock.nowMs()
  const team = {
    kind: 'team',
    id: manager.random.uuid(),
    name,
    body: { description, predefined: false, createdAtMs: atMs, updatedAtMs: atMs },
  } as const
  await records.commit(created(team), audited(request, 'create', `team ${name}`, team.id))
  return answer(shown({ ...team, version: 1 }), 201)
}

async function del(request: ManagerRequest): Promise<Reply> {
  const team = await teamOf(request)
  requireChangeable(team)
  await request.records.commit(remove(team), audited(request, 'delete', `team ${team.name}`, team.id))
  return NO_CONTENT
}

async function listMembers(request: ManagerRequest, kind: HolderKind): Promise<Reply> {
  const team = await teamOf(request)
  const members = await request.records.list('member', { parent: team.id })
  const ids = members.filter(({ body }) => body.holder === kind).map(({ name }) => name)
  const items = await Promise.all(ids.map((id) => shownHolder(request, kind, id)))
  return answer(listPage(items, request.query, {}, (item) => item))
}

async function join(request: ManagerRequest, kind: HolderKind): Promise<Reply> {
  const team = await teamOf(request)
  const id = memberId(request, kind)
  const holder = existing(
    kind === 'user' ? await request.records.get('user', id) : await request.records.get('account', id),
  )
  requireChangeable(holder)
  const member = {
    kind: 'member',
    id: request.manager.random.uuid(),
    parent: team.id,
    name: id,
    body: { holder: kind },
  } as const
  await request.records.commit(
    created(member),
    audited(request, 'role change', `${holder.name} joins team ${team.name}`, team.id),
  )
  await request.manager.feeds.settled()
  return answer({}, 201)
}

function memberId({ body }: ManagerRequest, kind: HolderKind): string {
  return kind === 'user'
    ? readBody(body, z.strictObject({ id: z.uuid() })).id
    : readBody(body, z.strictObject({ account_id: z.uuid() })).account_id
}

async function leave(request: ManagerRequest, kind: HolderKind, parameter: string): Promise<Reply> {
  const team = await teamOf(request)
  const [member] = await request.records.list('member', { parent: team.id, name: request.param(parameter) })
  const { id, name } = existing(member?.body.holder === kind ? member : undefined)
  await request.records.commit(
    remove({ kind: 'member', id }),
    audited(request, 'role change', `${name} leaves team ${team.name}`, team.id),
  )
  return NO_CONTENT
}

async function teamsOfAccount(request: ManagerRequest): Promise<Reply> {
  const account = await accountOf(request)
  const memberships = await request.records.list('member', { name: account.id })
  const teams = await Promise.all(memberships.map(({ parent }) => request.records.get('team', parent ?? '')))
  return answer(
    listPage(
      teams.filter((team) => team !== undefined),
      request.query,
      FILTERS,
      shown,
    ),
  )
}

async function shownHolder({ records }: ManagerRequest, kind: HolderKind, id: string): Promise<JsonObject> {
  if (kind === 'user') return shownUser(existing(await records.get('user', id)))
  return accountShown(existing(await records.get('account', id)))
}

function shown({ id, name, body }: Entity<'team'>): JsonObject {
  return {
    id,
    name,
    description: body.description,
    system_team: body.predefined,
    created_at: timeOf(body.createdAtMs),
    updated_at: timeOf(body.updatedAtMs),
  }
}
