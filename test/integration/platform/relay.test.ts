import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, ManagerLab } from './manager-lab.js'

let lab: ManagerLab
let id: string
let api: string

beforeAll(async () => {
  lab = await new ManagerLab().start()
  id = await lab.newControlPlane('shop')
  api = `/v1/mesh/control-planes/${id}/api`
})
afterAll(() => lab.stop())

const last = () => lab.global().seen.at(-1)

describe("a tenant's API by way of the manager", () => {
  test('gets what was sent, from whom it was sent, and nothing that the sender may not say', async () => {
    const headers = {
      'x-zonelab-user': 'mesh-system%3Aadmin',
      'x-zonelab-groups': 'mesh-system%3Aadmin',
      'x-forwarded-for': '127.0.0.1',
      'x-mine': 'kept',
    }
    const answer = await lab.call('PUT', `${api}/meshes/default?x=1`, { body: { type: 'Mesh' }, headers })
    expect(answer).toMatchObject({ status: 200, body: { asked: '/meshes/default?x=1' } })
    expect(last()).toMatchObject({
      method: 'PUT',
      body: '{"type":"Mesh"}',
      headers: {
        'x-zonelab-user': 'admin%40acme.example',
        'x-zonelab-groups': 'mesh-system%3Aadmin',
        'x-mine': 'kept',
        'content-type': 'application/json',
        host: new URL(lab.url()).host,
      },
    })
    expect(last()?.headers['x-forwarded-for']).toBeUndefined()
  })

  test('is to read for viewers, and no admin there', async () => {
    const viewer = await lab.newAccount('viewer', { role: 'Viewer', on: id })
    expect((await lab.call('GET', `${api}/meshes`, { token: viewer.token })).status).toBe(200)
    expect(last()?.headers).toMatchObject({ 'x-zonelab-user': 'viewer', 'x-zonelab-groups': '' })
    expect(await lab.call('PUT', `${api}/meshes/x`, { token: viewer.token, body: {} })).toMatchObject({
      status: 403,
      type: 'application/problem+json',
      body: { title: 'Forbidden', detail: 'Permission denied' },
    })
    expect((await lab.call('POST', `${api}/tokens/zone`, { token: viewer.token, body: {} })).status).toBe(403)
  })

  test('is closed to those who may only connect zones or make control planes', async () => {
    for (const role of ['Connector', 'Creator']) {
      const { token } = await lab.newAccount(role, { role, on: id })
      expect((await lab.call('GET', `${api}/meshes`, { token })).status).toBe(403)
    }
  })

  test('is not there for others, and looks as one that there is not', async () => {
    const stranger = lab.adminToken('other')
    const unknown = api.replace(id, '11111111-2222-4333-8444-555555555555')
    const [theirs, nobodys] = [
      await lab.call('GET', `${api}/meshes`, { token: stranger }),
      await lab.call('GET', `${unknown}/meshes`, { token: stranger }),
    ]
    const seen = ({ status, type, body }: typeof theirs) => ({ status, type, body: { ...body, instance: '' } })
    expect(seen(theirs)).toEqual(seen(nobodys))
    expect(theirs.status).toBe(404)
    expect((await lab.call('GET', `${api}/meshes`, { token: null })).status).toBe(401)
  })

  test('does not lead to where tenants are handed over, nor to another control plane', async () => {
    const other = await lab.newControlPlane('bank')
    const before = lab.global().seen.length
    for (const path of [
      `${api}/tenants`,
      `${api}/tenants/`,
      `${api}/%74enants`,
      `${api}//tenants`,
      `${api}/../../${other}/api/meshes`,
      `${api}/%2e%2e/%2e%2e/${other}/api/meshes`,
      `${api}/..%2f..%2f${other}/api/meshes`,
      `${api}/x/../tenants`,
    ]) {
      expect([path, await raw(path)]).toEqual([path, 404])
    }
    expect(lab.global().seen.length).toBe(before)
    expect(lab.global().tenants.has(id)).toBe(true)
  })

  test('says 503 while its global is away', async () => {
    await lab.global().stop()
    const answer = await lab.call('GET', `${api}/meshes`)
    expect(answer).toMatchObject({ status: 503, body: { title: 'Service Unavailable' } })
    expect(answer.body.detail).not.toContain('127.0.0.1')
    await lab.global().start()
    expect((await lab.call('GET', `${api}/meshes`)).status).toBe(200)
  })
})

test('issued tokens and secrets that were read are in the audit, and no token is', async () => {
  await lab.call('POST', `${api}/tokens/zone`, { body: { zone: 'z' } })
  await lab.call('GET', `${api}/meshes/default/secrets/key`)
  await lab.call('PUT', `${api}/global-secrets/zone-token-revocations`, { body: {} })
  await lab.call('PUT', `${api}/global-secrets/zone-token-signing-key-2`, { body: {} })
  const entries = await lab.audit(id)
  expect(entries.slice(-4).map(({ action, object }) => `${action}: ${object}`)).toEqual([
    'issue: zone token',
    'secret read: secret key',
    'revoke: secret zone-token-revocations',
    'rotate: secret zone-token-signing-key-2',
  ])
  expect(entries.at(-1)).toMatchObject({
    actor: { kind: 'user', name: 'admin@acme.example' },
    source: '127.0.0.1',
    result: 'done',
  })
  expect(JSON.stringify(entries)).not.toMatch(/[sk]pat_/)
})

test("the operator's view and the feed are for their own tokens alone", async () => {
  for (const token of [lab.adminToken(), 'x', null]) {
    expect((await call(`${lab.operatorUrl}/audit`, 'GET', { token })).status).toBe(401)
    expect((await call(`${lab.url()}/internal/shards/us-1/feed`, 'GET', { token })).status).toBe(401)
    expect((await call(`${lab.url()}/internal/shards/us-1/events`, 'POST', { token, body: {} })).status).toBe(401)
  }
})

/** The path as it is: fetch would resolve its dots. */
function raw(path: string): Promise<number | undefined> {
  const { hostname, port } = new URL(lab.url())
  const headers = { authorization: `Bearer ${lab.adminToken()}` }
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method: 'DELETE', headers }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    sent.on('error', reject)
    sent.end()
  })
}
