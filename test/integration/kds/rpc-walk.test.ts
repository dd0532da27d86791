import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readJws } from '../../../src/auth/gate.js'
import { KDS_STREAMS } from '../../../src/global/sessions.js'
import { parseTenantId, type TenantId } from '../../../src/model/tenant.js'
import type { AdmittedCredential } from '../../../src/wire/admission-feed.js'
import { KDS } from '../../../src/wire/kds-service.js'
import { Api, ControlPlanes, eventually } from './control-planes.js'
import { FakePlatform } from './fake-platform.js'
import { rpcAnswers } from './rpc-answers.js'

/** All six RPCs of KDS with every class of credential, over real gRPC; they must agree (auth.md §4.1). */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const A = parseTenantId('11111111-2222-4333-8444-55555555555a')
const B = parseTenantId('11111111-2222-4333-8444-55555555555b')
const U = 'unauthenticated'
const PD = 'permission-denied'

const planes = new ControlPlanes()
const platform = new FakePlatform()
const tokens = new Map<string, string>()
let target: string

const CLASSES = [
  ['none', U],
  ['malformed', U],
  ['an expired zone token', U],
  ['a revoked zone token', U],
  ["another control plane's zone token", U],
  ["another zone's zone token", PD],
  ['a zone token without the scope', PD],
  ['a user token', U],
  ['a dataplane token', U],
  ['an access token that nobody has', U],
  ['an expired access token', U],
  ['an access token for another control plane', PD],
  ["another organisation's access token", PD],
  ['an access token for another region', PD],
  ["another zone's managed access token", PD],
  ['an access token of too small a role', PD],
  ['the right zone token', 'OK'],
  ['the right access token', 'OK'],
] as const

function accessToken(name: string, changes: Partial<AdmittedCredential> = {}): AdmittedCredential {
  const token = `spat_${randomBytes(24).toString('hex')}`
  tokens.set(name, token)
  return {
    kind: 'credential',
    digest: createHash('sha256').update(token).digest('hex'),
    id: name,
    tokenKind: 'sat',
    holder: { kind: 'account', id: name, name },
    organization: 'org-1',
    expiresAtMs: Date.now() + 3_600_000,
    grants: [{ role: 'Connector', controlPlane: A, region: 'us' }],
    ...changes,
  }
}

const controlPlane = (id: TenantId) =>
  ({
    kind: 'control-plane',
    id,
    organization: 'org-1',
    region: 'us',
    zoneCredentials: 'both',
    personalTokens: true,
    organizationState: 'active',
  }) as const

beforeAll(async () => {
  accessToken('an access token that nobody has')
  platform.state = [
    controlPlane(A),
    controlPlane(B),
    accessToken('the right access token'),
    accessToken('an expired access token', { expiresAtMs: Date.now() - 1 }),
    accessToken('an access token for another control plane', {
      grants: [{ role: 'Admin', controlPlane: B, region: '*' }],
    }),
    accessToken("another organisation's access token", {
      organization: 'org-2',
      grants: [{ role: 'Admin', controlPlane: '*', region: '*' }],
    }),
    accessToken('an access token for another region', {
      grants: [{ role: 'Connector', controlPlane: A, region: 'eu' }],
    }),
    accessToken("another zone's managed access token", { zone: { controlPlane: A, name: 'zone-2' } }),
    accessToken('an access token of too small a role', { grants: [{ role: 'Viewer', controlPlane: A, region: 'us' }] }),
  ]
  const { endpoints } = await planes.global({
    kdsAuth: 'sat',
    tenants: true,
    controlPlanes: `${A},${B}`,
    platformUrl: await platform.listen(),
    platformTokenFile: planes.file('shard-token', platform.token),
    // The heart of the fake platform shares this process.
    ...({ admissionMaxAgeMs: '60s' } as object),
  })
  target = `127.0.0.1:${endpoints.kds}`
  const api = (id: TenantId) => new Api(endpoints.apiHttp, `/v1/mesh/control-planes/${id}/api`)
  const zoneToken = (id: TenantId, changes: object = {}) =>
    api(id).text('/tokens/zone', { zone: 'zone-1', scope: ['cp'], validFor: '1h', ...changes })
  tokens.set('malformed', 'a.b.c')
  tokens.set('the right zone token', await zoneToken(A))
  tokens.set('an expired zone token', await zoneToken(A, { validFor: '-1s' }))
  tokens.set("another control plane's zone token", await zoneToken(B))
  tokens.set("another zone's zone token", await zoneToken(A, { zone: 'zone-2' }))
  tokens.set('a zone token without the scope', await zoneToken(A, { scope: ['ingress'] }))
  tokens.set('a user token', await api(A).text('/tokens/user', { name: 'ann', groups: [], validFor: '1h' }))
  tokens.set('a dataplane token', await api(A).text('/tokens/dataplane', { mesh: 'default', validFor: '1h' }))
  const revoked = await zoneToken(A)
  tokens.set('a revoked zone token', revoked)
  const name = 'zone-token-revocations'
  const data = Buffer.from(idOf(revoked)).toString('base64')
  await api(A).put(`/global-secrets/${name}`, { type: 'GlobalSecret', name, data })
  await eventually('the platform was heard', async () =>
    (await walk('the right access token')).HealthCheck === 'OK' ? true : undefined,
  )
})

afterAll(async () => {
  await planes.close()
  await platform.close()
})

function idOf(token: string): string {
  const jws = readJws(token)
  if (jws.kind === 'refused') throw new Error(jws.text)
  return (JSON.parse(jws.payload.toString()) as { jti: string }).jti
}

/** What each RPC answers who presents that credential as zone-1 of control plane A. */
function walk(credential: string): Promise<Readonly<Record<string, string>>> {
  return rpcAnswers(target, tokens.get(credential), A)
}

test.each(CLASSES)('%s is %s on every RPC', async (credential, expected) => {
  const answers = await walk(credential)
  expect(answers).toEqual(Object.fromEntries(['HealthCheck', ...KDS_STREAMS].map((rpc) => [rpc, expected])))
})

test('the walk has every RPC that there is', () => {
  expect(['HealthCheck', ...KDS_STREAMS].sort()).toEqual(Object.keys(KDS).sort())
})
