import { createPublicKey, type KeyObject } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { ensureAdminUserToken, ensureSigningKey, signingKeyDraft } from '../../../src/auth/bootstrap-secrets.js'
import { issueDataplaneToken, issueUserToken, issueZoneToken } from '../../../src/auth/issue.js'
import { storeRevocations } from '../../../src/auth/revocations.js'
import { publicKeyPem } from '../../../src/auth/rsa-key.js'
import { SecretMirror } from '../../../src/auth/secret-mirror.js'
import { StoreKeyring } from '../../../src/auth/store-keyring.js'
import {
  ADMIN_USER_TOKEN,
  dataplaneKeys,
  type KeyPlace,
  secretData,
  secretSpec,
  USER_KEYS,
  USER_REVOCATIONS,
  ZONE_KEYS,
  ZONE_PUBLIC_KEYS,
  ZONE_REVOCATIONS,
} from '../../../src/auth/token-secrets.js'
import { UserAuthenticator } from '../../../src/auth/user-authenticator.js'
import { silentLogger } from '../../../src/base/log.js'
import { seededRandom } from '../../../src/base/random.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { TenantStore } from '../../../src/store/store.js'
import { FakeClock } from '../../support/fake-clock.js'
import { draft, put, remove } from '../../support/resource-builder.js'
import { codeOf, fresh, signed, T, tokenWith, U, userKeyA, zoneKeyA, zoneKeyB } from '../../unit/auth/token-lab.js'

const clock = new FakeClock(T * 1000)
const random = seededRandom(1)
let store: TenantStore
let mirror: SecretMirror

beforeEach(() => {
  store = new MemoryStore({ clock, random }).tenant(DEFAULT_TENANT)
  mirror = new SecretMirror(store)
})

const keyring = (place: KeyPlace) => new StoreKeyring(mirror, place, silentLogger)
const ports = (place: KeyPlace) => ({ keys: keyring(place), clock, random })
const pem = (key: KeyObject) => key.export({ type: 'pkcs1', format: 'pem' })
const keep = (name: string, data: string | Buffer, mesh?: string) => {
  const type = mesh === undefined ? 'GlobalSecret' : 'Secret'
  return store.commit([put({ ...draft(type, name, mesh === undefined ? {} : { mesh }), spec: secretSpec(data) })])
}
const drop = (name: string) => store.commit([remove({ type: 'GlobalSecret', mesh: undefined, name })])
const zoneTrust = (place: KeyPlace = ZONE_KEYS) => {
  const trust = { keys: keyring(place), revocations: storeRevocations(mirror, ZONE_REVOCATIONS) }
  return { trust: { find: () => trust } }
}
const headerOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

describe('rotation', () => {
  const zoneToken = () => issueZoneToken({ zone: 'z1', scope: ['cp'] }, 3_600_000, ports(ZONE_KEYS))

  test('ZT rows 059, 060, 061: a new key signs at once, the old one verifies until its secret is deleted', async () => {
    await keep('zone-token-signing-key-1', pem(zoneKeyA))
    const trust = zoneTrust()
    const old = await zoneToken()
    expect([headerOf(old).kid, await codeOf(old, trust)]).toEqual(['1', 'OK'])
    const early = signed({ alg: 'RS256', kid: '2' }, claimsOf(old), zoneKeyB)
    expect(await codeOf(early, trust)).toBe(U)
    await keep('zone-token-signing-key-2', pem(zoneKeyB))
    expect(await codeOf(early, trust)).toBe('OK')
    const renewed = await zoneToken()
    expect([headerOf(renewed).kid, await codeOf(renewed, trust), await codeOf(old, trust)]).toEqual(['2', 'OK', 'OK'])
    await drop('zone-token-signing-key-1')
    expect([await codeOf(renewed, trust), await codeOf(old, trust)]).toEqual(['OK', U])
  })

  test('a secret that gets other data is another key', async () => {
    await keep('zone-token-signing-key-1', pem(zoneKeyA))
    expect(await codeOf(tokenWith(), zoneTrust())).toBe('OK')
    await keep('zone-token-signing-key-1', pem(zoneKeyB))
    expect(await codeOf(tokenWith(), zoneTrust())).toBe(U)
  })

  test('the highest number signs, not the last in the alphabet; what is no number counts as 0', async () => {
    const kids = async (names: string[]) => {
      for (const name of names) await keep(name, pem(zoneKeyA))
      return (await keyring(ZONE_KEYS).latest()).kid
    }
    expect(await kids(['zone-token-signing-key-b', 'zone-token-signing-key-a'])).toBe('a')
    expect(await kids(['zone-token-signing-key'])).toBe('0')
    expect(await kids(['zone-token-signing-key-9', 'zone-token-signing-key-10'])).toBe('10')
  })

  test('ZT row 054: kid 0 is the un-suffixed secret, and a secret …-0 is no key', async () => {
    await keep('zone-token-signing-key-0', pem(zoneKeyB))
    await expect(keyring(ZONE_KEYS).latest()).rejects.toMatchObject({ code: 'not-found' })
    await keep('zone-token-signing-key', pem(zoneKeyA))
    expect(await codeOf(tokenWith({}, { kid: '0' }), zoneTrust())).toBe('OK')
    expect(await codeOf(tokenWith({}, { kid: '1' }), zoneTrust())).toBe(U)
  })

  test('ZT row 055: tokens from a key …-0002 verify (Δ)', async () => {
    await keep('zone-token-signing-key-1', pem(zoneKeyB))
    await keep('zone-token-signing-key-0002', pem(zoneKeyA))
    const token = await zoneToken()
    expect([headerOf(token).kid, await codeOf(token, zoneTrust())]).toEqual(['0002', 'OK'])
    expect(await codeOf(tokenWith({}, { kid: '2' }), zoneTrust())).toBe(U)
  })

  test('DER keys of old secrets work; what is no key is unusable, and says so', async () => {
    await keep('zone-token-signing-key-1', zoneKeyA.export({ type: 'pkcs1', format: 'der' }))
    expect(await codeOf(tokenWith(), zoneTrust())).toBe('OK')
    await keep('zone-token-signing-key-2', 'no key')
    expect(await keyring(ZONE_KEYS).publicKey('2')).toEqual({
      kind: 'missing',
      text: 'GlobalSecret of name "zone-token-signing-key-2" is unusable: the key cannot be read; use a PEM-encoded RSA key',
    })
    await expect(keyring(ZONE_KEYS).latest()).rejects.toMatchObject({ code: 'invalid-resource' })
    await store.commit([put(draft('GlobalSecret', 'zone-token-signing-key-2'))])
    expect(await keyring(ZONE_KEYS).publicKey('2')).toMatchObject({ kind: 'missing' })
  })

  test('a key that is not there is reported with the name of its secret', async () => {
    const text = (prefix: string) =>
      `there is no signing key with KID 7. ${prefix} is not found. If signing key was rotated, regenerate the token`
    expect(await keyring(ZONE_KEYS).publicKey('7')).toEqual({
      kind: 'missing',
      text: text('GlobalSecret of name "zone-token-signing-key-7"'),
    })
    expect(await keyring(dataplaneKeys('m')).publicKey('7')).toEqual({
      kind: 'missing',
      text: text('Secret of name "dataplane-token-signing-key-m-7" in mesh "m"'),
    })
  })
})

