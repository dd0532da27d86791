import { z } from 'zod'
import type { Reply } from '../api/reply.js'
import type { JsonObject } from '../model/json.js'
import { readBody } from './body.js'
import { type Account, create as created, remove, replace } from './entities.js'
import { accountOf, audited, requireChangeable } from './holders.js'
import { type Filterable, listPage } from './listing.js'
import { InvalidParameters } from './problem.js'
import { answer, NO_CONTENT, timeOf } from './reply.js'
import type { ManagerRequest, ManagerRoute } from './route.js'

const PATH = '/v3/system-accounts'
const access = 'organization-admin'

export const ACCOUNT_ROUTES: readonly ManagerRoute[] = [
  { method: 'GET', path: PATH, what: 'System accounts', access, handle: list },
  { method: 'POST', path: PATH, what: 'A new system account', access, handle: create },
  {
    method: 'GET',
    path: `${PATH}/{accountId}`,
    what: 'One system account',
    access,
    handle: async (request) => answer(shown(await accountOf(request))),
  },
  { method: 'PATCH', path: `${PATH}/{accountId}`, what: 'Change it', access, handle: patch },
  { method: 'DELETE', path: `${PATH}/{accountId}`, what: 'Remove it, its tokens and roles', access, handle: del },
]

const name = z.string().min(1).max(255)
const newAccount = z.strictObject({
  name,
  description: z.string().max(1_000),
  konnect_managed: z.boolean().default(false),
})
const changes = z.strictObject({ name: name.optional(), description: z.string().max(1_000).optional() })

const FILTERS: Filterable<Account> = {
  name: { operations: ['eq', 'neq', 'contains', 'oeq', 'ocontains'], value: ({ name }) => name },
  description: { operations: ['eq', 'contains'], value: ({ body }) => body.description },
  konnect_managed: { operations: ['eq'], value: ({ body }) => String(body.zone !== undefined) },
}

async function list({ records, query }: ManagerRequest): Promise<Reply> {
  return answer(listPage(await records.list('account'), query, FILTERS, shown))
}

async function create(request: ManagerRequest): Promise<Reply> {
  const { records, manager, body } = request
  const { name, description, konnect_managed: managed } = readBody(body, newAccount)
  if (managed) {
    const reason = 'managed accounts are made by provision-zone'
    throw new InvalidParameters({ field: 'konnect_managed', rule: 'invalid', reason, source: 'body' })
  }
  const atMs = manager.clock.nowMs()
  const account = {
    kind: 'account',
    id: manager.random.uuid(),
    name,
    body: { description, createdAtMs: atMs, updatedAtMs: atMs },
  } as const
  await records.commit(created(account), audited(request, 'create', `system account ${name}`, account.id))
  return answer(shown({ ...account, version: 1 }), 201)
}

async function patch(request: ManagerRequest): Promise<Reply> {
  const { records, manager } = request
  const account = await accountOf(request)
  requireChangeable(account)
  const { name = account.name, description = account.body.description } = readBody(request.body, changes)
  const changed = { name, body: { ...account.body, description, updatedAtMs: manager.clock.nowMs() } }
  await records.commit(
    replace(account, changed),
    audited(request, 'update', `system account ${account.name}`, account.id),
  )
  return answer(shown({ ...account, ...changed }))
}

async function del(request: ManagerRequest): Promise<Reply> {
  const account = await accountOf(request)
  requireChangeable(account)
  await request.records.commit(
    remove(account),
    audited(request, 'delete', `system account ${account.name}`, account.id),
  )
  return NO_CONTENT
}

export function shown({ id, name, body }: Account): JsonObject {
  return {
    id,
    name,
    description: body.description,
    created_at: timeOf(body.createdAtMs),
    updated_at: timeOf(body.updatedAtMs),
    konnect_managed: body.zone !== undefined,
  }
}
