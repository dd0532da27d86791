import { expect, test } from 'vitest'
import { ensureSigningKey } from '../../../src/auth/bootstrap-secrets.js'
import { dataplaneTokenAuthenticator } from '../../../src/auth/dataplane-authenticator.js'
import { issueDataplaneToken, issueUserToken, issueZoneToken } from '../../../src/auth/issue.js'
import { TenantTrust } from '../../../src/auth/tenant-trust.js'
import {
  dataplaneKeys,
  dataplaneRevocations,
  secretSpec,
  USER_KEYS,
  ZONE_KEYS,
} from '../../../src/auth/token-secrets.js'
import { silentLogger } from '../../../src/base/log.js'
import { seededRandom } from '../../../src/base/random.js'
import { parseTenantId } from '../../../src/model/tenant.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import { FakeClock } from '../../support/fake-clock.js'
import { draft, put } from '../../support/resource-builder.js'
import { codeOf, T, U } from '../../unit/auth/token-lab.js'

const clock = new FakeClock(T * 1000)
const random = seededRandom(2)
const stores = new MemoryStore({ clock, random })
const zone = { zone: 'z1', scope: ['cp'] }
const proxy = { name: 'dp-1', mesh: 'm', tags: {}, type: '', workload: '' }

async function controlPlane(name: string) {
  const store = stores.tenant(parseTenantId(name))
  for (const place of [ZONE_KEYS, USER_KEYS, dataplaneKeys('m'), dataplaneKeys('n')])
    await ensureSigningKey(store, place)
  return { store, trust: new TenantTrust({ store, clock, random, log: silentLogger }) }
}

test('a token holds for its own kind and control plane only', async () => {
  const [a, b] = await Promise.all([controlPlane('a'), controlPlane('b')])
  const lets = ({ trust }: typeof a, token: string) => codeOf(token, { trust: { find: () => trust.zone } })
  const own = await issueZoneToken(zone, 60_000, a.trust.issuer(ZONE_KEYS))
  const user = await issueUserToken({ name: 'joe', groups: [] }, 60_000, a.trust.issuer(USER_KEYS))
  const dataplane = await issueDataplaneToken(proxy, 60_000, a.trust.issuer(dataplaneKeys('m')))
  expect(await lets(a, own)).toBe('OK')
  expect(await lets(b, own)).toBe(U)
  expect([await lets(a, user), await lets(a, dataplane)]).toEqual([U, U])
  a.trust.close()
  expect(await lets(a, own)).toBe('unavailable')
})

test('a dataplane token is revoked by a secret of its mesh', async () => {
  const { store, trust } = await controlPlane('c')
  const sidecars = dataplaneTokenAuthenticator({
    clock,
    trustOf: (mesh) => trust.dataplane(mesh),
    identityFromWorkload: () => false,
    log: silentLogger,
  })
  const claimed = { mesh: 'm', name: 'dp-1', labels: {} }
  const token = await issueDataplaneToken(proxy, 60_000, trust.issuer(dataplaneKeys('m')))
  await expect(sidecars.authenticate([token], claimed)).resolves.toBeUndefined()
  await expect(sidecars.authenticate([token], { ...claimed, mesh: 'n' })).rejects.toMatchObject({ code: U })
  await expect(sidecars.authenticate([token], { ...claimed, mesh: 'unheard-of' })).rejects.toMatchObject({ code: U })
  const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const list = { ...dataplaneRevocations('m'), spec: secretSpec(jti) }
  await store.commit([put({ ...draft('Secret', list.name), ...list })])
  await expect(sidecars.authenticate([token], claimed)).rejects.toMatchObject({
    message: 'authentication failed: token is revoked',
  })
})
