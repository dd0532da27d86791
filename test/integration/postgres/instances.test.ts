import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { describePostgres, type TestDatabase } from '../../support/postgres.js'
import {
  type Api,
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

describePostgres('several global instances over one database', (subject) => {
  let database: TestDatabase
  let planes: ControlPlanes
  let one: RunningGlobal
  let two: RunningGlobal

  beforeAll(async () => {
    database = await subject.database()
  })
  beforeEach(async () => {
    planes = new ControlPlanes()
    ;[one, two] = await Promise.all([
      planes.global({ store: database.appUrl }),
      planes.global({ store: database.appUrl }),
    ])
  })
  afterEach(() => planes.close())

  const leaders = () => subject.run('SELECT role, term::int, instance FROM zonelab.leader', database.superUrl)
  const termOf = async (role: string) => (await leaders()).find((row) => row.role === role)?.term as number | undefined

  test('what is written at one reaches the zones of the other, and what zones send up is seen at both', async () => {
    const [west, east] = await Promise.all([planes.zone('west', one.address), planes.zone('east', two.address)])
    for (const { api } of [one, two]) await Promise.all([whenOnline(api, 'west'), whenOnline(api, 'east')])
    await one.api.put(`${MESH_TIMEOUTS}/from-one`, timeout('from-one'))
    await two.api.put(`${MESH_TIMEOUTS}/from-two`, timeout('from-two'))
    for (const { api } of [west, east]) {
      await whenNamed(api, MESH_TIMEOUTS, 'from-one')
      await whenNamed(api, MESH_TIMEOUTS, 'from-two')
    }
    await west.api.put('/meshes/default/dataplanes/dp-1', dataplane('dp-1'))
    for (const { api } of [one, two]) await whenNamed(api, '/meshes/default/dataplanes', 'dp-1')
    await one.api.delete(`${MESH_TIMEOUTS}/from-two`)
    for (const { api } of [west, east, two]) await whenNamed(api, MESH_TIMEOUTS, 'from-two', false)
  })

  test('an inspection asked at one is answered by the other, which has the stream of the zone', async () => {
    const west = await planes.zone('west', one.address)
    await whenOnline(two.api, 'west')
    await west.api.put('/meshes/default/dataplanes/dp-2', dataplane('dp-2'))
    const name = await eventually('dp-2 is at both', async () => {
      const { body } = await two.api.get('/meshes/default/dataplanes')
      const items = (body.items ?? []) as readonly { name: string; labels?: Record<string, string> }[]
      return items.find(({ labels }) => labels?.['kuma.io/display-name'] === 'dp-2')?.name
    })
    const ask = (api: Api) => api.get(`/meshes/default/dataplanes/${name}/stats`)
    // No sidecar is connected: that is for the zone to say, and it does, whoever asks.
    const answer = await eventually('the instance with the stream has it', async () => {
      const { status, body } = await ask(one.api)
      return String(body.detail).includes('not connected yet') ? undefined : { status, body }
    })
    const far = await eventually('the insight says where the stream is', async () => {
      const { status, body } = await ask(two.api)
      return String(body.detail).includes('not connected yet') ? undefined : { status, body }
    })
    expect(far).toEqual(answer)
  })

  test('the newest stream of a zone wins, at whichever instance it is', async () => {
    const once = { backoffBaseMs: 60_000, backoffCapMs: 60_000 }
    await planes.zone('nomad', one.address, once)
    await whenOnline(one.api, 'nomad')
    const streams = async ({ endpoints }: RunningGlobal) => {
      const text = await (await fetch(`http://127.0.0.1:${endpoints.diagnostics}/metrics`)).text()
      return Number(/^kds_delta_streams_active\{[^}]*\} (\d+)/m.exec(text)?.[1])
    }
    expect(await streams(one)).toBe(1)
    await planes.zone('nomad', two.address, once)
    await eventually('the older stream has ended', async () => ((await streams(one)) === 0 ? true : undefined))
    expect(await streams(two)).toBe(1)
    await whenOnline(one.api, 'nomad')
  })

  test('a control plane that one has made is served by the others', async () => {
    const three = await planes.global({ store: database.appUrl, controlPlanes: 'team-x' })
    const path = '/v1/mesh/control-planes/team-x/api/meshes'
    expect((await three.api.get(path)).status).toBe(200)
    await eventually('the others serve it', async () => ((await two.api.get(path)).status === 200 ? true : undefined))
  })

  test('one leads; when it goes, another does, in a later term, and counts the meshes on', async () => {
    const term = await eventually('one leads', () => termOf('mesh-insights'))
    await one.process.stop()
    await two.process.stop()
    const [next, spare] = await Promise.all([
      planes.global({ store: database.appUrl }),
      planes.global({ store: database.appUrl }),
    ])
    await eventually('another leads', async () => ((await termOf('mesh-insights')) ?? 0) > term || undefined)
    const [leader] = (await leaders()).filter(({ role }) => role === 'mesh-insights')
    const leading = (await next.api.get('/')).body.instanceId === leader?.instance ? next : spare
    const following = leading === next ? spare : next
    await leading.process.stop()
    await eventually(
      'the last one leads',
      async () => ((await termOf('mesh-insights')) ?? 0) > leader?.term || undefined,
    )
    await following.api.put(`${MESH_TIMEOUTS}/counted`, timeout('counted'))
    await eventually('the mesh is counted anew', async () => {
      const { body } = await following.api.get('/mesh-insights/default')
      return JSON.stringify(body).includes('"MeshTimeout"') || undefined
    })
  })
})