test('a zone verifies with public keys and cannot issue', async () => {
  await keep('zone-token-signing-public-key-1', publicKeyPem(zoneKeyA))
  expect(await codeOf(tokenWith(), zoneTrust(ZONE_PUBLIC_KEYS))).toBe('OK')
  await expect(keyring(ZONE_PUBLIC_KEYS).latest()).rejects.toMatchObject({
    message: expect.stringContaining('issue the token on the global'),
  })
  await keep('zone-token-signing-public-key-2', pem(zoneKeyA))
  expect(await codeOf(tokenWith({}, { kid: '2' }), zoneTrust(ZONE_PUBLIC_KEYS))).toBe(U)
})

test('ZT row 057: the user key of the same control plane does not sign zone tokens', async () => {
  await keep('zone-token-signing-key-1', pem(zoneKeyA))
  await keep('user-token-signing-key-1', pem(userKeyA))
  const token = await issueUserToken({ name: 'joe', groups: [] }, 60_000, ports(USER_KEYS))
  expect(await codeOf(token, zoneTrust())).toBe(U)
})

test('keys of one mesh are not keys of another, whatever its name starts with', async () => {
  await keep('dataplane-token-signing-key-a-1', pem(zoneKeyA), 'a')
  await keep('dataplane-token-signing-key-a-b-1', pem(zoneKeyB), 'a-b')
  const found = await keyring(dataplaneKeys('a-b')).publicKey('1')
  expect(found).toMatchObject({ kind: 'found', key: createPublicKey(zoneKeyB) })
  expect(await keyring(dataplaneKeys('a')).publicKey('b-1')).toMatchObject({ kind: 'missing' })
})

test('ZT row 132: revoking counts from the commit on', async () => {
  await keep('zone-token-signing-key-1', pem(zoneKeyA))
  const token = tokenWith({ jti: 'j1' })
  const trust = zoneTrust()
  expect(await codeOf(token, trust)).toBe('OK')
  await keep('zone-token-revocations', 'j0,j1')
  expect(await codeOf(token, trust)).toBe(U)
  await drop('zone-token-revocations')
  expect(await codeOf(token, trust)).toBe('OK')
})

