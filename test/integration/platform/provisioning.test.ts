import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { call, ManagerLab } from './manager-lab.js'

const PATH = '/v1/mesh/control-planes'
const ACCOUNTS = '/v3/system-accounts'

let lab: ManagerLab
let id: string
let count = 0

beforeAll(async () => {
  lab = await new ManagerLab().start()
})
afterAll(() => lab.stop())
beforeEach(async () => {
  count += 1
  id = await lab.newControlPlane(`team-${count}`)
})

const provision = (name: unknown, options = {}) =>
  lab.call('POST', `${PATH}/${id}/api/provision-zone`, { body: { name }, ...options })
const managedAccounts = async () => {
  const { body } = await lab.call('GET', `${ACCOUNTS}?filter[konnect_managed]=true&filter[name][contains]=${id}`)
  return body.data
}

describe('provision-zone', () => {
  test('makes a zone, a managed account that may connect it, and its token, which is shown once', async () => {
    const { status, type, body } = await provision('zone-1')
    expect({ status, type, keys: Object.keys(body) }).toEqual({
      status: 200,
      type: 'application/json',
      keys: ['token'],
    })
    expect(body.token).toMatch(/^spat_[0-9A-Za-z]{49}$/)
    expect(lab.global().tenants.get(id)?.zones).toEqual(new Set(['zone-1']))
    const [account] = await managedAccounts()
    expect(account).toMatchObject({ konnect_managed: true, description: `Zone zone-1 of team-${count}` })
    const roles = await lab.call('GET', `${ACCOUNTS}/${account.id}/assigned-roles`)
    expect(roles.body.data).toMatchObject([
      { role_name: 'Connector', entity_id: id, entity_type_name: 'Mesh Control Planes', entity_region: 'us' },
    ])
    const tokens = await lab.call('GET', `${ACCOUNTS}/${account.id}/access-tokens`)
    expect(JSON.stringify(tokens.body)).not.toContain(body.token.slice(5))
    const lifetimeMs = Date.parse(tokens.body.data[0].expires_at) - lab.clock.nowMs()
    expect(lifetimeMs).toBeLessThanOrEqual(365 * 86_400_000)
  })

  test('is there in both versions, and takes a token without a scheme', async () => {
    const bare = { token: null, headers: { authorization: lab.adminToken() } }
    expect((await provision('zone-1', bare)).status).toBe(200)
    const old = await lab.call('POST', `/v0/mesh/control-planes/${id}/api/provision-zone`, { body: { name: 'zone-2' } })
    expect(old.status).toBe(200)
    expect((await lab.call('GET', PATH, bare)).status).toBe(401)
  })

  test('refuses a zone that is there', async () => {
    await provision('zone-1')
    expect(await provision('zone-1')).toMatchObject({ status: 409, body: { type: '/std-errors', status: 409 } })
    expect(await managedAccounts()).toHaveLength(1)
  })

  test('of two that ask at once one gets the zone', async () => {
    const statuses = (await Promise.all([provision('zone-1'), provision('zone-1')])).map(({ status }) => status)
    expect(statuses.sort()).toEqual([200, 409])
    expect(await managedAccounts()).toHaveLength(1)
  })

  test.each(['', 'Zone', '-a', 'a-', '1a', 'a.b', 'a b', 'a'.repeat(64), '../x', 7, null, undefined])(
    'refuses the name %j',
    async (name) => {
      expect(await provision(name)).toMatchObject({
        status: 400,
        type: 'application/json',
        body: { type: '/std-errors', title: 'Invalid zone name', invalid_parameters: [{ field: 'name' }] },
      })
    },
  )

  test('needs a token that may connect zones of this control plane', async () => {
    const connector = await lab.newAccount(`connector-${count}`, { role: 'Connector', on: id, region: 'us' })
    const viewer = await lab.newAccount(`viewer-${count}`, { role: 'Viewer', on: id })
    const elsewhere = await lab.newAccount(`elsewhere-${count}`, { role: 'Connector', on: id, region: 'eu' })
    const nothing = await lab.newAccount(`nothing-${count}`)
    const status = async (token: string | null) =>
      (await provision(`zone-${Math.random()}`.slice(0, 5), { token })).status
    expect(await status(null)).toBe(401)
    expect(await status('spat_unknown')).toBe(401)
    expect(await status(viewer.token)).toBe(403)
    expect(await status(elsewhere.token)).toBe(403)
    expect(await status(nothing.token)).toBe(404)
    expect(await status(lab.adminToken('other'))).toBe(404)
    expect((await provision('zone-1', { token: connector.token })).status).toBe(200)
  })

  test('says 503 while the global is away, and leaves nothing', async () => {
    await lab.global().stop()
    const refused = await provision('zone-1')
    expect(refused).toMatchObject({ status: 503, type: 'application/problem+json' })
    expect(refused.headers.get('retry-after')).not.toBeNull()
    await lab.global().start()
    expect(await managedAccounts()).toEqual([])
  })
})

