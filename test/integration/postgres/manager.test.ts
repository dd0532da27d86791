import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { describePostgres, type TestDatabase } from '../../support/postgres.js'
import { PostgresProxy } from '../../support/postgres-proxy.js'
import { ManagerLab } from '../platform/manager-lab.js'

/** Real servers on a machine that may be full. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const PATH = '/v1/mesh/control-planes'
const WITHIN = { timeout: 60_000, interval: 100 }

describePostgres('a manager over Postgres', (subject) => {
  let database: TestDatabase
  let proxy: PostgresProxy
  let lab: ManagerLab
  beforeAll(async () => {
    database = await subject.database()
  })
  beforeEach(async () => {
    await subject.emptyRecords(database)
    proxy = new PostgresProxy(database.appUrl)
    lab = await new ManagerLab(undefined, { store: await proxy.listen() }).start()
  })
  afterEach(async () => {
    proxy.refusing = false
    await lab.stop()
    await proxy.close()
  })

  const away = () => {
    proxy.refusing = true
    proxy.cut()
  }
  const listed = async () => {
    const { status, body } = await lab.call('GET', PATH)
    return status === 200 ? body.data.map(({ name }: { name: string }) => name) : status
  }

  test('keeps what it was told, over a restart', async () => {
    const shop = await lab.newControlPlane('shop')
    const { body } = await lab.call('POST', `${PATH}/${shop}/api/provision-zone`, { body: { name: 'zone-1' } })
    const admin = lab.adminToken()
    await lab.stopManager()
    await lab.startManager()
    expect(lab.adminToken()).toBe(admin)
    expect(await listed()).toEqual(['shop'])
    expect((await lab.call('GET', '/v3/system-accounts', { token: body.token })).status).toBe(403)
    expect((await lab.audit(shop)).map(({ action }) => action)).toEqual(['create', 'provision'])
  })

  test('answers 503 while the database is away, and goes on without a restart', async () => {
    const shop = await lab.newControlPlane('shop')
    away()
    for (const [method, path] of [
      ['GET', PATH],
      ['POST', PATH],
      ['GET', `${PATH}/${shop}/api/meshes`],
      ['POST', `${PATH}/${shop}/api/provision-zone`],
      ['GET', '/v3/users/me'],
    ] as const) {
      const { status, type, headers, body } = await lab.call(method, path, method === 'POST' ? { body: {} } : {})
      const shown = [path, status, type, headers.get('retry-after'), body.title, body.detail]
      const words = ['Service Unavailable', expect.stringMatching(/^The database is away; look whether/)]
      expect(shown).toEqual([path, 503, 'application/problem+json', '2', ...words])
    }
    proxy.refusing = false
    expect(await listed()).toEqual(['shop'])
    expect((await lab.call('POST', PATH, { body: { name: 'bank' } })).status).toBe(201)
  })

  test('a control plane whose second half could not be written down is removed once the database is back', async () => {
    lab.global().onHandOver = (id) => {
      lab.global().tenants.set(id, { zones: new Set(), online: new Set() })
      away()
    }
    expect((await lab.call('POST', PATH, { body: { name: 'shop' } })).status).toBe(503)
    expect(lab.global().tenants.size).toBe(1)
    proxy.refusing = false
    await expect.poll(() => lab.global().tenants.size, WITHIN).toBe(0)
    await expect.poll(() => lab.overview(), WITHIN).toEqual([])
    lab.global().onHandOver = () => {}
    expect((await lab.call('POST', PATH, { body: { name: 'shop' } })).status).toBe(201)
  })

  test('a token whose commit was cut off is either there and was answered, or is not there', async () => {
    const account = await lab.newAccount('robot')
    const path = `/v3/system-accounts/${account.id}/access-tokens`
    const expires_at = new Date(lab.clock.nowMs() + 3_600_000).toISOString()
    const names = async () => (await lab.call('GET', path)).body.data.map(({ name }: { name: string }) => name)
    const issue = (name: string) => lab.call('POST', path, { body: { name, expires_at } })
    proxy.commit = 'is lost on the way back'
    const back = issue('back')
    await expect.poll(() => proxy.lost, WITHIN).toBe(1)
    proxy.commit = 'passes'
    expect((await back).status).toBe(201)
    proxy.commit = 'is lost on the way there'
    const there = issue('there')
    await expect.poll(() => proxy.lost, WITHIN).toBe(2)
    proxy.commit = 'passes'
    expect((await there).status).toBe(503)
    expect(await names()).toEqual(['t', 'back'])
  })
})
