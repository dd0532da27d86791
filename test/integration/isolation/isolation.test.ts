import Database from 'better-sqlite3'
import pg from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import type { ProcessPorts } from '../../../src/global/compose.js'
import { descriptorOf, RESOURCE_TYPES } from '../../../src/model/registry.js'
import type { TenantId } from '../../../src/model/tenant.js'
import { openPostgresStore } from '../../../src/store/postgres/pg-store.js'
import { openSqliteStore } from '../../../src/store/sql/sql-store.js'
import { describePostgres } from '../../support/postgres.js'
import { ControlPlanes, dataplane, eventually, timeout, whenNamed, whenOnline } from '../kds/control-planes.js'
import { canaryOf, fill, foreignIn, LeakLab, TENANTS } from './leak-lab.js'

/**
 * Fifty tenants, each with its canary in every field of every type. Whatever comes out of the global is searched for the
 * canary of somebody else: answers, bytes on the streams of zones, logs, metrics, errors, insights.
 */

/** Whether the application's own predicate (`… WHERE tenant = …`) is taken out of every statement. */
let forgetful = false

const pgQuery = pg.Client.prototype.query as (this: pg.Client, ...args: unknown[]) => unknown
pg.Client.prototype.query = function forgetting(this: pg.Client, ...args: unknown[]) {
  const [text, ...rest] = args
  if (!forgetful || typeof text !== 'string') return pgQuery.apply(this, args)
  return pgQuery.call(this, text.replaceAll(/(?:\w+\.)?tenant_id = \$1/g, '$1::text IS NOT NULL'), ...rest)
} as typeof pg.Client.prototype.query

const sqlitePrepare = Database.prototype.prepare
Database.prototype.prepare = function forgetting(this: Database.Database, source: string) {
  const text = forgetful ? source.replaceAll(/(?<=FROM resource WHERE )tenant = \?/g, '? IS NOT NULL') : source
  return sqlitePrepare.call(this, text)
} as typeof Database.prototype.prepare

const LIST_PATHS = RESOURCE_TYPES.flatMap((type) => {
  const { paths, scope } = descriptorOf(type)
  return paths
    .slice(0, 1)
    .flatMap((path) => (scope === 'global' ? [`/${path}`] : [`/${path}`, `/meshes/default/${path}`]))
})
const OTHER_PATHS = [
  '/',
  '/config',
  '/policies',
  '/global-insight',
  '/who-am-i',
  '/zones/_overview',
  '/meshes/default/dataplanes/_overview',
  '/_resources',
]
/** All paths for these; the others' lists are asked for at a few. */
const SEARCHED = TENANTS.slice(0, 4)
const FEW_PATHS = ['/meshes', '/meshes/default/meshtimeouts']

let lab: LeakLab | undefined
let planes: ControlPlanes | undefined
afterEach(async () => {
  await planes?.close()
  await lab?.stop()
  planes = undefined
  lab = undefined
  forgetful = false
})

/** Drives a global over that store and says what it let out to whom. */
async function leaksOf(openStore: NonNullable<ProcessPorts['openStore']>): Promise<readonly string[]> {
  const leaks: string[] = []
  const search = (where: string, text: string, tenant: TenantId | undefined) => {
    for (const other of foreignIn(text, tenant)) leaks.push(`${where}, for ${tenant ?? 'nobody'}: of ${other}`)
  }
  lab = new LeakLab(openStore)
  const global = lab
  await global.start()
  const own = await global.text(TENANTS[0] as TenantId, '/meshes/default/meshtimeouts')
  if (!forgetful) expect(own, 'the search finds what is there').toContain(canaryOf(TENANTS[0] as TenantId))
  for (const tenant of TENANTS) {
    const paths = SEARCHED.includes(tenant) ? [...LIST_PATHS, ...OTHER_PATHS] : FEW_PATHS
    for (const path of paths) search(`GET ${path}`, await global.text(tenant, path), tenant)
  }
  for (const tenant of SEARCHED.slice(0, 2)) await streams(global, tenant, search)
  await errors(global, search)
  search('metrics', await global.diagnostics('/metrics'), undefined)
  for (const { text, tenant } of global.lines) search('a log line', text, tenant)
  return leaks
}

