import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { JsonObject } from '../../../src/model/json.js'
import { describePostgres } from '../../support/postgres.js'
import {
  type Api,
  ControlPlanes,
  dataplane,
  eventually,
  MESH_TIMEOUTS,
  timeout,
  whenNamed,
  whenOnline,
} from '../kds/control-planes.js'

/** Real servers on a machine that may be full. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

describePostgres('a zone of two instances over one database', (subject) => {
  let planes: ControlPlanes
  beforeEach(() => {
    planes = new ControlPlanes()
  })
  afterEach(() => planes.close())

  const open = async (api: Api) => {
    const { body } = await api.get('/zones/west/_overview')
    const { subscriptions = [] } = (body.zoneInsight ?? {}) as { subscriptions?: readonly JsonObject[] }
    return subscriptions.filter(({ disconnectTime }) => disconnectTime === undefined)
  }

  test('one is connected; when it goes the other is, and both have what the global sends', async () => {
    const { appUrl: store } = await subject.database()
    const global = await planes.global()
    const zones = [
      await planes.zone('west', global.address, { store }),
      await planes.zone('west', global.address, { store }),
    ]
    await whenOnline(global.api, 'west')
    await global.api.put(`${MESH_TIMEOUTS}/first`, timeout('first'))
    for (const { api } of zones) await whenNamed(api, MESH_TIMEOUTS, 'first')
    const [subscription] = await open(global.api)
    expect(await open(global.api)).toHaveLength(1)
    const ids = await Promise.all(zones.map(async ({ api }) => (await api.get('/')).body.instanceId))
    const leader = zones[ids.indexOf(subscription?.zoneInstanceId ?? '')]
    const follower = zones.find((zone) => zone !== leader)
    // What a zone makes, its leader makes.
    await follower?.api.put('/meshes/default/dataplanes/dp-1', dataplane('dp-1', 'one'))
    await whenNamed(leader?.api as Api, '/meshes/default/meshservices', 'one')
    await leader?.process.stop()
    await eventually('the other is connected', async () => {
      const [now, second] = await open(global.api)
      return now && !second && now.id !== subscription?.id ? true : undefined
    })
    await global.api.put(`${MESH_TIMEOUTS}/second`, timeout('second'))
    await whenNamed(follower?.api as Api, MESH_TIMEOUTS, 'second')
    await follower?.api.put('/meshes/default/dataplanes/dp-2', dataplane('dp-2', 'two'))
    await whenNamed(follower?.api as Api, '/meshes/default/meshservices', 'two')
  })
})
