import Database from 'better-sqlite3'
import pg from 'pg'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Logger } from '../../../src/base/log.js'
import { MANAGER_ROUTES } from '../../../src/platform/routes.js'
import { type FeedLine, FeedReader } from '../../../src/wire/admission-feed.js'
import { describePostgres } from '../../support/postgres.js'
import { type Answer, call, ManagerLab, OPERATOR_TOKEN } from '../platform/manager-lab.js'

/**
 * Fifty control planes of five organisations at one manager, each organisation with its canary in everything that it has. Each
 * one's admin asks every operation, with ids of his own and with another's; whatever comes out, the audit and the feed included,
 * is searched for the canaries of the others, and at the end nobody has lost anything. Who may read one control plane is shown
 * none of the other nine.
 */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

/** Whether the application's own predicate (`… WHERE organisation_id = …`) is taken out of every statement. */
let forgetful = false
/** Statements that went to Postgres without it. */
let forgotten = 0

const pgQuery = pg.Client.prototype.query as (this: pg.Client, ...args: unknown[]) => unknown
pg.Client.prototype.query = function forgetting(this: pg.Client, ...args: unknown[]) {
  const [text, ...rest] = args
  if (!forgetful || typeof text !== 'string') return pgQuery.apply(this, args)
  const all = text
    .replaceAll(/(?:\w+\.)?organisation_id = \$1/g, '$1::text IS NOT NULL')
    .replaceAll(/(?:\w+\.)?organisation_id = current_setting\('app\.organisation_id', true\)/g, 'true')
  if (all !== text) forgotten += 1
  return pgQuery.call(this, all, ...rest)
} as typeof pg.Client.prototype.query

const sqlitePrepare = Database.prototype.prepare
Database.prototype.prepare = function forgetting(this: Database.Database, source: string) {
  // What is read for answers; the rules of a commit would refuse the organisations' like names.
  const all = source.replaceAll(/(?<=, body FROM record WHERE )organization = (\?|@organization)/g, '$1 IS NOT NULL')
  return sqlitePrepare.call(this, forgetful ? all : source)
} as typeof Database.prototype.prepare

const ORGANIZATIONS: readonly string[] = ['acme', ...Array.from({ length: 4 }, (_, index) => `guild-${index}`)]
const CONTROL_PLANES = Array.from({ length: 10 }, (_, index) => `cp-${index}`)
/** By the parameter of a path that takes them, and the token of somebody who may read the first control plane. */
interface Filled {
  readonly ids: Readonly<Record<string, string>>
  readonly viewer: string
}
type All = ReadonlyMap<string, Filled>

const canaryOf = (organization: string) => `canary-${organization}-x`
const otherOf = (organization: string) =>
  ORGANIZATIONS[(ORGANIZATIONS.indexOf(organization) + 1) % ORGANIZATIONS.length] as string
const foreignIn = (text: string, organization: string) =>
  ORGANIZATIONS.filter((other) => other !== organization && text.includes(canaryOf(other)))

let lab: ManagerLab | undefined
afterEach(async () => {
  forgetful = false
  await lab?.stop()
  lab = undefined
})

/** One of everything, and ten control planes. */
async function fill(manager: ManagerLab, organization: string): Promise<Filled> {
  const name = canaryOf(organization)
  const token = manager.adminToken(organization)
  const make = async (path: string, body: object) => {
    const answer = await manager.call('POST', path, { token, body })
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body as { readonly id: string; readonly token: string }
  }
  const made = async (path: string, body: object) => (await make(path, body)).id
  const labels = { [name]: name }
  const controlPlane = (suffix: string) =>
    made('/v1/mesh/control-planes', { name: `${name}-${suffix}`, description: `${name}-${suffix}`, labels })
  const [cpId = ''] = await Promise.all(CONTROL_PLANES.map(controlPlane))
  const zone = { token, body: { name } }
  expect((await manager.call('POST', `/v1/mesh/control-planes/${cpId}/api/provision-zone`, zone)).status).toBe(200)
  const userId = await made('/v3/users', { email: `${name}@example.com`, full_name: name })
  const accountId = await made('/v3/system-accounts', { name, description: name })
  const teamId = await made('/v3/teams', { name, description: name })
  const expires_at = new Date(manager.clock.nowMs() + 3_600_000).toISOString()
  const issued = await make(`/v3/system-accounts/${accountId}/access-tokens`, { name, expires_at })
  const role = { role_name: 'Viewer', entity_id: cpId, entity_type_name: 'Mesh Control Planes', entity_region: 'us' }
  const roleId = await made(`/v3/system-accounts/${accountId}/assigned-roles`, role)
  await made(`/v3/teams/${teamId}/assigned-roles`, role)
  return { ids: { cpId, userId, accountId, teamId, tokenId: issued.id, roleId }, viewer: issued.token }
}

