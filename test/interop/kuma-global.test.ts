import { afterAll, beforeAll, expect, test } from 'vitest'
import { DOWN_TYPES } from '../../src/model/registry.js'
import { decodeDeltaRequest } from '../../src/wire/delta-codec.js'
import { DATAPLANES, dataplane, meshTimeout, TIMEOUTS, ZONE_ORIGIN } from './support/documents.js'
import { eventually } from './support/eventually.js'
import type { KdsTap } from './support/kds-tap.js'
import type { KumaCp } from './support/kuma-cp.js'
import { describeWith } from './support/peers.js'
import type { Loose, Rest } from './support/rest.js'
import { storeWith } from './support/stored.js'
import { type OurZone, World } from './support/world.js'
import { expectOnline } from './support/zones.js'

/** A real global waits up to 10 s before it writes where the streams are, and 10 s between flushes. */
const STREAMS_WITHIN_MS = 15_000
const BACKOFF = { ZONELAB_BACKOFF_BASE_MS: '200', ZONELAB_BACKOFF_CAP_MS: '1000' }

describeWith(['KUMA_CP'], 'our zone on a real kuma-cp global', () => {
  const world = new World()
  let global: KumaCp
  let tap: KdsTap
  let zone: OurZone

  beforeAll(async () => {
    global = await world.kumaGlobal()
    tap = await world.tap(global.kdsPort)
    zone = await world.zone('zone-1', tap.address, BACKOFF)
    await eventually(10_000, () => zone.rest.get('/meshes/default'))
  })
  afterAll(() => world.stop())

  test('its Zone is made, and the insight is online with version, config, instance and five streams', async () => {
    await eventually(5_000, () => global.rest.get('/zones/zone-1'))
    await eventually(STREAMS_WITHIN_MS, () => expectOnline(global.rest, 'zone-1', true))
    const insight = await eventually(STREAMS_WITHIN_MS, async () => {
      const { zoneInsight } = await global.rest.get('/zones/zone-1/_overview')
      const kinds = ['clusters', 'configDump', 'globalToZone', 'stats', 'zoneToGlobal']
      expect(Object.keys(zoneInsight.kdsStreams).sort()).toEqual(kinds)
      return zoneInsight
    })
    const newest = insight.subscriptions.at(-1)
    expect(newest.version.kumaCp).toMatchObject({ version: '3.0.0', kumaCpGlobalCompatible: true })
    expect(JSON.parse(newest.config)).toMatchObject({ store: { type: 'memory' }, mode: 'zone' })
    expect(newest.zoneInstanceId).toMatch(/^.+-[0-9a-f]{4}$/)
    expect(newest.status.total.responsesRejected).toBeUndefined()
  })

  test('every type arrives, with nothing refused', async () => {
    const answers = await eventually(10_000, () => {
      const said = downRequests(tap).filter(({ nonce }) => nonce !== '')
      expect(new Set(said.map(({ type }) => type)).size).toBe(DOWN_TYPES.length)
      return said
    })
    expect(answers.filter(({ error }) => error !== undefined)).toEqual([])
    expect(await zone.rest.names(TIMEOUTS)).toEqual(await global.rest.names(TIMEOUTS))
    await eventually(5_000, async () => {
      expect((await zone.rest.get('/')).clusterId).toBe((await global.rest.get('/')).clusterId)
    })
  })

  test('a policy written, edited and deleted there is so here', async () => {
    await global.rest.put(TIMEOUTS, meshTimeout('made-there', '5s'))
    await eventually(5_000, async () => expect(await requestTimeout(zone.rest, 'made-there')).toBe('5s'))
    await global.rest.put(TIMEOUTS, meshTimeout('made-there', '6s'))
    await eventually(5_000, async () => expect(await requestTimeout(zone.rest, 'made-there')).toBe('6s'))
    await global.rest.delete(`${TIMEOUTS}/made-there`)
    await eventually(5_000, async () => expect(await zone.rest.names(TIMEOUTS)).not.toContain('made-there'))
  })

  test('its node is in every request, and every acknowledgement has a nonce', () => {
    const requests = downRequests(tap)
    expect(requests.filter(({ node }) => (node as Loose)?.id !== 'zone-1')).toEqual([])
    const subscriptions = requests.filter(({ nonce }) => nonce === '').map(({ type }) => type)
    expect(subscriptions.sort()).toEqual([...DOWN_TYPES].sort())
  })

  test('what it lost while it was away is removed there when it is back', async () => {
    await zone.rest.put(DATAPLANES, dataplane({ name: 'dp-1', workload: 'backend', port: 8080, adminPort: 9901 }))
    await zone.rest.put(TIMEOUTS, meshTimeout('stays', '3s', ZONE_ORIGIN))
    await zone.rest.put(TIMEOUTS, meshTimeout('goes', '3s', ZONE_ORIGIN))
    await eventually(10_000, async () =>
      expect(await global.rest.names(TIMEOUTS)).toEqual(expect.arrayContaining(['goes', 'stays'])),
    )
    tap.closed = true
    tap.cut()
    await zone.rest.delete(`${TIMEOUTS}/goes`)
    tap.closed = false
    await eventually(10_000, async () => expect(await global.rest.names(TIMEOUTS)).not.toContain('goes'))
    expect(await global.rest.names(TIMEOUTS)).toContain('stays')
    expect((await global.rest.byDisplayName(DATAPLANES, 'dp-1')).name).toBe('dp-1-dff6z597w47d46xx')
  })

  test('a resource that the global refuses is named and counted there, and the others are stored', async () => {
    const invalid = { to: [{ targetRef: { kind: 'Mesh' }, default: { http: { requestTimeout: '-5s' } } }] }
    const valid = { to: [{ targetRef: { kind: 'Mesh' }, default: { http: { requestTimeout: '5s' } } }] }
    const file = world.path('refused.db')
    await storeWith(file, [
      { type: 'MeshTimeout', mesh: 'default', name: 'invalid', spec: invalid },
      { type: 'MeshTimeout', mesh: 'default', name: 'valid', spec: valid },
    ])
    await world.zone('refused', tap.address, { ZONELAB_STORE: file })
    await eventually(10_000, async () => expect(await global.rest.names(TIMEOUTS)).toContain('valid'))
    expect(await global.rest.names(TIMEOUTS)).not.toContain('invalid')
    const nacks = tap
      .callsOf('ZoneToGlobalSync')
      .flatMap(({ messages }) => messages.filter(({ from }) => from === 'global'))
      .map(({ bytes }) => decodeDeltaRequest(bytes))
      .filter(({ error }) => error !== undefined)
    expect(nacks).toEqual([
      expect.objectContaining({ type: 'MeshTimeout', error: expect.stringContaining('requestTimeout') }),
    ])
    const labels = { zone_name: 'refused', resource_type: 'MeshTimeout' }
    expect(await global.counter('kds_nack_total', labels)).toBe(1)
  })
})

