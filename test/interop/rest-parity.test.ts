import { afterAll, beforeAll, expect, test } from 'vitest'
import { UP_TYPES } from '../../src/model/registry.js'
import { ZONE_ORIGIN } from './support/documents.js'
import { eventually } from './support/eventually.js'
import { differences, type Pair } from './support/parity.js'
import { describeWith } from './support/peers.js'
import { READS, writeRequests } from './support/rest-requests.js'
import { World } from './support/world.js'

describeWith(['KUMA_CP'], 'REST: ours answers as a real control plane', () => {
  const world = new World()
  const pairs: Partial<Record<'global' | 'zone' | 'federated', Pair>> = {}

  beforeAll(async () => {
    const global = await world.global()
    const kumaGlobal = await world.kumaGlobal()
    pairs.global = { ours: global.rest, real: kumaGlobal.rest }
    const second = await world.global()
    const kumaSecond = await world.kumaGlobal()
    const zone = await world.zone('zone-1', `grpc://127.0.0.1:${second.endpoints.kds}`, {
      ZONELAB_ZONE_PROXY: 'false',
      ZONELAB_STORE: world.path('zone-1.db'),
    })
    const kumaZone = await world.kumaZone('zone-1', `grpc://127.0.0.1:${kumaSecond.kdsPort}`)
    for (const { rest } of [zone, kumaZone]) {
      await eventually(30_000, async () => {
        for (const path of ['/meshtimeouts', '/meshcircuitbreakers', '/meshretries', '/secrets']) {
          expect(await rest.names(path), path).toEqual(await pairs.global?.real.names(path))
        }
        expect((await rest.get('/hostnamegenerators')).total).toBe(7)
        // A first insight comes with the stream or 10 s later: what matters is that all types have been answered.
        const { items } = await rest.get('/zone-insights')
        expect(Object.keys(items[0]?.subscriptions[0].status.stat ?? {}).sort()).toEqual([...UP_TYPES].sort())
      })
    }
    pairs.federated = { ours: second.rest, real: kumaSecond.rest }
    pairs.zone = { ours: zone.rest, real: kumaZone.rest }
  })
  afterAll(() => world.stop())

  test.each([
    ['global', 'reads', READS],
    ['zone', 'reads', READS],
    ['global', 'writes', writeRequests({})],
    ['zone', 'writes', writeRequests(ZONE_ORIGIN)],
  ] as const)('a %s: %s', async (side, _what, requests) => {
    const pair = pairs[side]
    if (!pair) throw new Error('the pair has not started')
    expect(await differences(pair, requests)).toBe('')
  })

  test('a global with a zone', async () => {
    const pair = pairs.federated
    if (!pair) throw new Error('the pair has not started')
    const paths = ['/zones', '/zones/zone-1', '/zones/_overview', '/zones/zone-1/_overview', '/zone-insights/zone-1']
    const requests = [...paths, '/hostnamegenerators', '/mesh-insights', '/global-insight'].map((path) => ({
      method: 'GET',
      path,
    }))
    await eventually(30_000, async () => expect(await differences(pair, requests)).toBe(''))
  })
})
