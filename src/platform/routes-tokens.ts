import { z } from 'zod'
import type { Reply } from '../api/reply.js'
import type { JsonObject } from '../model/json.js'
import { readBody } from './body.js'
import { isLive } from './caller.js'
import { create as created, remove, replace, type Token } from './entities.js'
import { accountOf, audited, existing, type Holder, requireChangeable, userOf } from './holders.js'
import { type Filterable, listPage } from './listing.js'
import { InvalidParameters } from './problem.js'
import { SAT_LIFETIME_MAX_MS } from './provision-zone.js'
import { answer, NO_CONTENT, timeOf } from './reply.js'
import type { ManagerRequest, ManagerRoute } from './route.js'
import { newSecret } from './secrets.js'

/** Tokens of system accounts and of people: one life, two forms of asking for one. */
export const TOKEN_ROUTES: readonly ManagerRoute[] = [
  ...routesUnder('/v3/system-accounts/{accountId}/access-tokens', 'organization-admin', accountOf, createSat),
  ...routesUnder('/v3/users/{userId}/access-tokens', 'self', userOf, createPat),
  {
    method: 'PATCH',
    path: '/v3/users/{userId}/access-tokens/{tokenId}/revoke',
    what: 'Revoke it; it stays listed',
    access: 'self',
    handle: revoke,
  },
]

function routesUnder(
  path: string,
  access: ManagerRoute['access'],
  holderOf: (request: ManagerRequest) => Promise<Holder>,
  create: (request: ManagerRequest, holder: Holder) => Promise<Reply>,
): ManagerRoute[] {
  const one = `${path}/{tokenId}`
  return [
    {
      method: 'GET',
      path,
      what: 'Access tokens',
      access,
      handle: async (request) => list(request, await holderOf(request)),
    },
    {
      method: 'POST',
      path,
      what: 'A new access token, shown once',
      access,
      handle: async (request) => create(request, await holderOf(request)),
    },
    {
      method: 'GET',
      path: one,
      what: 'One access token',
      access,
      handle: async (request) => answer(shown(await tokenOf(request, await holderOf(request)), request)),
    },
    {
      method: 'PATCH',
      path: one,
      what: 'Rename it',
      access,
      handle: async (request) => rename(request, await holderOf(request)),
    },
    {
      method: 'DELETE',
      path: one,
      what: 'Revoke and forget it',
      access,
      handle: async (request) => del(request, await holderOf(request)),
    },
  ]
}

const name = z.string().min(1).max(100)
const newSat = z.strictObject({ name, expires_at: z.iso.datetime({ offset: true }) })
const DAY_S = 86_400
const newPat = z.strictObject({
  name,
  ttl_seconds: z
    .int()
    .min(DAY_S)
    .max(365 * DAY_S),
})
const PATS_MAX = 10

const FILTERS: Filterable<Token> = { name: { operations: ['eq', 'contains'], value: ({ name }) => name } }

async function list(request: ManagerRequest, { id }: Holder): Promise<Reply> {
  const tokens = await request.records.list('token', { parent: id })
  return answer(listPage(tokens, request.query, FILTERS, (token) => shown(token, request)))
}

async function createSat(request: ManagerRequest, holder: Holder): Promise<Reply> {
  requireChangeable(holder)
  const { name, expires_at: expiresAt } = readBody(request.body, newSat)
  const expiresAtMs = Date.parse(expiresAt)
  const nowMs = request.manager.clock.nowMs()
  const wrong = expiresAtMs <= nowMs ? 'must be in the future' : 'must be within 12 months'
  if (expiresAtMs <= nowMs || expiresAtMs > nowMs + SAT_LIFETIME_MAX_MS) {
    throw new InvalidParameters({ field: 'expires_at', rule: 'invalid', reason: wrong, source: 'body' })
  }
  const { token, secret } = await issue(request, holder, 'sat', name, expiresAtMs)
  return answer({ ...shown(token, request), token: secret }, 201)
}

async function createPat(request: ManagerRequest, holder: Holder): Promise<Reply> {
  const { name, ttl_seconds: ttlSeconds } = readBody(request.body, newPat)
  const nowMs = request.manager.clock.nowMs()
  const live = (await request.records.list('token', { parent: holder.id })).filter((token) => isLive(token, nowMs))
  if (live.length >= PATS_MAX) {
    const reason = `${holder.name} has ${PATS_MAX} tokens already; revoke one first`
    throw new InvalidParameters({ field: 'name', rule: 'max_items', reason, maximum: PATS_MAX, source: 'body' })
  }
  const { token, secret } = await issue(request, holder, 'pat', name, nowMs + ttlSeconds * 1_000)
  return answer({ ...shown(token, request), konnect_token: secret }, 201)
}

async function issue(request: ManagerRequest, holder: Holder, kind: 'sat' | 'pat', name: string, expiresAtMs: number) {
  const { manager, records } = request
  const atMs = manager.clock.nowMs()
  const secret = newSecret(kind)
  const token = {
    kind: 'token',
    id: manager.random.uuid(),
    parent: holder.id,
    name,
    digest: secret.digest,
    body: { kind, expiresAtMs, createdAtMs: atMs, updatedAtMs: atMs },
  } as const
  await records.commit(created(token), audited(request, 'issue', `token ${name} of ${holder.name}`, token.id))
  await manager.feeds.settled()
  return { token: { ...token, version: 1 }, secret: secret.text }
}

async function rename(request: ManagerRequest, holder: Holder): Promise<Reply> {
  requireChangeable(holder)
  const token = await tokenOf(request, holder)
  const { name: renamed } = readBody(request.body, z.strictObject({ name }))
  const changed = { name: renamed, body: { ...token.body, updatedAtMs: request.manager.clock.nowMs() } }
  await request.records.commit(
    replace(token, changed),
    audited(request, 'update', `token ${token.name} of ${holder.name}`, token.id),
  )
  return answer(shown({ ...token, ...changed }, request))
}

async function del(request: ManagerRequest, holder: Holder): Promise<Reply> {
  requireChangeable(holder)
  const token = await tokenOf(request, holder)
  await request.records.commit(
    remove(token),
    audited(request, 'revoke', `token ${token.name} of ${holder.name}`, token.id),
  )
  return NO_CONTENT
}

async function revoke(request: ManagerRequest): Promise<Reply> {
  const user = await userOf(request)
  const token = await tokenOf(request, user)
  const atMs = request.manager.clock.nowMs()
  const body = { ...token.body, updatedAtMs: atMs, revokedAtMs: token.body.revokedAtMs ?? atMs }
  await request.records.commit(
    replace(token, { body }),
    audited(request, 'revoke', `token ${token.name} of ${user.name}`, token.id),
  )
  return answer(shown({ ...token, body }, request))
}

async function tokenOf({ records, param }: ManagerRequest, { id }: Holder): Promise<Token> {
  const token = existing(await records.get('token', param('tokenId')))
  return existing(token.parent === id ? token : undefined)
}

function shown({ id, name, body }: Token, { manager }: ManagerRequest): JsonObject {
  const state =
    body.revokedAtMs !== undefined ? 'REVOKED' : manager.clock.nowMs() < body.expiresAtMs ? 'ACTIVE' : 'EXPIRED'
  return {
    id,
    name,
    created_at: timeOf(body.createdAtMs),
    updated_at: timeOf(body.updatedAtMs),
    expires_at: timeOf(body.expiresAtMs),
    last_used_at: body.lastUsedAtMs === undefined ? null : timeOf(body.lastUsedAtMs),
    ...(body.kind === 'pat' && { state }),
  }
}
