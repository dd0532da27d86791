import { afterAll, beforeAll, expect, test } from 'vitest'
import { DATAPLANES, dataplane } from './support/documents.js'
import { Envoy } from './support/envoy.js'
import { eventually, timed } from './support/eventually.js'
import { freePort } from './support/free-ports.js'
import type { KdsTap } from './support/kds-tap.js'
import { describeWith } from './support/peers.js'
import type { Loose } from './support/rest.js'
import { type OurGlobal, World } from './support/world.js'
import { expectOnline } from './support/zones.js'

/** From the vectors of Kuma's hashed names: (mesh default, zone zone-1). */
const HASHED = { dataplane: 'dp-1-dff6z597w47d46xx', service: 'redis-zone-1-2v6wfvvcvbc9f55d' }
const ADMIN = `${DATAPLANES}/${HASHED.dataplane}`
/** Longer than our global waits for an answer (12 s). */
const TOO_LATE_MS = 13_000

describeWith(['KUMA_CP', 'ENVOY'], 'a real kuma-cp zone with an Envoy on our global', () => {
  const world = new World()
  let global: OurGlobal
  let tap: KdsTap

  beforeAll(async () => {
    global = await world.global()
    tap = await world.tap(global.endpoints.kds)
    const zone = await world.kumaZone('zone-1', tap.address)
    await eventually(10_000, () => zone.rest.get('/meshes/default'))
    const [port, adminPort] = [await freePort(), await freePort()]
    await zone.rest.put(DATAPLANES, dataplane({ name: 'dp-1', workload: 'redis-zone-1', port, adminPort }))
    await Envoy.start(world, { name: 'dp-1', adminPort, bootstrapPort: zone.dpPort })
  })
  afterAll(() => world.stop())

  test('its Dataplane, DataplaneInsight and MeshService appear under hashed names and its zone label', async () => {
    const labels = { 'kuma.io/zone': 'zone-1', 'kuma.io/origin': 'zone' }
    await eventually(15_000, async () => {
      const found = await global.rest.get(ADMIN)
      expect(found.labels).toMatchObject({ ...labels, 'kuma.io/display-name': 'dp-1' })
      const insight = await global.rest.get(`/meshes/default/dataplane-insights/${HASHED.dataplane}`)
      expect(insight.subscriptions.at(-1).status.total.responsesSent).toBeDefined()
      const service = await global.rest.get(`/meshes/default/meshservices/${HASHED.service}`)
      expect(service.labels).toMatchObject({ ...labels, 'kuma.io/display-name': 'redis-zone-1' })
    })
    const overview = await global.rest.get(`${ADMIN}/_overview`)
    expect(overview.dataplaneInsight.subscriptions).not.toEqual([])
  })

  test('its config dump, stats and clusters are asked for through the zone', async () => {
    await eventually(10_000, async () => {
      const { configs } = await global.rest.get(`${ADMIN}/xds`)
      expect(configs.map((part: Loose) => part['@type'])).toContain(
        'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
      )
    })
    const stats = await global.rest.send('GET', `${ADMIN}/stats`)
    expect([stats.status, stats.text]).toEqual([200, expect.stringContaining('server.live: 1')])
    const clusters = await global.rest.send('GET', `${ADMIN}/clusters`)
    expect([clusters.status, clusters.text]).toEqual([200, expect.stringContaining('::added_via_api::')])
    expect((await global.rest.get(`${ADMIN}/stats?format=json`)).stats).not.toEqual([])
  })

  test('an answer that comes too late harms nothing', async () => {
    const calls = () => tap.calls.filter(({ rpc }) => rpc !== 'HealthCheck').length
    const before = calls()
    tap.delayZone('StreamStats', TOO_LATE_MS)
    const took = await timed(20_000, async () => {
      expect((await global.rest.send('GET', `${ADMIN}/stats`)).status).toBeGreaterThanOrEqual(400)
    })
    expect(took).toBeLessThan(TOO_LATE_MS)
    const [stream] = tap.callsOf('StreamStats')
    await eventually(5_000, () => expect(stream?.late).toBe(1))
    tap.delayZone('StreamStats', 0)
    await eventually(5_000, () =>
      global.rest.send('GET', `${ADMIN}/stats`).then(({ status }) => expect(status).toBe(200)),
    )
    expect(calls()).toBe(before)
    await expectOnline(global.rest, 'zone-1', true)
  })
})