describeWith(['KUMA_CP'], 'two zones of ours and a real one on a real kuma-cp global', () => {
  const world = new World()
  afterAll(() => world.stop())

  test('the others receive what a zone exports, until that zone is disabled', async () => {
    const global = await world.kumaGlobal()
    const address = `grpc://127.0.0.1:${global.kdsPort}`
    const first = await world.zone('zone-1', address)
    const others = [(await world.zone('zone-2', address)).rest, (await world.kumaZone('zone-3', address)).rest]
    await eventually(10_000, () => first.rest.get('/meshes/default'))
    await first.rest.put(DATAPLANES, dataplane({ name: 'dp-1', workload: 'backend', port: 8080, adminPort: 9901 }))
    for (const other of others) {
      await eventually(15_000, async () => {
        expect(await namesOf(other, 'meshservices', 'zone-1')).toEqual(['backend'])
        expect(await namesOf(other, 'meshzoneaddresses', 'zone-1')).toEqual(['backend-http', 'zone-proxy'])
      })
    }
    await global.rest.put('/zones', { type: 'Zone', name: 'zone-1', enabled: false })
    for (const other of others) {
      await eventually(10_000, async () => {
        expect(await namesOf(other, 'meshservices', 'zone-1')).toEqual([])
        expect(await namesOf(other, 'meshzoneaddresses', 'zone-1')).toEqual([])
      })
    }
  })
})

function downRequests(tap: KdsTap) {
  const [call] = tap.callsOf('GlobalToZoneSync')
  return (call?.messages ?? []).filter(({ from }) => from === 'zone').map(({ bytes }) => decodeDeltaRequest(bytes))
}

async function requestTimeout(rest: Rest, name: string): Promise<string> {
  return (await rest.byDisplayName(TIMEOUTS, name)).spec.to[0].default.http.requestTimeout
}

async function namesOf(rest: Rest, path: string, zone: string): Promise<string[]> {
  const { items } = await rest.get(`/meshes/default/${path}?filter[labels.kuma.io/zone]=${zone}`)
  return items.map(({ labels }: Loose) => labels['kuma.io/display-name']).sort()
}
