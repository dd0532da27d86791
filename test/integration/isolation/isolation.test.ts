import Database from 'better-sqlite3'
import pg from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import { ROUTE_TABLE } from '../../../src/api/route-table.js'
import type { ProcessPorts } from '../../../src/global/compose.js'
import type { TenantId } from '../../../src/model/tenant.js'
import { openPostgresStore } from '../../../src/store/postgres/pg-store.js'
import { openSqliteStore } from '../../../src/store/sql/sql-store.js'
import { describePostgres } from '../../support/postgres.js'
import {
  ControlPlanes,
  dataplane,
  eventually,
  type RunningZone,
  timeout,
  whenNamed,
  whenOnline,
} from '../kds/control-planes.js'
import { canaryOf, fill, foreignIn, LeakLab, type Tap, TENANTS } from './leak-lab.js'
import { Sidecar } from './sidecar.js'

/**
 * Fifty tenants, each with its canary in every field of every type. Whatever comes out of the global is searched for the
 * canary of somebody else: answers of every list on every mount, bytes on the streams of zones, inspections, logs, metrics,
 * errors, insights, hops. The manager's own APIs and its audit: `manager-isolation.test.ts`.
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

/** Every reading operation, about what bears the canary and about what there is in the default mesh. */
const pathsOf = (name: string) =>
  ROUTE_TABLE.filter(({ method }) => method === 'GET').flatMap(({ path }) => {
    const asked = path.replaceAll(/\{(\w+)\}/g, (_, parameter) => VALUES[parameter] ?? name)
    return path.includes('{mesh}') ? [asked.replace('{mesh}', 'default'), asked.replace('{mesh}', name)] : [asked]
  })
const VALUES: Readonly<Record<string, string>> = { mesh: '{mesh}', type: 'xds', serviceType: 'meshservices' }
/** All paths and a zone each for these; the others' lists are asked for at a few. */
const SEARCHED = TENANTS.slice(0, 2)
const FEW_PATHS = ['/meshes', '/meshes/default/meshtimeouts']
/** Of the same name in every tenant that has a zone. */
const PROXY = 'proxy'

let lab: LeakLab | undefined
let planes: ControlPlanes | undefined
let sidecars: Sidecar[] = []
afterEach(async () => {
  await Promise.all(sidecars.map((sidecar) => sidecar.stop()))
  await planes?.close()
  await lab?.stop()
  sidecars = []
  planes = undefined
  lab = undefined
  forgetful = false
})

type OpenStore = NonNullable<ProcessPorts['openStore']>
type Search = (where: string, text: string, tenant: TenantId | undefined) => void

/** Drives a global over that store and says what it let out to whom. `holds`: whether tenants are expected to be apart. */
async function leaksOf(openStore: OpenStore, holds: boolean): Promise<readonly string[]> {
  const leaks: string[] = []
  const search: Search = (where, text, tenant) => {
    for (const other of foreignIn(text, tenant)) leaks.push(`${where}, for ${tenant ?? 'nobody'}: of ${other}`)
  }
  lab = new LeakLab(openStore)
  const global = lab
  await global.start()
  const hops = await global.hops()
  if (holds) {
    for (const tenant of SEARCHED) {
      const own = await global.text(tenant, '/meshes/default/meshtimeouts')
      expect(own, 'the search finds what is there').toContain(canaryOf(tenant))
    }
  }
  await streams(global, search, holds)
  for (const tenant of TENANTS) {
    const paths = SEARCHED.includes(tenant) ? pathsOf(canaryOf(tenant)) : FEW_PATHS
    for (const path of paths) search(`GET ${path}`, await global.text(tenant, path), tenant)
  }
  // The bare mount is the default control plane's, which has no canary.
  for (const path of pathsOf('nothing')) search(`bare GET ${path}`, await global.text(undefined, path), undefined)
  await errors(global, search)
  for (const other of await global.foreignReached()) leaks.push(other)
  search('metrics', await global.diagnostics('/metrics'), undefined)
  const { zones } = JSON.parse(await global.diagnostics('/status')) as { zones: { tenant: TenantId }[] }
  for (const row of zones) search('a row of the status', JSON.stringify(row), row.tenant)
  for (const hop of hops()) search('a hop', JSON.stringify(hop), hop.tenant)
  for (const { text, tenant } of global.lines) search('a log line', text, tenant)
  return leaks
}

