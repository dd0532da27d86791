import { createHash, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { parseTenantId } from '../../../src/model/tenant.js'
import { GrpcClient } from '../../../src/transport/grpc/client.js'
import type { AdmittedControlPlane, AdmittedCredential } from '../../../src/wire/admission-feed.js'
import { KDS } from '../../../src/wire/kds-service.js'
import { zoneHeaders } from '../../../src/wire/metadata.js'
import { Api, ControlPlanes, eventually, type RunningGlobal, timeout, whenNamed, whenOnline } from './control-planes.js'
import { FakePlatform } from './fake-platform.js'

/** auth.md §4.8, §4.10 over real sockets: a platform's feed, a global in mode `sat`, real zones. */

const CP = parseTenantId('11111111-2222-4333-8444-555555555555')
const SAT = `spat_${randomBytes(24).toString('hex')}`

const controlPlane: AdmittedControlPlane = {
  kind: 'control-plane',
  id: CP,
  organization: 'org-1',
  region: 'us',
  zoneCredentials: 'both',
  personalTokens: true,
  organizationState: 'active',
}
const digest = createHash('sha256').update(SAT).digest('hex')
const credential: AdmittedCredential = {
  kind: 'credential',
  digest,
  id: 'token-1',
  tokenKind: 'sat',
  holder: { kind: 'account', id: 'account-1', name: 'zone-1' },
  organization: 'org-1',
  expiresAtMs: Date.now() + 3_600_000,
  grants: [{ role: 'Connector', controlPlane: CP, region: 'us' }],
}

/** Control planes make several RSA keys at their start, which takes long on a machine that is full. */
vi.setConfig({ testTimeout: 120_000 })

let planes: ControlPlanes
let platform: FakePlatform
let platformUrl: string

beforeEach(async () => {
  planes = new ControlPlanes()
  platform = new FakePlatform()
  platform.state = [controlPlane, credential]
  platformUrl = await platform.listen()
})

afterEach(async () => {
  await planes.close()
  await platform.close()
})

async function global(settings: object = {}): Promise<RunningGlobal & { readonly tenant: Api }> {
  const platformTokenFile = planes.file('shard-token', `${platform.token}\n`)
  // The heart of the fake platform shares this process: a machine that is full may keep it from beating for long.
  const heard = { platformUrl, platformTokenFile, admissionMaxAgeMs: '60s' }
  const sat: object = { kdsAuth: 'sat', tenants: true, controlPlanes: CP, ...heard }
  const running = await planes.global({ ...sat, ...settings })
  return { ...running, tenant: new Api(running.endpoints.apiHttp, `/v1/mesh/control-planes/${CP}/api`) }
}

const zone = (name: string, address: string, token = SAT) =>
  planes.zone(name, address, { cpId: CP, tokenInline: token, insecure: true })

/** The code with which a health check of `zone-1` is answered. */
async function answerTo(address: string, token = SAT): Promise<string> {
  const client = new GrpcClient({
    target: address.replace('grpc://', ''),
    trust: { kind: 'plaintext' },
    headers: () =>
      zoneHeaders({ zone: 'zone-1', version: '3', features: [], token, cpId: { header: 'x-konnect-cp-id', id: CP } }),
  })
  try {
    await client.unary(KDS.HealthCheck, undefined, 5_000)
    return 'OK'
  } catch (thrown) {
    return (thrown as { code: string }).code
  } finally {
    client.close()
  }
}

const whenAnswered = (address: string, code: string) =>
  eventually(`a health check is answered with ${code}`, async () =>
    (await answerTo(address)) === code ? true : undefined,
  )

describe('a zone with an access token', () => {
  test('SAT row 171: connects, syncs, and its token counts as used', async () => {
    const { address, tenant } = await global()
    const { api } = await zone('zone-1', address)
    await whenOnline(tenant, 'zone-1')
    await tenant.put('/meshes/default/meshtimeouts/quick', timeout('quick'))
    await whenNamed(api, '/meshes/default/meshtimeouts', 'quick')
    await eventually(
      'the platform knows',
      async () =>
        ['token-used', 'zone-created'].every((kind) => platform.events.some((event) => event.kind === kind)) ||
        undefined,
    )
    const used = platform.events.filter(({ kind }) => kind === 'token-used')
    expect(used).toMatchObject([{ controlPlane: CP, zone: 'zone-1', tokenId: 'token-1' }])
  })

  test('is not let in with one that nobody has, makes nothing, and the platform hears why', async () => {
    const { address, tenant } = await global()
    await whenAnswered(address, 'OK')
    await zone('zone-2', address, `${SAT}x`)
    const refusal = await eventually('the refusal is told', async () =>
      platform.events.find(({ kind }) => kind === 'zone-refused'),
    )
    expect(refusal).toMatchObject({ controlPlane: CP, zone: 'zone-2', reason: 'unknown-token' })
    expect(await tenant.names('/zones')).toEqual([])
    expect(JSON.stringify(platform.events)).not.toContain(SAT)
  })
})

describe('a platform that is away', () => {
  test('SAT row 196: lets nobody in with an access token, ends no session, and is found again', async () => {
    const { address, tenant } = await global({ admissionMaxAgeMs: '300ms' })
    await zone('zone-1', address)
    await whenOnline(tenant, 'zone-1')
    platform.isAway = true
    platform.cut()
    const other = `spat_${randomBytes(24).toString('hex')}`
    await eventually('others are unavailable', async () =>
      (await answerTo(address, other)) === 'unavailable' ? true : undefined,
    )
    expect(await answerTo(address)).toBe('OK')
    platform.isAway = false
    await eventually('others are unknown', async () =>
      (await answerTo(address, other)) === 'unauthenticated' ? true : undefined,
    )
  })

  test('SAT row 196: that falls silent without hanging up is taken for dead', async () => {
    await global()
    await eventually('the feed is open', async () => platform.connections === 1 || undefined)
    platform.beats = false
    await eventually('it is opened anew', async () => platform.connections > 1 || undefined)
  })

  test('keeps what it missed to be told later', async () => {
    const { address, tenant } = await global()
    await whenAnswered(address, 'OK')
    platform.events.length = 0
    platform.isAway = true
    await tenant.put('/zones/zone-7', { type: 'Zone', name: 'zone-7' })
    await tenant.delete('/zones/zone-7')
    platform.isAway = false
    const told = () => platform.events.filter(({ zone: of }) => of === 'zone-7')
    await eventually('it hears of both', async () => told().length >= 2 || undefined)
    expect(told()).toMatchObject([{ kind: 'zone-created' }, { kind: 'zone-deleted' }])
  })
})

describe('strict', () => {
  test('SAT rows 175, 177: a token or role that is taken back ends the streams, and the zone is refused', async () => {
    const { address, tenant } = await global({ openStreams: 'strict' })
    const { api } = await zone('zone-1', address)
    await whenOnline(tenant, 'zone-1')
    await whenNamed(api, '/meshes', 'default')
    platform.say({ ...credential, grants: [{ role: 'Viewer', controlPlane: CP, region: 'us' }] })
    await whenOnline(tenant, 'zone-1', false)
    await tenant.put('/meshes/default/meshtimeouts/later', timeout('later'))
    await whenAnswered(address, 'permission-denied')
    platform.say(credential)
    await whenOnline(tenant, 'zone-1')
    await whenNamed(api, '/meshes/default/meshtimeouts', 'later')
    platform.say({ kind: 'credential-gone', digest })
    await whenOnline(tenant, 'zone-1', false)
    await whenAnswered(address, 'unauthenticated')
  })

  test('SAT row 150: a managed zone that was deleted is not made again by connecting', async () => {
    platform.state = [controlPlane, { ...credential, zone: { controlPlane: CP, name: 'zone-1' } }]
    const { address, tenant } = await global({ unsafeDelete: true })
    await tenant.put('/zones/zone-1', { type: 'Zone', name: 'zone-1' })
    await zone('zone-1', address)
    await whenOnline(tenant, 'zone-1')
    expect(await tenant.delete('/zones/zone-1')).toBe(200)
    await eventually(
      'the platform hears of it',
      async () => platform.events.some(({ kind }) => kind === 'zone-deleted') || undefined,
    )
    // Its token still holds here, and the zone dials again and again.
    expect(await answerTo(address)).toBe('OK')
    expect(await tenant.names('/zones')).toEqual([])
    await tenant.put('/zones/zone-1', { type: 'Zone', name: 'zone-1' })
    await whenOnline(tenant, 'zone-1')
  })
})
