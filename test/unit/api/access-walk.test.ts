import { beforeAll, describe, expect, test } from 'vitest'
import { TENANT_PREFIX } from '../../../src/api/plugin.js'
import { ROUTE_TABLE, type RouteRow } from '../../../src/api/route-table.js'
import { ADMIN } from '../../../src/auth/api-user.js'
import { signingKeyDraft } from '../../../src/auth/bootstrap-secrets.js'
import { issueDataplaneToken, issueUserToken, issueZoneToken } from '../../../src/auth/issue.js'
import { TenantTrust } from '../../../src/auth/tenant-trust.js'
import { dataplaneKeys, secretSpec, USER_KEYS, USER_REVOCATIONS, ZONE_KEYS } from '../../../src/auth/token-secrets.js'
import { UserAuthenticator } from '../../../src/auth/user-authenticator.js'
import { silentLogger } from '../../../src/base/log.js'
import { systemRandom } from '../../../src/base/random.js'
import type { TenantStore } from '../../../src/store/store.js'
import { draft, put } from '../../support/resource-builder.js'
import { type ApiLab, apiLab, OTHER_TENANT } from './api-lab.js'
import { bodyOf, isForAdmins, pathOf } from './walked-operation.js'

/**
 * Every operation of the API with every class of credential, on a global's bare mount, on the mount of a control plane, and
 * on a zone: 401 for what does not hold, 403 for too small a role, and neither for who may.
 */

const HOUR_MS = 3_600_000

interface Walk {
  readonly lab: ApiLab
  readonly prefix: string
  /** By class of credential. */
  readonly headers: Readonly<Record<Credential, Readonly<Record<string, string>>>>
}

const DO_NOT_HOLD = [
  'malformed',
  'expired',
  'revoked',
  'of another control plane',
  'of a zone',
  'of a sidecar',
  'an access token',
  'unsigned',
] as const
const HOLD = ['none', 'another scheme', 'too small a role', 'right'] as const
type Credential = (typeof DO_NOT_HOLD)[number] | (typeof HOLD)[number]

async function walkOf(prefix: string, zone: boolean): Promise<Walk> {
  const trusts = new Map<TenantStore, TenantTrust>()
  const trustOf = (store: TenantStore): TenantTrust => {
    const trust =
      trusts.get(store) ?? new TenantTrust({ store, clock: lab.clock, random: systemRandom, log: silentLogger })
    trusts.set(store, trust)
    return trust
  }
  const users = new Map<TenantStore, UserAuthenticator>()
  const usersOf = (store: TenantStore): UserAuthenticator => {
    const { user: trust } = trustOf(store)
    const options = { localhostIsAdmin: false, trust, clock: lab.clock, log: silentLogger }
    const authenticator = users.get(store) ?? new UserAuthenticator(options)
    users.set(store, authenticator)
    return authenticator
  }
  const lab: ApiLab = await apiLab({
    ...(zone && { cp: { mode: 'zone', zone: 'zone-1', federated: true } as never }),
    authenticate: (caller, store) => usersOf(store).authenticate(caller),
    tokens: { zone: async () => 'token', user: async () => 'token', dataplane: async () => 'token' },
  })
  for (const store of [lab.store, lab.otherStore]) {
    await store.commit([
      { kind: 'put', resource: await signingKeyDraft(USER_KEYS), expect: 'any' },
      { kind: 'put', resource: await signingKeyDraft(ZONE_KEYS), expect: 'any' },
      { kind: 'put', resource: await signingKeyDraft(dataplaneKeys('default')), expect: 'any' },
      put(draft('Mesh', 'default')),
      // Kuma looks whether a secret is there before it looks who wants to delete it.
      put(draft('GlobalSecret', 'x')),
      put(draft('Secret', 'x')),
    ])
  }
  const mine = prefix === '' ? lab.store : lab.otherStore
  const theirs = prefix === '' ? lab.otherStore : lab.store
  const headers = await headersOf(mine, trustOf(mine), trustOf(theirs))
  return { lab, prefix, headers }
}

