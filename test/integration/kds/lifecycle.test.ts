import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createCa, createServerCertificate } from '../../../src/transport/tls.js'
import {
  ControlPlanes,
  dataplane,
  isOnline,
  MESH_TIMEOUTS,
  type RunningGlobal,
  timeout,
  whenNamed,
  whenOnline,
} from './control-planes.js'
import { Relay } from './relay.js'

let planes: ControlPlanes

beforeEach(() => {
  planes = new ControlPlanes()
})

afterEach(() => planes.close())

/** A global that is started anew on the same ports with the same data. */
function again(global: RunningGlobal, store: string): Promise<RunningGlobal> {
  const { kds: kdsPort, apiHttp: apiHttpPort } = global.endpoints
  return planes.global({ store, kdsPort, apiHttpPort })
}

describe('who is online', () => {
  test('a zone that comes, goes, comes again', async () => {
    const global = await planes.global()
    const zone = await planes.zone('zone-1', global.address)
    await whenOnline(global.api, 'zone-1')
    await zone.process.stop()
    await whenOnline(global.api, 'zone-1', false)
    await planes.zone('zone-1', global.address)
    await whenOnline(global.api, 'zone-1')
  })

  test('a zone that was there before its global', async () => {
    const store = planes.file('global.db')
    const first = await planes.global({ store })
    await first.process.stop()
    await planes.zone('zone-1', first.address)
    const second = await again(first, store)
    await whenOnline(second.api, 'zone-1')
  })

  test('a global that comes back finds its zone again, and no older life of it online', async () => {
    const store = planes.file('global.db')
    const first = await planes.global({ store })
    const zone = await planes.zone('zone-1', first.address)
    await whenOnline(first.api, 'zone-1')
    await first.process.stop()
    await zone.process.stop()
    const second = await again(first, store)
    expect(await isOnline(second.api, 'zone-1')).toBe(false)
    await planes.zone('zone-1', first.address)
    await whenOnline(second.api, 'zone-1')
  })

  test('of two processes with one name the newest is served', async () => {
    const global = await planes.global()
    await planes.zone('zone-1', global.address)
    await whenOnline(global.api, 'zone-1')
    const newer = await planes.zone('zone-1', global.address, { backoffBaseMs: 60_000, backoffCapMs: 60_000 })
    await whenNamed(newer.api, '/meshes', 'default')
  })

  test('a link that carries nothing any more is noticed at both ends', async () => {
    const global = await planes.global({ keepaliveMs: 200 })
    const relay = await Relay.to(global.endpoints.kds)
    await planes.zone('zone-1', relay.address, { keepaliveMs: 200 })
    await whenOnline(global.api, 'zone-1')
    relay.freeze()
    await whenOnline(global.api, 'zone-1', false)
    relay.thaw()
    await whenOnline(global.api, 'zone-1')
    await relay.close()
  })
})