/** A zone of each tenant, all of the same name: what they are sent, hold and send, and inspections by way of them. */
async function streams(global: LeakLab, search: Search, holds: boolean): Promise<void> {
  planes ??= new ControlPlanes()
  const zones: { readonly tenant: TenantId; readonly tap: Tap; readonly zone: RunningZone }[] = []
  for (const tenant of SEARCHED) {
    const tap = await global.tap()
    zones.push({ tenant, tap, zone: await planes.zone('zone-1', tap.address, { cpId: tenant }) })
  }
  for (const { tenant, tap, zone } of zones) {
    if (holds) await connectSidecar(global, tenant, zone)
    else
      await eventually('the zone has been sent something', async () => (tap.text.includes('canary') ? true : undefined))
  }
  if (holds) for (const tenant of SEARCHED) await inspections(global, tenant, search)
  for (const [index, sidecar] of sidecars.entries()) {
    // In the resource's name, and in its bytes.
    const isRead = () => sidecar.heard.split('self_inbound').length > 2
    await eventually('the sidecar was sent clusters', async () => isRead() || undefined)
    search('what a sidecar is sent', sidecar.heard, zones[index]?.tenant)
  }
  for (const { tenant, tap, zone } of zones) {
    for (const path of ['/meshes', '/meshes/default/meshtimeouts', '/meshes/default/secrets']) {
      search(`the zone's GET ${path}`, JSON.stringify((await zone.api.get(path)).body), tenant)
    }
    search('the bytes of the streams', tap.text, tenant)
    await zone.process.stop()
  }
}

async function connectSidecar(global: LeakLab, tenant: TenantId, zone: RunningZone): Promise<void> {
  await whenOnline(global.api(tenant), 'zone-1')
  await whenNamed(zone.api, '/meshes', canaryOf(tenant))
  await zone.api.put(`/meshes/default/dataplanes/${PROXY}`, dataplane(PROXY, canaryOf(tenant)))
  await whenNamed(global.api(tenant), '/meshes/default/dataplanes', PROXY)
  sidecars.push(await Sidecar.start(zone.endpoints.xds, PROXY, canaryOf(tenant)))
}

/** What a sidecar says of itself goes up the three admin streams of its zone, of which each tenant has one. */
async function inspections(global: LeakLab, tenant: TenantId, search: Search): Promise<void> {
  const { body } = await global.api(tenant).get('/meshes/default/dataplanes')
  const items = body.items as unknown as readonly { readonly name: string }[]
  const name = items.find((item) => item.name.startsWith(PROXY))?.name
  for (const what of ['xds', 'stats', 'clusters']) {
    const path = `/meshes/default/dataplanes/${name}/${what}`
    const said = await eventually(`${tenant}'s sidecar says its ${what}`, async () => {
      const text = await global.text(tenant, path)
      search(`an inspection of ${what}`, text, tenant)
      return text.includes('"asked"') ? text : undefined
    })
    expect(said, 'the search finds what is there').toContain(canaryOf(tenant))
  }
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
  const open: OpenStore = async (_where, options) => {
    const store = await openSqliteStore({ ...options, path: ':memory:', threading: 'in-thread' })
    await fill(store)
    return store
  }

  test('nothing of another tenant comes out', { timeout: 120_000 }, async () => {
    expect(await leaksOf(open, true)).toEqual([])
  })

  test('without the predicate it does, and the suite sees it', { timeout: 120_000 }, async () => {
    forgetful = true
    const leaks = await leaksOf(open, false)
    for (const where of ['GET /meshes', 'bare GET /meshes', 'the bytes of the streams', 'reached']) {
      expect(leaks.filter((leak) => leak.startsWith(where)).length, where).toBeGreaterThan(0)
    }
  })
})

describePostgres('isolation over Postgres', (subject) => {
  const open: OpenStore = async (_where, options) => {
    const { appUrl } = await subject.database()
    const store = await openPostgresStore({ ...options, url: appUrl })
    await fill(store)
    return store
  }

  test('nothing of another tenant comes out', { timeout: 120_000 }, async () => {
    expect(await leaksOf(open, true)).toEqual([])
  })

  test('nor without the predicate: row level security holds alone', { timeout: 120_000 }, async () => {
    forgetful = true
    expect(await leaksOf(open, true)).toEqual([])
  })
})
