import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { certificateOf } from './support/certificate.js'
import { eventually, steadily, timed } from './support/eventually.js'
import { freePort } from './support/free-ports.js'
import type { KdsTap } from './support/kds-tap.js'
import { describeWith } from './support/peers.js'
import { World } from './support/world.js'
import { expectOnline, subscriptions } from './support/zones.js'

const RPCS = [
  'GlobalToZoneSync',
  'ZoneToGlobalSync',
  'StreamXDSConfigs',
  'StreamStats',
  'StreamClusters',
  'HealthCheck',
]
const UNAVAILABLE = 14
/** Keepalive is 15 s of silence and 15 s for an answer; the rest is for a busy machine. */
const OFFLINE_WITHIN_MS = 35_000
/** Kuma's back-off starts at 5 ± 5 s and grows. */
const BACK_WITHIN_MS = 45_000

describeWith(['KUMA_CP'], 'a real kuma-cp zone on our global: TLS', () => {
  const world = new World()
  afterAll(() => world.stop())

  test('it connects over TLS to a self-signed certificate, unverified or as its root', async () => {
    const global = await world.global({ KUMA_MULTIZONE_GLOBAL_KDS_TLS_ENABLED: 'true' })
    const address = `grpcs://127.0.0.1:${global.endpoints.kds}`
    const caFile = world.path('ca.pem')
    writeFileSync(caFile, await certificateOf(global.endpoints.kds))
    await world.kumaZone('unverified', address, { env: { KUMA_MULTIZONE_ZONE_KDS_TLS_SKIP_VERIFY: 'true' } })
    await world.kumaZone('verified', address, { env: { KUMA_MULTIZONE_ZONE_KDS_ROOT_CA_FILE: caFile } })
    await eventually(10_000, () => expectOnline(global.rest, 'unverified', true))
    await eventually(10_000, () => expectOnline(global.rest, 'verified', true))
  })
})

describeWith(['KUMA_CP'], 'a real kuma-cp zone on our global: comings and goings', () => {
  const world = new World()
  afterAll(() => world.stop())

  test('after kill -9 it is offline; after its restart a new subscription is open and the old one closed', async () => {
    const global = await world.global()
    const address = `grpc://127.0.0.1:${global.endpoints.kds}`
    const first = await world.kumaZone('killed', address)
    await eventually(5_000, () => expectOnline(global.rest, 'killed', true))
    await first.child.kill()
    await eventually(5_000, () => expectOnline(global.rest, 'killed', false))
    await world.kumaZone('killed', address)
    await eventually(5_000, () => expectOnline(global.rest, 'killed', true))
    const [old, current, ...more] = await subscriptions(global.rest, 'killed')
    expect(more).toEqual([])
    expect(old.disconnectTime).toBeDefined()
    expect(current.id).not.toBe(old.id)
    expect(current.zoneInstanceId).not.toBe(old.zoneInstanceId)
  })

  test('one that stops answering without closing is offline by keepalive, and comes back', async () => {
    const global = await world.global()
    const zone = await world.kumaZone('frozen', `grpc://127.0.0.1:${global.endpoints.kds}`)
    await eventually(5_000, () => expectOnline(global.rest, 'frozen', true))
    zone.child.signal('SIGSTOP')
    await eventually(OFFLINE_WITHIN_MS, () => expectOnline(global.rest, 'frozen', false))
    zone.child.signal('SIGCONT')
    await eventually(BACK_WITHIN_MS, () => expectOnline(global.rest, 'frozen', true))
  })

  test('an orderly end is seen at once', async () => {
    const global = await world.global()
    const zone = await world.kumaZone('orderly', `grpc://127.0.0.1:${global.endpoints.kds}`)
    await eventually(5_000, () => expectOnline(global.rest, 'orderly', true))
    zone.child.signal('SIGTERM')
    expect(await timed(5_000, () => expectOnline(global.rest, 'orderly', false))).toBeLessThan(2_000)
  })
})

describeWith(['KUMA_CP'], 'a real kuma-cp zone on our global: our shutdown', () => {
  const world = new World()
  let tap: KdsTap
  let kds: Record<string, string>
  beforeAll(async () => {
    const port = await freePort()
    kds = { KUMA_MULTIZONE_GLOBAL_KDS_GRPC_PORT: String(port) }
    tap = await world.tap(port)
  })
  afterAll(() => world.stop())

  test('every stream ends UNAVAILABLE, and the zone opens all six calls again', async () => {
    const before = await world.global(kds)
    await world.kumaZone('zone-1', tap.address)
    await eventually(10_000, () => expectOnline(before.rest, 'zone-1', true))
    await eventually(10_000, () => expect(new Set(tap.calls.map(({ rpc }) => rpc))).toEqual(new Set(RPCS)))
    // A health check is a short call and may or may not be on its way at this instant.
    const open = tap.calls.filter(({ rpc, closed, status }) => rpc !== 'HealthCheck' && !closed && status === undefined)
    expect(open.map(({ rpc }) => rpc).sort()).toEqual(RPCS.filter((rpc) => rpc !== 'HealthCheck').sort())
    await before.stop()
    await eventually(5_000, () => expect(open.map(({ status }) => status)).toEqual(open.map(() => UNAVAILABLE)))
    const seen = tap.calls.length
    const after = await world.global(kds)
    await eventually(BACK_WITHIN_MS, () => expectOnline(after.rest, 'zone-1', true))
    await eventually(10_000, () => {
      const streams = tap.calls.slice(seen).filter(({ closed, status }) => !closed || status === 0)
      expect(new Set(streams.map(({ rpc }) => rpc))).toEqual(new Set(RPCS))
    })
    await steadily(3_000, () => expectOnline(after.rest, 'zone-1', true))
  })
})
