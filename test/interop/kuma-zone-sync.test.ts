import { afterAll, beforeAll, expect, test } from 'vitest'
import { DOWN_TYPES } from '../../src/model/registry.js'
import { decodeDeltaRequest, decodeKdsResponse } from '../../src/wire/delta-codec.js'
import { ACCESS_LOGS, bulkyPolicy, meshTimeout, TIMEOUTS, ZONE_ORIGIN } from './support/documents.js'
import { eventually, steadily, timed } from './support/eventually.js'
import type { KdsTap, TappedCall } from './support/kds-tap.js'
import type { KumaCp } from './support/kuma-cp.js'
import { describeWith } from './support/peers.js'
import type { Loose } from './support/rest.js'
import { type OurGlobal, World } from './support/world.js'

/** More than gRPC's usual 4 MiB and less than Kuma's 10. */
const BULK = { policies: 50, bytesEach: 100_000, total: 5_000_000 }
const MIB = 1_048_576

describeWith(['KUMA_CP'], 'a real kuma-cp zone on our global: sync', () => {
  const world = new World()
  let global: OurGlobal
  let tap: KdsTap
  let zone: KumaCp

  beforeAll(async () => {
    global = await world.global()
    for (let i = 0; i < BULK.policies; i += 1) {
      await global.rest.put(ACCESS_LOGS, bulkyPolicy(`bulk-${i}`, BULK.bytesEach))
    }
    tap = await world.tap(global.endpoints.kds)
    zone = await world.kumaZone('zone-1', tap.address)
    await eventually(20_000, () => expect(said(downCall(tap), 'zone')).toHaveLength(2 * DOWN_TYPES.length))
  })
  afterAll(() => world.stop())

  test('it connects in plaintext, opens all six calls, and its gzip bodies are read', async () => {
    const rpcs = [
      'GlobalToZoneSync',
      'ZoneToGlobalSync',
      'StreamXDSConfigs',
      'StreamStats',
      'StreamClusters',
      'HealthCheck',
    ]
    await eventually(10_000, () => expect(new Set(tap.calls.map(({ rpc }) => rpc))).toEqual(new Set(rpcs)))
    expect(downCall(tap).headers['grpc-encoding']).toBe('gzip')
    expect(said(downCall(tap), 'zone').every(({ compressed }) => compressed)).toBe(true)
  })

  test('each of the 29 types that it asks for gets exactly one first response', async () => {
    const asked = said(downCall(tap), 'zone').map(({ bytes }) => decodeDeltaRequest(bytes))
    const first = asked.filter(({ nonce }) => nonce === '').map(({ type }) => type)
    expect(first.sort()).toEqual([...DOWN_TYPES].sort())
    const answers = said(downCall(tap), 'global').map(({ bytes }) => decodeKdsResponse(bytes))
    expect(answers.map(({ type }) => type).sort()).toEqual([...DOWN_TYPES].sort())
    const acks = asked.filter(({ nonce, error }) => nonce !== '' && error === undefined)
    expect(acks.map(({ nonce }) => nonce).sort()).toEqual(answers.map(({ nonce }) => nonce).sort())
  })

  test('what a zone must have is in its own API, as of the global', async () => {
    const mesh = await zone.rest.get('/meshes/default')
    expect(mesh.labels['kuma.io/origin']).toBe('global')
    const secret = await zone.rest.get('/meshes/default/secrets/dataplane-token-signing-key-default-1')
    const ours = await global.rest.get('/meshes/default/secrets/dataplane-token-signing-key-default-1')
    expect(secret.data).toBe(ours.data)
    const key = await zone.rest.get('/global-secrets/zone-token-signing-public-key-1')
    expect(Buffer.from(key.data, 'base64').toString()).toContain('BEGIN RSA PUBLIC KEY')
    await zone.rest.missing('/global-secrets/zone-token-signing-key-1')
    const generators = (await zone.rest.get('/hostnamegenerators')).items.filter(ofGlobal)
    expect(generators.map((item: Loose) => item.labels['kuma.io/display-name']).sort()).toEqual(
      await globalNames(global, '/hostnamegenerators'),
    )
    for (const path of ['meshtimeouts', 'meshretries', 'meshcircuitbreakers']) {
      const policies = (await zone.rest.get(`/meshes/default/${path}`)).items
      expect(policies.every(ofGlobal), path).toBe(true)
      expect(await zone.rest.names(`/meshes/default/${path}`)).toEqual(
        await global.rest.names(`/meshes/default/${path}`),
      )
    }
    const { clusterId } = await global.rest.get('/')
    await eventually(5_000, async () => expect((await zone.rest.get('/')).clusterId).toBe(clusterId))
  })

  test('a message of more than 4 MiB arrives, downwards', async () => {
    expect(largest(downCall(tap), 'global')).toBeGreaterThan(4 * MIB)
    await eventually(5_000, async () => expect(await zone.rest.names(ACCESS_LOGS)).toHaveLength(BULK.policies))
  })

  test('a message of more than 4 MiB arrives, upwards', async () => {
    for (let i = 0; i < BULK.policies; i += 1) {
      await zone.rest.put(ACCESS_LOGS, bulkyPolicy(`up-${i}`, BULK.bytesEach, ZONE_ORIGIN))
    }
    // A zone that comes back says all that it has in one message.
    const before = tap.callsOf('ZoneToGlobalSync').length
    tap.cut()
    await eventually(30_000, () => {
      const call = tap.callsOf('ZoneToGlobalSync')[before]
      expect(call && largest(call, 'zone')).toBeGreaterThan(4 * MIB)
    })
    await eventually(10_000, async () => expect(await global.rest.names(ACCESS_LOGS)).toHaveLength(2 * BULK.policies))
  })

  test('an edit and a deletion at the global reach the zone within 2 s', async () => {
    await global.rest.put(TIMEOUTS, meshTimeout('edited', '5s'))
    const made = await timed(5_000, async () => {
      expect((await zone.rest.byDisplayName(TIMEOUTS, 'edited')).spec.to[0].default.http.requestTimeout).toBe('5s')
    })
    await global.rest.put(TIMEOUTS, meshTimeout('edited', '6s'))
    const edited = await timed(5_000, async () => {
      expect((await zone.rest.byDisplayName(TIMEOUTS, 'edited')).spec.to[0].default.http.requestTimeout).toBe('6s')
    })
    await global.rest.delete(`${TIMEOUTS}/edited`)
    const gone = await timed(5_000, async () => expect(await zone.rest.names(TIMEOUTS)).not.toContain('edited'))
    // The zone's API reads through a cache of one second.
    expect(Math.max(made, edited, gone)).toBeLessThan(2_000)
  })

  test('nothing is sent while nothing changes', async () => {
    const count = () => tap.callsOf('GlobalToZoneSync').at(-1)?.messages.length
    const before = count()
    await steadily(3_000, () => expect(count()).toBe(before))
  })
})

function downCall(tap: KdsTap): TappedCall {
  const [call] = tap.callsOf('GlobalToZoneSync')
  if (!call) throw new Error('the zone has not opened GlobalToZoneSync')
  return call
}

function said(call: TappedCall, from: 'zone' | 'global') {
  return call.messages.filter((message) => message.from === from)
}

function largest(call: TappedCall, from: 'zone' | 'global'): number {
  return Math.max(0, ...said(call, from).map(({ bytes }) => bytes.length))
}

function ofGlobal({ labels }: Loose): boolean {
  return labels['kuma.io/origin'] === 'global'
}

/** Without those that zones have sent up. */
async function globalNames(global: OurGlobal, path: string): Promise<string[]> {
  const { items } = await global.rest.get(path)
  return items
    .filter(({ labels }: Loose) => labels?.['kuma.io/origin'] !== 'zone')
    .map(({ name }: Loose) => name)
    .sort()
}
