import { afterAll, expect, test } from 'vitest'
import { DATAPLANES } from './support/documents.js'
import { eventually } from './support/eventually.js'
import { describeWith } from './support/peers.js'
import type { Loose } from './support/rest.js'
import { openService } from './support/shop.js'
import { World } from './support/world.js'

/** A real global finds a zone's admin streams through its insight, which it writes within 10 s. */
const STREAMS_WITHIN_MS = 20_000

describeWith(['KUMA_CP', 'ENVOY'], 'our zone with an Envoy on a real kuma-cp global', () => {
  const world = new World()
  afterAll(() => world.stop())

  test('the global shows the proxy online, and asks it for its config dump, stats and clusters', async () => {
    const global = await world.kumaGlobal()
    const zone = await world.zone('zone-1', `grpc://127.0.0.1:${global.kdsPort}`)
    await eventually(10_000, () => zone.rest.get('/meshes/default'))
    await openService(world, zone, { name: 'dp-1' })
    const path = `${DATAPLANES}/dp-1-dff6z597w47d46xx`
    await eventually(STREAMS_WITHIN_MS, async () => {
      const { subscriptions } = (await global.rest.get(`${path}/_overview`)).dataplaneInsight
      expect(subscriptions.at(-1).disconnectTime).toBeUndefined()
      expect(Number(subscriptions.at(-1).status.total.responsesAcknowledged)).toBeGreaterThan(0)
    })
    await eventually(STREAMS_WITHIN_MS, async () => {
      const { configs } = await global.rest.get(`${path}/xds`)
      expect(configs.map((part: Loose) => part['@type'])).toContain(
        'type.googleapis.com/envoy.admin.v3.ClustersConfigDump',
      )
      const stats = await global.rest.send('GET', `${path}/stats`)
      expect([stats.status, stats.text]).toEqual([200, expect.stringContaining('server.live: 1')])
      const clusters = await global.rest.send('GET', `${path}/clusters`)
      expect([clusters.status, clusters.text]).toEqual([200, expect.stringContaining('::added_via_api::')])
    })
  })
})