describe('bootstrap', () => {
  const names = async () => (await store.list('GlobalSecret')).resources.map(({ name }) => name)

  test('makes the keys and the admin token, whose owner is the admin', async () => {
    await ensureSigningKey(store, USER_KEYS)
    await ensureSigningKey(store, ZONE_KEYS)
    await ensureAdminUserToken(store, ports(USER_KEYS))
    expect(await names()).toEqual(['admin-user-token', 'user-token-signing-key-1', 'zone-token-signing-key-1'])
    const secret = await store.get(ADMIN_USER_TOKEN)
    const token = secret === undefined ? '' : secretData(secret).toString()
    const trust = { keys: keyring(USER_KEYS), revocations: storeRevocations(mirror, USER_REVOCATIONS) }
    const users = new UserAuthenticator({ localhostIsAdmin: false, trust, clock, log: silentLogger })
    const request = { remoteAddress: '10.0.0.1', headers: { authorization: `Bearer ${token}` } }
    const groups = ['mesh-system:admin', 'mesh-system:authenticated']
    expect(await users.authenticate(request)).toEqual({ name: 'mesh-system:admin', groups })
    expect(claimsOf(token).exp).toBe(T + 10 * 365 * 24 * 3600)
  })

  test('started twice at once and then again, it makes each once and changes nothing', async () => {
    const start = async () => {
      await ensureSigningKey(store, USER_KEYS)
      await ensureAdminUserToken(store, ports(USER_KEYS))
    }
    await Promise.all([start(), start()])
    const { revision } = await store.head()
    expect(revision).toBe(2)
    await start()
    expect((await store.head()).revision).toBe(2)
  })

  test('a key that was rotated away does not come back', async () => {
    await keep('zone-token-signing-key-2', pem(zoneKeyA))
    await ensureSigningKey(store, ZONE_KEYS)
    expect(await names()).toEqual(['zone-token-signing-key-2'])
  })

  test("a mesh's key belongs to the mesh and goes with it", async () => {
    const mesh = draft('Mesh', 'm')
    await store.commit([put(mesh), put(await signingKeyDraft(dataplaneKeys('m')))])
    await ensureSigningKey(store, dataplaneKeys('m'))
    const { resources } = await store.list('Secret')
    expect(resources.map(({ name, mesh: of }) => [name, of])).toEqual([['dataplane-token-signing-key-m-1', 'm']])
    await store.commit([remove(mesh)])
    expect((await store.list('Secret')).resources).toEqual([])
  })

  test('without a user key there is no admin token, and the error names the key', async () => {
    await expect(ensureAdminUserToken(store, ports(USER_KEYS))).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('GlobalSecret of name "user-token-signing-key-1" is not found'),
    })
  })
})

describe('issued tokens', () => {
  beforeEach(async () => {
    await keep('zone-token-signing-key-1', pem(zoneKeyA))
  })

  test('have the header and claims of Kuma, in its order', async () => {
    const token = await issueZoneToken({ zone: 'z1', scope: ['cp'] }, 90_500, ports(ZONE_KEYS))
    expect(headerOf(token)).toEqual({ alg: 'RS256', kid: '1', typ: 'JWT' })
    const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
    expect(claimsOf(token)).toEqual({
      Zone: 'z1',
      Scope: ['cp'],
      exp: T + 90,
      nbf: T - 5,
      iat: T - 5,
      jti: expect.stringMatching(uuid),
    })
    expect(Object.keys(claimsOf(token))).toEqual(['Zone', 'Scope', 'exp', 'nbf', 'iat', 'jti'])
    const again = await issueZoneToken({ zone: 'z1', scope: ['cp'] }, 90_500, ports(ZONE_KEYS))
    expect(claimsOf(again).jti).not.toBe(claimsOf(token).jti)
  })

  test('of a dataplane state everything, empty or not', async () => {
    const request = { name: '', mesh: 'm', tags: { team: ['a', 'b'] }, type: '', workload: 'w' }
    const token = await issueDataplaneToken(request, 1_000, ports(ZONE_KEYS))
    expect(claimsOf(token)).toMatchObject({ Name: '', Mesh: 'm', Tags: { team: ['a', 'b'] }, Type: '', Workload: 'w' })
  })

  test('valid for 0 or less are expired from the start, as in Kuma', async () => {
    for (const validForMs of [0, -1_000]) {
      const token = await issueZoneToken({ zone: 'z1', scope: ['cp'] }, validForMs, ports(ZONE_KEYS))
      expect(await codeOf(token, zoneTrust())).toBe(U)
    }
    const issuing = issueZoneToken({ zone: 'z1', scope: [] }, Number.NaN, ports(ZONE_KEYS))
    await expect(issuing).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  test('ZT row 117: are good at once on a replica 4 s behind', async () => {
    const token = await issueZoneToken({ zone: 'z1', scope: ['cp'] }, 60_000, ports(ZONE_KEYS))
    expect(await codeOf(token, { ...zoneTrust(), clock: new FakeClock((T - 4) * 1000) })).toBe('OK')
    expect(await codeOf(token, { ...zoneTrust(), clock: new FakeClock((T - 6) * 1000) })).toBe(U)
  })

  test('a fresh key signs what the store then verifies', async () => {
    await keep('zone-token-signing-key-2', pem(await fresh()))
    const token = await issueZoneToken({ zone: 'z1', scope: ['cp'] }, 60_000, ports(ZONE_KEYS))
    expect([headerOf(token).kid, await codeOf(token, zoneTrust())]).toEqual(['2', 'OK'])
  })
})
