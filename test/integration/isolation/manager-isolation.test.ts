import Database from 'better-sqlite3'
import pg from 'pg'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Logger } from '../../../src/base/log.js'
import { MANAGER_ROUTES } from '../../../src/platform/routes.js'
import { type FeedLine, FeedReader } from '../../../src/wire/admission-feed.js'
import { describePostgres } from '../../support/postgres.js'
import { type Answer, call, ManagerLab, OPERATOR_TOKEN } from '../platform/manager-lab.js'

/**
 * Two organisations at one manager, each with its canary in everything that it has. Each one's admin asks every operation,
 * with ids of his own and with the other's; whatever comes out, the audit and the feed included, is searched for the other's
 * canary, and at the end nobody has lost anything.
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

const ORGANIZATIONS = ['acme', 'other'] as const
type Name = (typeof ORGANIZATIONS)[number]
type Ids = Readonly<Record<string, string>>

const canaryOf = (organization: Name) => `canary-${organization}-x`
const otherOf = (organization: Name): Name => (organization === 'acme' ? 'other' : 'acme')

let lab: ManagerLab | undefined
afterEach(async () => {
  forgetful = false
  await lab?.stop()
  lab = undefined
})

/** One of everything; ids by the parameter that takes them. */
async function fill(manager: ManagerLab, organization: Name): Promise<Ids> {
  const name = canaryOf(organization)
  const token = manager.adminToken(organization)
  const made = async (path: string, body: object): Promise<string> => {
    const answer = await manager.call('POST', path, { token, body })
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body.id
  }
  const labels = { [name]: name }
  const cpId = await made('/v1/mesh/control-planes', { name, description: name, labels })
  const zone = { token, body: { name } }
  expect((await manager.call('POST', `/v1/mesh/control-planes/${cpId}/api/provision-zone`, zone)).status).toBe(200)
  const userId = await made('/v3/users', { email: `${name}@example.com`, full_name: name })
  const accountId = await made('/v3/system-accounts', { name, description: name })
  const teamId = await made('/v3/teams', { name, description: name })
  const expires_at = new Date(manager.clock.nowMs() + 3_600_000).toISOString()
  const tokenId = await made(`/v3/system-accounts/${accountId}/access-tokens`, { name, expires_at })
  const role = { role_name: 'Viewer', entity_id: cpId, entity_type_name: 'Mesh Control Planes', entity_region: 'us' }
  const roleId = await made(`/v3/system-accounts/${accountId}/assigned-roles`, role)
  await made(`/v3/teams/${teamId}/assigned-roles`, role)
  return { cpId, userId, accountId, teamId, tokenId, roleId }
}

/** Fills a manager, starts it again with or without the predicate, and says what it let out to whom. */
async function leaksOf(store: string | undefined, withoutPredicate: boolean): Promise<readonly string[]> {
  const leaks: string[] = []
  const lines: string[] = []
  const manager = new ManagerLab(undefined, { log: keeping(lines), ...(store !== undefined && { store }) })
  lab = manager
  await manager.start()
  const ids = { acme: await fill(manager, 'acme'), other: await fill(manager, 'other') }
  await manager.stopManager()
  forgetful = withoutPredicate
  await manager.startManager()
  leaks.push(...(await relayed(manager, ids)))
  for (const organization of ORGANIZATIONS) {
    const foreign = canaryOf(otherOf(organization))
    for (const asked of [ids[organization], ids[otherOf(organization)]]) {
      // What is there is looked at before it is taken away.
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].slice(0, asked === ids[organization] ? 1 : 5)) {
        for (const route of MANAGER_ROUTES.filter((candidate) => candidate.method === method)) {
          if (asked === ids[organization] || /\{/.test(route.path)) {
            const path = route.path.replaceAll(/\{(\w+)\}/g, (_, parameter) => asked[parameter] ?? 'unknown')
            const body = method === 'GET' || method === 'DELETE' ? {} : { body: BODY }
            const answer = await manager.call(method, path, { token: manager.adminToken(organization), ...body })
            if (textOf(answer).includes(foreign)) leaks.push(`${method} ${route.path}`)
          }
        }
      }
    }
  }
  leaks.push(...(await written(manager)))
  for (const organization of ORGANIZATIONS) {
    if (lines.some((line) => line.includes(canaryOf(organization)))) leaks.push(`a log line, of ${organization}`)
  }
  if (!withoutPredicate || store !== undefined) await expectAllThere(manager, ids)
  return leaks
}

const textOf = ({ body, headers }: Answer) => JSON.stringify([body, ...headers])

/** Calls of a control plane's own API that came to its global though they were another organisation's. */
async function relayed(manager: ManagerLab, ids: Readonly<Record<Name, Ids>>): Promise<readonly string[]> {
  const leaks: string[] = []
  for (const organization of ORGANIZATIONS) {
    const path = `/v1/mesh/control-planes/${ids[otherOf(organization)].cpId}/api/meshes/default`
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
      if (own.includes(canaryOf(otherOf(name)))) leaks.push(`the ${where}, for ${name}`)
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
async function expectAllThere(manager: ManagerLab, ids: Readonly<Record<Name, Ids>>): Promise<void> {
  await manager.stopManager()
  forgetful = false
  await manager.startManager()
  for (const organization of ORGANIZATIONS) {
    const { cpId, userId, accountId, teamId, tokenId } = ids[organization]
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
      'the feed, for other',
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