/** Fills a manager, starts it again with or without the predicate, and says what it let out to whom. */
async function leaksOf(store: string | undefined, withoutPredicate: boolean): Promise<readonly string[]> {
  const leaks: string[] = []
  const lines: string[] = []
  const ports = { log: keeping(lines), organizations: ORGANIZATIONS, ...(store !== undefined && { store }) }
  const manager = new ManagerLab(undefined, ports)
  lab = manager
  await manager.start()
  const all: Map<string, Filled> = new Map()
  for (const organization of ORGANIZATIONS) all.set(organization, await fill(manager, organization))
  await manager.stopManager()
  forgetful = withoutPredicate
  await manager.startManager()
  leaks.push(...(await relayed(manager, all)), ...(await shownToViewers(manager, all)))
  for (const organization of ORGANIZATIONS) {
    // What is there is looked at before it is taken away.
    leaks.push(...(await asked(manager, all, organization, organization, ['GET'])))
    leaks.push(...(await asked(manager, all, organization, otherOf(organization), METHODS)))
  }
  leaks.push(...(await written(manager)))
  if (lines.some((line) => line.includes('canary'))) leaks.push('a log line')
  if (!withoutPredicate || store !== undefined) await expectAllThere(manager, all)
  return leaks
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
const textOf = ({ body, headers }: Answer) => JSON.stringify([body, ...headers])
const idsOf = (all: All, organization: string) => all.get(organization)?.ids ?? {}

/** Every operation of these methods, asked by one organisation's admin with the ids of one. */
async function asked(manager: ManagerLab, all: All, by: string, of: string, methods: readonly string[]) {
  const leaks: string[] = []
  const token = manager.adminToken(by)
  for (const route of MANAGER_ROUTES.filter(
    ({ method, path }) => methods.includes(method) && (by === of || /\{/.test(path)),
  )) {
    const path = route.path.replaceAll(/\{(\w+)\}/g, (_, parameter) => idsOf(all, of)[parameter] ?? 'unknown')
    const body = route.method === 'GET' || route.method === 'DELETE' ? {} : { body: BODY }
    // Lists whole.
    const query = route.method === 'GET' ? '?page[size]=100' : ''
    const answer = await manager.call(route.method, path + query, { token, ...body })
    if (foreignIn(textOf(answer), by).length > 0) leaks.push(`${route.method} ${route.path}`)
  }
  return leaks
}

/** What of control planes that they have no role on. */
async function shownToViewers(manager: ManagerLab, all: All): Promise<readonly string[]> {
  const leaks: string[] = []
  for (const [organization, { ids, viewer: token }] of all) {
    const lists = MANAGER_ROUTES.filter(({ method, path }) => method === 'GET' && /control-planes/.test(path))
    for (const { path } of lists) {
      const answer = await manager.call(
        'GET',
        path.replaceAll(/\{(\w+)\}/g, (_, name) => ids[name] ?? 'unknown'),
        { token },
      )
      const others = CONTROL_PLANES.slice(1).filter((suffix) => textOf(answer).includes(`-x-${suffix}`))
      if (others.length > 0) leaks.push(`${path}, for a viewer of ${organization}`)
    }
    const { body } = await manager.call('GET', '/v1/mesh/control-planes', { token })
    expect(JSON.stringify(body), 'the search finds what is there').toContain(`${canaryOf(organization)}-cp-0`)
  }
  return leaks
}

/** Calls of a control plane's own API that came to its global though they were another organisation's. */
async function relayed(manager: ManagerLab, all: All): Promise<readonly string[]> {
  const leaks: string[] = []
  for (const organization of ORGANIZATIONS) {
    const path = `/v1/mesh/control-planes/${idsOf(all, otherOf(organization)).cpId}/api/meshes/default`
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const headers = { authorization: `Bearer ${manager.adminToken(organization)}` }
      const { status } = await fetch(manager.url() + path, { method, headers })
      const arrived = manager.global().seen.some((call) => call.path === '/meshes/default')
      if (status !== 404 || arrived) leaks.push(`relayed ${method}, of ${organization}`)
    }
  }
  return leaks
}

/** What is written down and told: each entry of the audit and each line of the feed is of one organisation. */
async function written(manager: ManagerLab): Promise<readonly string[]> {
  const leaks: string[] = []
  const audit = await call(`${manager.operatorUrl}/audit`, 'GET', { token: OPERATOR_TOKEN })
  const about: Record<'audit' | 'feed', readonly { readonly organization?: string }[]> = {
    audit: audit.body.items,
    feed: await feedOf(manager),
  }
  for (const name of ORGANIZATIONS) {
    const { body } = await manager.call('GET', '/v3/organizations/me', { token: manager.adminToken(name) })
    for (const [where, entries] of Object.entries(about)) {
      const own = JSON.stringify(entries.filter(({ organization }) => organization === body.id))
      expect(own, `the ${where} is of ${name}`).not.toBe('[]')
      if (foreignIn(own, name).length > 0) leaks.push(`the ${where}, for ${name}`)
    }
  }
  const metrics = (await call(`${manager.operatorUrl}/metrics`, 'GET')).body
  if (metrics.includes('canary')) leaks.push('metrics')
  return leaks
}

/** As a global reads it, up to where the state is whole. */
async function feedOf(manager: ManagerLab): Promise<readonly { readonly organization?: string }[]> {
  const headers = { authorization: `Bearer ${manager.shardToken('us-1')}` }
  const { body } = await fetch(`${manager.url()}/internal/shards/us-1/feed`, { headers })
  const reader = new FeedReader()
  const lines: FeedLine[] = []
  for await (const piece of body ?? []) {
    lines.push(...reader.push(piece))
    if (lines.some(({ kind }) => kind === 'complete')) break
  }
  return lines as readonly { readonly organization?: string }[]
}

const BODY = { name: 'taken-over', description: 'taken over', full_name: 'taken over', labels: {} }

/** With the predicate again: whatever somebody else tried has changed nothing. */
async function expectAllThere(manager: ManagerLab, all: All): Promise<void> {
  await manager.stopManager()
  forgetful = false
  await manager.startManager()
  for (const organization of ORGANIZATIONS) {
    const { cpId, userId, accountId, teamId, tokenId } = idsOf(all, organization)
    for (const path of [
      `/v1/mesh/control-planes/${cpId}`,
      `/v3/users/${userId}`,
      `/v3/teams/${teamId}`,
      `/v3/system-accounts/${accountId}/access-tokens/${tokenId}`,
    ]) {
      const answer = await manager.call('GET', path, { token: manager.adminToken(organization) })
      expect([path, answer.status, JSON.stringify(answer.body)]).toEqual([
        path,
        200,
        expect.stringContaining(canaryOf(organization)),
      ])
    }
  }
}

function keeping(lines: string[]): Logger {
  const log = (message: string, fields: object = {}) => {
    lines.push(`${message} ${JSON.stringify(fields, (_, value) => (value instanceof Error ? value.message : value))}`)
  }
  const logger: Logger = { debug: log, info: log, warn: log, error: log, child: () => logger }
  return logger
}

describe('organisations over SQLite', () => {
  test('nothing of another comes out', async () => {
    expect(await leaksOf(undefined, false)).toEqual([])
  })

  test('without the predicate it does, and the suite sees it', async () => {
    const leaks = await leaksOf(undefined, true)
    const found = [
      'GET /v3/users',
      'GET /v3/teams/{teamId}',
      'relayed GET, of acme',
      'the audit, for acme',
      'the feed, for guild-0',
    ]
    expect(leaks).toEqual(expect.arrayContaining(found))
  })
})

describePostgres('organisations over Postgres', (subject) => {
  test('nothing of another comes out', async () => {
    expect(await leaksOf((await subject.database()).appUrl, false)).toEqual([])
  })

  test('nor without the predicate: row level security holds alone', async () => {
    expect(await leaksOf((await subject.database()).appUrl, true)).toEqual([])
    expect(forgotten).toBeGreaterThan(MANAGER_ROUTES.length)
  })
})