type Search = (where: string, text: string, tenant: TenantId | undefined) => void

/** A zone of the tenant, of the same name in each: what it is sent, holds and sends, and an inspection by way of it. */
async function streams(global: LeakLab, tenant: TenantId, search: Search): Promise<void> {
  planes ??= new ControlPlanes()
  const tap = await global.tap()
  const zone = await planes.zone('zone-1', tap.address, { cpId: tenant })
  const api = global.api(tenant)
  if (!forgetful) {
    await whenOnline(api, 'zone-1')
    await whenNamed(zone.api, '/meshes', canaryOf(tenant))
    const name = `up-${canaryOf(tenant)}`
    await zone.api.put(`/meshes/default/dataplanes/${name}`, dataplane(name, canaryOf(tenant)))
    await whenNamed(api, '/meshes/default/dataplanes', name)
    const dataplanes = await global.text(tenant, '/meshes/default/dataplanes')
    const stored = (JSON.parse(dataplanes) as { items: { name: string }[] }).items.find((item) =>
      item.name.startsWith(name),
    )
    search('an inspection', await global.text(tenant, `/meshes/default/dataplanes/${stored?.name}/stats`), tenant)
  } else {
    await eventually('the zone has been sent something', async () =>
      tap.text.includes('canary') ? true : undefined,
    ).catch(() => {})
  }
  for (const path of ['/meshes', '/meshes/default/meshtimeouts', '/meshes/default/secrets']) {
    search(`the zone's GET ${path}`, JSON.stringify((await zone.api.get(path)).body), tenant)
  }
  search('the bytes of the streams', tap.text, tenant)
  await zone.process.stop()
}

/** What refusals say. */
async function errors(global: LeakLab, search: Search): Promise<void> {
  const [tenant] = TENANTS as readonly [TenantId]
  const headers = { 'content-type': 'application/json' }
  const body = (value: object) => ({ method: 'PUT', headers, body: JSON.stringify(value) })
  const path = '/meshes/default/meshtimeouts/refused'
  search('a missing resource', await global.text(tenant, path), tenant)
  search('a conflict', await global.text(tenant, path, body({ ...timeout('other'), mesh: 'other' })), tenant)
  search(
    'an invalid resource',
    await global.text(tenant, path, body({ type: 'MeshTimeout', mesh: 'default', name: 'refused', spec: { to: 1 } })),
    tenant,
  )
  search('a mesh that is in use', await global.text(tenant, '/meshes/default', { method: 'DELETE' }), tenant)
}

describe('isolation over SQLite', () => {
  const open: NonNullable<ProcessPorts['openStore']> = async (_where, options) => {
    const store = await openSqliteStore({ ...options, path: ':memory:', threading: 'in-thread' })
    await fill(store)
    return store
  }

  test('nothing of another tenant comes out', { timeout: 120_000 }, async () => {
    expect(await leaksOf(open)).toEqual([])
  })

  test('without the predicate it does, and the suite sees it', { timeout: 120_000 }, async () => {
    forgetful = true
    const leaks = await leaksOf(open)
    for (const where of ['GET /meshes', 'the bytes of the streams']) {
      expect(leaks.filter((leak) => leak.startsWith(where)).length, where).toBeGreaterThan(0)
    }
  })
})

describePostgres('isolation over Postgres', (subject) => {
  const open: NonNullable<ProcessPorts['openStore']> = async (_where, options) => {
    const { appUrl } = await subject.database()
    const store = await openPostgresStore({ ...options, url: appUrl })
    await fill(store)
    return store
  }

  test('nothing of another tenant comes out', { timeout: 120_000 }, async () => {
    expect(await leaksOf(open)).toEqual([])
  })

  test('nor without the predicate: row level security holds alone', { timeout: 120_000 }, async () => {
    forgetful = true
    expect(await leaksOf(open)).toEqual([])
  })
})