async function headersOf(store: TenantStore, mine: TenantTrust, theirs: TenantTrust): Promise<Walk['headers']> {
  const admin = { name: ADMIN, groups: [ADMIN] }
  const user = (groups: readonly string[], validForMs = HOUR_MS, trust = mine) =>
    issueUserToken({ name: groups.length > 0 ? ADMIN : 'bob', groups }, validForMs, trust.issuer(USER_KEYS))
  const revoked = await user(admin.groups)
  const { jti } = JSON.parse(Buffer.from(revoked.split('.')[1] ?? '', 'base64url').toString()) as { jti: string }
  const list = { labels: {}, spec: secretSpec(jti), status: undefined, owner: undefined, syncedVersion: undefined }
  await store.commit([{ kind: 'put', resource: { ...USER_REVOCATIONS, ...list }, expect: 'any' }])
  const right = await user(admin.groups)
  const zone = await issueZoneToken({ zone: 'zone-1', scope: ['cp'] }, HOUR_MS, mine.issuer(ZONE_KEYS))
  const sidecar = { name: ADMIN, mesh: 'default', tags: {}, type: '', workload: '' }
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  return {
    none: {},
    'another scheme': { authorization: `bearer ${right}` },
    malformed: bearer('a.b.c'),
    expired: bearer(await user(admin.groups, 0)),
    revoked: bearer(revoked),
    'of another control plane': bearer(await user(admin.groups, HOUR_MS, theirs)),
    'of a zone': bearer(zone),
    'of a sidecar': bearer(await issueDataplaneToken(sidecar, HOUR_MS, mine.issuer(dataplaneKeys('default')))),
    'an access token': bearer(`spat_${'a'.repeat(49)}`),
    unsigned: bearer(`${right.split('.').slice(0, 2).join('.')}.`),
    'too small a role': bearer(await user([])),
    right: bearer(right),
  }
}

/** `METHOD path` → status, of every operation. */
async function statuses(
  { lab, prefix, headers }: Walk,
  credential: Credential,
): Promise<ReadonlyMap<RouteRow, number>> {
  const seen = new Map<RouteRow, number>()
  for (const row of ROUTE_TABLE) {
    const url = prefix + pathOf(row)
    const body = bodyOf(row)
    const asked = { headers: headers[credential], ...(body && { body: JSON.stringify(body) }) }
    seen.set(row, (await lab.ask(row.method, url, asked)).statusCode)
  }
  return seen
}

const wrong = (seen: ReadonlyMap<RouteRow, number>, isRight: (row: RouteRow, status: number) => boolean) =>
  [...seen]
    .filter(([row, status]) => !isRight(row, status))
    .map(([{ method, path }, status]) => `${method} ${path}: ${status}`)

describe.each([
  ['the bare mount of a global', '', false],
  ['the mount of a control plane', TENANT_PREFIX.replace(':cpId', OTHER_TENANT), false],
  ['a zone', '', true],
] as const)('%s', (_where, prefix, zone) => {
  let walk: Walk
  beforeAll(async () => {
    walk = await walkOf(prefix, zone)
  }, 60_000)

  test.each(DO_NOT_HOLD)('a user token that is %s is 401 everywhere but at /', async (credential) => {
    const seen = await statuses(walk, credential)
    expect(wrong(seen, ({ anonymous }, status) => (status === 401) !== anonymous)).toEqual([])
  })

  test.each(['none', 'another scheme', 'too small a role'] as const)(
    '%s is 403 exactly where admins only may',
    async (credential) => {
      const seen = await statuses(walk, credential)
      expect(wrong(seen, (row, status) => status !== 401 && (status === 403) === isForAdmins(row))).toEqual([])
    },
  )

  test('the right one is refused nowhere', async () => {
    const seen = await statuses(walk, 'right')
    expect(wrong(seen, (_row, status) => status !== 401 && status !== 403)).toEqual([])
  })
})

test('the walk has operations of both kinds', () => {
  const admins = ROUTE_TABLE.filter(isForAdmins)
  expect(admins.length).toBeGreaterThan(10)
  expect(ROUTE_TABLE.length - admins.length).toBeGreaterThan(100)
})