describe('a zone that comes back', () => {
  test('with a store is sent what changed and not what it has', async () => {
    const global = await planes.global()
    const relay = await Relay.to(global.endpoints.kds)
    const store = planes.file('zone-1.db')
    const data = Buffer.alloc(300_000, 'x').toString('base64')
    await global.api.put('/meshes/default/secrets/large', { type: 'Secret', mesh: 'default', name: 'large', data })
    const first = await planes.zone('zone-1', relay.address, { store })
    await whenNamed(first.api, '/meshes/default/secrets', 'large')
    const cold = relay.bytesDown
    expect(cold).toBeGreaterThan(300_000)
    await first.process.stop()
    await global.api.put(`${MESH_TIMEOUTS}/meanwhile`, timeout('meanwhile'))
    const second = await planes.zone('zone-1', relay.address, { store })
    await whenNamed(second.api, MESH_TIMEOUTS, 'meanwhile')
    await whenOnline(global.api, 'zone-1')
    expect(relay.bytesDown - cold).toBeLessThan(cold / 10)
    expect(await second.api.names('/meshes/default/secrets')).toContain('large')
    await second.process.stop()
    await relay.close()
  })

  test('without memory does not empty itself at the global', async () => {
    const global = await planes.global()
    const first = await planes.zone('zone-1', global.address, { store: 'memory', zoneProxy: true })
    await whenNamed(first.api, '/meshes', 'default')
    await first.api.put('/meshes/default/dataplanes/dp-1', dataplane('dp-1'))
    await whenNamed(global.api, '/meshes/default/dataplanes', 'dp-1')
    await first.process.stop()
    const second = await planes.zone('zone-1', global.address, { store: 'memory', zoneProxy: true })
    await whenNamed(second.api, '/meshes/default/dataplanes', 'zone-proxy')
    await whenOnline(global.api, 'zone-1')
    // What it made itself is there, and still nothing of it is sent: the sidecar is not back.
    await global.api.put(`${MESH_TIMEOUTS}/round-trip`, timeout('round-trip'))
    await whenNamed(second.api, MESH_TIMEOUTS, 'round-trip')
    expect(await global.api.names('/meshes/default/dataplanes')).toContain('dp-1')
    await second.api.put('/meshes/default/dataplanes/dp-1', dataplane('dp-1'))
    await whenNamed(global.api, '/meshes/default/meshservices', 'backend')
    expect(await global.api.names('/meshes/default/dataplanes')).toContain('dp-1')
  })
})

describe('a zone that proves itself over TLS', () => {
  test('is let in with the token that its global gave it, and not with one for another zone', async () => {
    const nowMs = Date.now()
    const ca = createCa({ name: 'test CA', nowMs })
    const pair = createServerCertificate({ ca, nowMs })
    const global = await planes.global({
      kdsTls: true,
      kdsAuth: 'zone-token',
      tlsCertFile: planes.file('tls.crt', pair.certPem),
      tlsKeyFile: planes.file('tls.key', pair.keyPem),
    })
    const token = (zone: string) => global.api.text('/tokens/zone', { zone, scope: ['cp'], validFor: '1h' })
    const kdsRootCaFile = planes.file('ca.crt', ca.certPem)
    const address = `grpcs://localhost:${global.endpoints.kds}`
    const tokenPath = planes.file('token', await token('zone-2'))
    const zone = await planes.zone('zone-1', address, { kdsRootCaFile, tokenPath })
    await planes.zone('zone-2', address, { kdsRootCaFile, tokenInline: await token('zone-2') })
    await whenOnline(global.api, 'zone-2')
    expect((await global.api.get('/zones/zone-1')).status).toBe(404)
    // The file is read for each call: a rotated token works without a restart.
    planes.file('token', await token('zone-1'))
    await whenOnline(global.api, 'zone-1')
    await whenNamed(zone.api, '/meshes', 'default')
  })
})

describe('a message that cannot be sent', () => {
  test('a type over the limit is withheld, the others flow', async () => {
    const global = await planes.global({ maxMsgSize: 20_000, diagnosticsToken: 'lab' })
    const zone = await planes.zone('zone-1', global.address)
    await whenNamed(zone.api, '/meshes', 'default')
    const data = Buffer.alloc(30_000, 'x').toString('base64')
    await global.api.put('/meshes/default/secrets/large', { type: 'Secret', mesh: 'default', name: 'large', data })
    await global.api.put(`${MESH_TIMEOUTS}/after`, timeout('after'))
    await whenNamed(zone.api, MESH_TIMEOUTS, 'after')
    expect(await zone.api.names('/meshes/default/secrets')).not.toContain('large')
    expect(await isOnline(global.api, 'zone-1')).toBe(true)
  })
})

test('a zone refuses to start with a name or an address that no global would take', async () => {
  await expect(planes.zone('Zone_1', 'grpc://127.0.0.1:1')).rejects.toThrow('zone name')
  await expect(planes.zone('zone-1', 'http://127.0.0.1:1')).rejects.toThrow('grpcs://host:port')
})
