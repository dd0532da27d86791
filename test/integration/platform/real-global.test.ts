import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { silentLogger } from '../../../src/base/log.js'
import { systemRandom } from '../../../src/base/random.js'
import { GlobalProcess } from '../../../src/global/compose.js'
import { readGlobalConfig } from '../../../src/global/config.js'
import { call, ManagerLab } from './manager-lab.js'

let lab: ManagerLab
let global: GlobalProcess
let url: string

beforeAll(async () => {
  lab = new ManagerLab()
  const { values } = readGlobalConfig({
    file: {
      ...{ apiHttpPort: 0, apiHttpsPort: 0, kdsPort: 0, diagnosticsPort: 0 },
      tenants: true,
      localhostIsAdmin: false,
      platformTokenFile: lab.tokenFile('us-1'),
      workDir: join(lab.folder, 'work'),
    },
    env: {},
  })
  global = new GlobalProcess(values, { clock: systemClock, random: systemRandom, log: silentLogger })
  const { apiHttp } = await global.start()
  url = `http://127.0.0.1:${apiHttp}`
  await lab.startManager({ 'us-1': url })
})
afterAll(async () => {
  await lab.stop()
  await global.stop()
})

const FEATURES = [
  { type: 'MeshCreation', meshCreation: { enabled: true } },
  { type: 'HostnameGeneratorCreation', hostnameGeneratorCreation: { enabled: true } },
]

test('a control plane begins with the defaults that its features ask for, and with none by default', async () => {
  const whole = await lab.newControlPlane('whole', { body: { name: 'whole', features: FEATURES } })
  const bare = await lab.newControlPlane('bare')
  const items = async (id: string, type: string) =>
    (await lab.call('GET', `/v1/mesh/control-planes/${id}/api/${type}`)).body.items.length
  expect(await items(whole, 'meshes')).toBe(1)
  expect(await items(whole, 'hostnamegenerators')).toBeGreaterThan(0)
  expect(await items(bare, 'meshes')).toBe(0)
  expect(await items(bare, 'hostnamegenerators')).toBe(0)
  const next = await lab.call('GET', `/v1/mesh/control-planes/${whole}/api/hostnamegenerators?size=1`)
  expect(next.body.next).toMatch(new RegExp(`^${lab.url()}/v1/mesh/control-planes/${whole}/api/hostnamegenerators`))
})

test("whom the manager names is who the tenant's API sees", async () => {
  const id = await lab.newControlPlane('who')
  const api = `/v1/mesh/control-planes/${id}/api`
  const viewer = await lab.newAccount('who-viewer', { role: 'Viewer', on: id })
  const seen = async (token: string) => (await lab.call('GET', `${api}/who-am-i`, { token })).body
  expect(await seen(lab.adminToken())).toEqual({
    name: 'admin@acme.example',
    groups: ['mesh-system:admin', 'mesh-system:authenticated'],
  })
  expect(await seen(viewer.token)).toEqual({ name: 'who-viewer', groups: ['mesh-system:authenticated'] })
  const secrets = await lab.call('GET', `${api}/global-secrets`, { token: viewer.token })
  expect(secrets).toMatchObject({ status: 403, type: 'application/json', body: { title: 'Access Denied' } })
  expect((await lab.call('POST', `${api}/tokens/zone`, { body: { zone: 'z', scope: ['cp'] } })).status).toBe(200)
})

test('nobody but the manager hands a tenant over, not even its own admin', async () => {
  const id = await lab.newControlPlane('mine')
  const path = `${url}/v1/mesh/control-planes/${id}/api/tenants`
  for (const token of [null, 'x', lab.adminToken()]) {
    expect((await call(path, 'DELETE', { token })).status).toBe(404)
  }
  const acting = { 'x-zonelab-user': 'somebody', 'x-zonelab-groups': '' }
  expect((await call(path, 'DELETE', { token: lab.shardToken('us-1'), headers: acting })).status).toBe(404)
  expect((await lab.call('GET', `/v1/mesh/control-planes/${id}/api/meshes`)).status).toBe(200)
})

test('without the token nobody is taken at his word', async () => {
  const id = await lab.newControlPlane('word')
  const headers = { 'x-zonelab-user': 'mesh-system%3Aadmin', 'x-zonelab-groups': 'mesh-system%3Aadmin' }
  const asked = await call(`${url}/v1/mesh/control-planes/${id}/api/who-am-i`, 'GET', { token: null, headers })
  expect(asked.body.name).toBe('mesh-system:anonymous')
})

test('a control plane that was deleted leaves nothing at its global, and says how it is doing until then', async () => {
  const id = await lab.newControlPlane('gone', { body: { name: 'gone', features: FEATURES } })
  const path = `/v1/mesh/control-planes/${id}`
  expect((await lab.call('POST', `${path}/api/provision-zone`, { body: { name: 'zone-1' } })).status).toBe(200)
  const [row] = (await lab.overview()).filter((one) => one.id === id)
  expect(row).toMatchObject({ name: 'gone', organization: 'acme', shard: 'us-1', zones: 1, zonesOnline: [] })
  expect(row?.revision).toBeGreaterThan(0)
  expect(row?.lastWriteMs).toBeGreaterThan(0)
  expect((await lab.call('DELETE', path)).status).toBe(204)
  const shard = { token: lab.shardToken('us-1') }
  expect((await call(`${url}${path}/api/tenants`, 'GET', shard)).status).toBe(404)
  expect((await call(`${url}${path}/api/tenants`, 'DELETE', shard)).status).toBe(204)
  expect((await lab.overview()).some((one) => one.id === id)).toBe(false)
})
