import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { systemRandom } from '../../../src/base/random.js'
import type { JsonObject } from '../../../src/model/json.js'
import { parseTenantId } from '../../../src/model/tenant.js'
import { openPostgresStore } from '../../../src/store/postgres/pg-store.js'
import { describePostgres, type TestDatabase } from '../../support/postgres.js'
import { draft, put } from '../../support/resource-builder.js'
import {
  Api,
  ControlPlanes,
  dataplane,
  eventually,
  MESH_TIMEOUTS,
  type RunningGlobal,
  timeout,
  whenNamed,
  whenOnline,
} from '../kds/control-planes.js'

/** Real servers on a machine that may be full. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const TOKEN = 'of-the-shard'
const CP = '7d4c0a52-4ad5-4b9e-8f0b-1f1f6f0a9d10'
const BASE = `/v1/mesh/control-planes/${CP}/api`

describePostgres('control planes that come and go while several instances run', (subject) => {
  let database: TestDatabase
  let planes: ControlPlanes
  let one: RunningGlobal
  let two: RunningGlobal

  beforeEach(async () => {
    database = await subject.database()
    planes = new ControlPlanes()
    const settings = {
      store: database.appUrl,
      tenants: true,
      platformTokenFile: planes.file('shard', TOKEN),
    }
    ;[one, two] = await Promise.all([planes.global(settings), planes.global(settings)])
  })
  afterEach(() => planes.close())

  const handoff = async (method: string, { endpoints }: RunningGlobal) => {
    const answer = await fetch(`http://127.0.0.1:${endpoints.apiHttp}${BASE}/tenants`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}` },
      ...(method === 'POST' && {
        body: JSON.stringify({ features: [{ type: 'MeshCreation', meshCreation: { enabled: true } }] }),
      }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text.startsWith('{') ? (JSON.parse(text) as JsonObject) : {} }
  }
  const apiOf = ({ endpoints }: RunningGlobal) => new Api(endpoints.apiHttp, BASE)
  const rows = async () => {
    const counts = ['resource', 'change_log', 'tenant'].map(
      (table) => `(SELECT count(*)::int FROM zonelab.${table} WHERE tenant_id = '${CP}')`,
    )
    const sum = [...counts, `(SELECT count(*)::int FROM zonelab.control_plane WHERE id = '${CP}')`].join(' + ')
    return (await subject.run(`SELECT ${sum} AS all`, database.superUrl))[0]?.all as number
  }

  test('one that is handed over to one instance is served by the other, and its zones are counted wherever they are', async () => {
    expect((await handoff('POST', one)).status).toBe(201)
    // It comes with its first dial or a later one.
    const zone = await planes.zone('west', two.address, { cpId: CP })
    for (const global of [one, two]) await whenOnline(apiOf(global), 'west')
    await apiOf(one).put(`${MESH_TIMEOUTS}/quick`, timeout('quick'))
    await whenNamed(zone.api, MESH_TIMEOUTS, 'quick')
    for (const global of [one, two]) {
      expect((await handoff('GET', global)).body).toMatchObject({ zones: 1, zonesOnline: ['west'] })
    }
    expect((await handoff('POST', two)).status).toBe(200)
  })

  test('one that is deleted at one instance ends its streams at the other, and nothing that they still send brings it back', async () => {
    await handoff('POST', one)
    const zone = await planes.zone('west', two.address, { cpId: CP })
    await whenOnline(apiOf(two), 'west')
    await whenNamed(zone.api, '/meshes', 'default')
    let sent = 0
    let deleted = false
    const sending = (async () => {
      while (!deleted) {
        sent += 1
        await zone.api.put(`/meshes/default/dataplanes/dp-${sent}`, dataplane(`dp-${sent}`))
      }
    })()
    await whenNamed(apiOf(one), '/meshes/default/dataplanes', 'dp-1')
    expect((await handoff('DELETE', one)).status).toBe(204)
    await eventually('the other serves it no more', async () =>
      (await apiOf(two).get('/meshes')).status === 404 ? true : undefined,
    )
    deleted = true
    await sending
    expect(await rows()).toBe(0)
    expect((await apiOf(one).get('/meshes')).status).toBe(404)
  })

  test('a write to what somebody else has deleted is refused, and makes nothing', async () => {
    const stores = await Promise.all(
      [1, 2].map(() => openPostgresStore({ url: database.appUrl, clock: systemClock, random: systemRandom })),
    )
    try {
      const [mine, theirs] = stores.map((store) => store.tenant(parseTenantId(CP)))
      await theirs?.commit([put(draft('Mesh', 'a'))])
      await mine?.commit([put(draft('Mesh', 'b'))])
      await stores[1]?.deleteTenant(parseTenantId(CP))
      await expect(mine?.commit([put(draft('Mesh', 'c'))])).rejects.toMatchObject({
        code: 'not-found',
        message: `control plane ${CP} was deleted`,
      })
      expect(await rows()).toBe(0)
      await stores[0]?.deleteTenant(parseTenantId(CP))
      await mine?.commit([put(draft('Mesh', 'd'))])
      expect((await theirs?.list('Mesh'))?.resources.map(({ name }) => name)).toEqual(['d'])
    } finally {
      for (const store of stores) await store.close()
    }
  })
})
