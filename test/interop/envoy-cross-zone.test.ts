import { afterAll, expect, test } from 'vitest'
import { call } from './support/application.js'
import { Envoy } from './support/envoy.js'
import { eventually } from './support/eventually.js'
import { freePort } from './support/free-ports.js'
import { describeWith } from './support/peers.js'
import type { Loose } from './support/rest.js'
import { openService } from './support/shop.js'
import { World } from './support/world.js'

const SETTLES_WITHIN_MS = 20_000

describeWith(['ENVOY'], 'real Envoys in two zones of ours', () => {
  const world = new World()
  afterAll(() => world.stop())

  test("a request crosses from one zone into the other, through the other's zone proxy", async () => {
    const global = await world.global()
    const address = `grpc://127.0.0.1:${global.endpoints.kds}`
    const [near, far] = [await world.zone('zone-1', address), await world.zone('zone-2', address)]
    for (const { rest } of [near, far]) await eventually(10_000, () => rest.get('/meshes/default'))
    const port = await freePort()
    await openService(world, far, { name: 'backend', port })
    const proxy = await Envoy.start(world, {
      name: 'zone-proxy',
      adminPort: await freePort(),
      bootstrapPort: far.endpoints.bootstrap,
    })
    // The frontend names the service by its labels: here its name carries a hash.
    const labels = { 'kuma.io/display-name': 'backend', 'kuma.io/zone': 'zone-2' }
    const frontend = await openService(world, near, { name: 'frontend', calls: { kind: 'MeshService', labels, port } })
    await eventually(SETTLES_WITHIN_MS, async () => {
      expect(await call(frontend.outboundPort ?? 0)).toMatchObject({ status: 200, body: 'backend' })
    })

    const { items } = await near.rest.get('/meshes/default/meshzoneaddresses?filter[labels.kuma.io/zone]=zone-2')
    const exported = items.find((item: Loose) => item.labels['zonelab.dev/service'] === 'backend')
    expect(await frontend.envoy.dump()).toContain(`"port_value":${exported.spec.port}`)
    const passed = await proxy.stats('listener.*downstream_cx_total')
    expect(Math.max(...Object.values(passed))).toBeGreaterThan(0)

    for (const envoy of [proxy, frontend.envoy]) expect(await envoy.rejected()).toBe(0)
  })
})