describe('account and token of a provisioned zone', () => {
  test('go with the zone when it is deleted by way of the manager', async () => {
    await provision('zone-1')
    await provision('zone-2')
    expect((await lab.call('DELETE', `${PATH}/${id}/api/zones/zone-1`)).status).toBe(200)
    expect((await managedAccounts()).map(({ name }: { name: string }) => name)).toEqual([`mesh-zone-${id}-zone-2`])
    expect((await provision('zone-1')).status).toBe(200)
  })

  test('go when the global tells that the zone was deleted there, unless it is there again', async () => {
    const { body: first } = await provision('zone-1')
    const tell = (event: object) =>
      call(`${lab.url()}/internal/shards/us-1/events`, 'POST', {
        token: lab.shardToken('us-1'),
        body: { events: [{ controlPlane: id, zone: 'zone-1', atMs: lab.clock.nowMs(), ...event }] },
      })
    expect((await tell({ kind: 'zone-deleted', id: 'e1' })).status).toBe(204)
    expect(await managedAccounts()).toHaveLength(1)
    lab.global().tenants.get(id)?.zones.delete('zone-1')
    expect((await tell({ kind: 'zone-deleted', id: 'e2' })).status).toBe(204)
    expect(await managedAccounts()).toEqual([])
    expect((await lab.call('GET', PATH, { token: first.token })).status).toBe(401)
  })

  test('go when the news was lost and the global comes back', async () => {
    await provision('zone-1')
    lab.global().tenants.get(id)?.zones.delete('zone-1')
    const feed = await fetch(`${lab.url()}/internal/shards/us-1/feed`, {
      headers: { authorization: `Bearer ${lab.shardToken('us-1')}` },
    })
    await expect.poll(managedAccounts).toEqual([])
    await feed.body?.cancel()
  })

  test('go also when the global reads its feed before it serves its API', async () => {
    await provision('zone-1')
    lab.global().tenants.get(id)?.zones.delete('zone-1')
    await lab.global().stop()
    const feed = await fetch(`${lab.url()}/internal/shards/us-1/feed`, {
      headers: { authorization: `Bearer ${lab.shardToken('us-1')}` },
    })
    expect(await managedAccounts()).toHaveLength(1)
    await lab.global().start()
    await expect.poll(managedAccounts, { timeout: 15_000 }).toEqual([])
    await feed.body?.cancel()
  })

  test('cannot be changed by hand', async () => {
    await provision('zone-1')
    const [account] = await managedAccounts()
    const path = `${ACCOUNTS}/${account.id}`
    const [role] = (await lab.call('GET', `${path}/assigned-roles`)).body.data
    const [token] = (await lab.call('GET', `${path}/access-tokens`)).body.data
    const body = { name: 'x', expires_at: new Date(lab.clock.nowMs() + 60_000).toISOString() }
    expect((await lab.call('PATCH', path, { body: { name: 'x' } })).status).toBe(403)
    expect((await lab.call('DELETE', path)).status).toBe(403)
    expect((await lab.call('POST', `${path}/access-tokens`, { body })).status).toBe(403)
    expect((await lab.call('DELETE', `${path}/access-tokens/${token.id}`)).status).toBe(403)
    expect((await lab.call('DELETE', `${path}/assigned-roles/${role.id}`)).status).toBe(403)
    expect((await lab.assign(path, { role: 'Admin' })).status).toBe(403)
  })

  test('go with the control plane', async () => {
    await provision('zone-1')
    expect((await lab.call('DELETE', `${PATH}/${id}`)).status).toBe(204)
    expect(await managedAccounts()).toEqual([])
  })
})
