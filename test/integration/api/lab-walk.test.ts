import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ROUTE_TABLE, type RouteRow } from '../../../src/api/route-table.js'
import { ADMIN } from '../../../src/auth/api-user.js'
import { readJws } from '../../../src/auth/gate.js'
import { findComponent } from '../../../src/lab/components.js'
import { startLab, type TestLab } from '../../../src/lab/testing.js'
import { keptFetch } from '../../../src/transport/http/kept-fetch.js'
import { bodyOf, isForAdmins, pathOf } from '../../unit/api/walked-operation.js'
import { eventually } from '../kds/control-planes.js'

/**
 * Kuma's API as a running lab serves it, over TLS: of a control plane by way of the platform, at its global, and of a zone. Every
 * operation by way of the platform, and one of each kind at the others (`access-walk.test.ts` has them all), with every class of credential.
 */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

type Door = 'platform' | 'global' | 'zone-1'
/** Who is nobody, who is known and finds nothing here, who may connect zones and nothing else, who reads, and who may everything. */
type Outcome = 'nobody' | 'elsewhere' | 'connects' | 'reads' | 'right'

const CLASSES: Readonly<Record<Door, Readonly<Record<string, Outcome>>>> = {
  platform: {
    none: 'nobody',
    'a malformed one': 'nobody',
    'one that nobody has': 'nobody',
    'one that has expired': 'nobody',
    'one that was revoked': 'nobody',
    "the control plane's own user token of an admin": 'nobody',
    "the zone's JWT": 'nobody',
    'a dataplane token': 'nobody',
    'an Admin of another control plane': 'elsewhere',
    "another organisation's admin": 'elsewhere',
    "a provisioned zone's access token": 'connects',
    'a Viewer': 'reads',
    'an Admin': 'right',
  },
  global: {
    none: 'reads',
    'a malformed one': 'nobody',
    'one that has expired': 'nobody',
    'one that was revoked': 'nobody',
    "another control plane's admin": 'nobody',
    "the zone's JWT": 'nobody',
    'a dataplane token': 'nobody',
    'an access token of an Admin': 'nobody',
    "another organisation's access token": 'nobody',
    'a user without groups': 'reads',
    'an admin': 'right',
  },
  'zone-1': {
    none: 'reads',
    'a malformed one': 'nobody',
    'one that has expired': 'nobody',
    "another zone's admin": 'nobody',
    "its control plane's admin": 'nobody',
    "the zone's JWT": 'nobody',
    'a dataplane token': 'nobody',
    'an access token of an Admin': 'nobody',
    "another organisation's access token": 'nobody',
    'a user without groups': 'reads',
    'an admin': 'right',
  },
}

let lab: TestLab
let ask: typeof fetch
let cpId: string
const tokens = new Map<string, string>()
const bases = new Map<Door, string>()

beforeAll(async () => {
  lab = await startLab({ zones: 2, dataplanes: 0, auth: 'sat' })
  const { view } = lab
  ask = keptFetch(readFileSync(view.caFile ?? '', 'utf8'))
  cpId = Object.values(view.controlPlanes)[0]?.id ?? ''
  const mount = `/v1/mesh/control-planes/${cpId}/api`
  const component = (name: string) => findComponent(view.components, name, undefined)
  bases.set('platform', `${component('platform').endpoints.api}${mount}`)
  bases.set('global', `${component('global').endpoints.apiHttps}${mount}`)
  bases.set('zone-1', component('zone-1').endpoints.apiHttps ?? '')
  for (const url of bases.values()) expect(url).toMatch(/^https:/)
  const { adminTokenFile = '' } = component('platform')
  const fileOf = (file: string | undefined) => readFileSync(file ?? '', 'utf8').trim()
  tokens.set('an Admin', fileOf(adminTokenFile))
  tokens.set("another organisation's admin", fileOf(`${adminTokenFile}.guests`))
  tokens.set("another zone's admin", fileOf(component('zone-2').adminTokenFile))
  tokens.set("a provisioned zone's access token", fileOf(component('zone-1').zoneTokenFile))
  await platformTokens()
  await userTokens('global', `${bases.get('platform')}`, tokens.get('an Admin') ?? '')
  await userTokens('zone-1', `${bases.get('zone-1')}`, fileOf(component('zone-1').adminTokenFile))
})
afterAll(() => lab?.stop())

async function call(url: string, method: string, token: string | undefined, body?: object) {
  const headers = {
    'content-type': 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  const answer = await ask(url, { method, headers, ...(body && { body: JSON.stringify(body) }) })
  return { status: answer.status, text: await answer.text() }
}

/** Access tokens of accounts that were made for this. */
async function platformTokens(): Promise<void> {
  const origin = new URL(bases.get('platform') ?? '').origin
  const admin = tokens.get('an Admin')
  const post = async (path: string, body: object) => {
    const { status, text } = await call(origin + path, 'POST', admin, body)
    expect([path, status]).toEqual([path, 201])
    return JSON.parse(text) as { id: string; token: string }
  }
  const account = async (role: string, on: string, validForMs = 3_600_000) => {
    const { id } = await post('/v3/system-accounts', {
      name: `walker-${randomBytes(4).toString('hex')}`,
      description: '',
    })
    await post(`/v3/system-accounts/${id}/assigned-roles`, {
      ...{ role_name: role, entity_id: on, entity_type_name: 'Mesh Control Planes', entity_region: 'us' },
    })
    const expires_at = new Date(Date.now() + validForMs).toISOString()
    const made = await post(`/v3/system-accounts/${id}/access-tokens`, { name: 'walk', expires_at })
    return { token: made.token, url: `${origin}/v3/system-accounts/${id}/access-tokens/${made.id}` }
  }
  const { id: another } = await post('/v1/mesh/control-planes', { name: 'another' })
  const late = await account('Admin', cpId, 1_000)
  const revoked = await account('Admin', cpId)
  expect((await call(revoked.url, 'DELETE', admin)).status).toBe(204)
  tokens.set('a malformed one', 'a.b.c')
  tokens.set('one that nobody has', `spat_${randomBytes(24).toString('hex')}`)
  tokens.set('platform: one that was revoked', revoked.token)
  tokens.set('an Admin of another control plane', (await account('Admin', another)).token)
  tokens.set('a Viewer', (await account('Viewer', cpId)).token)
  tokens.set('an access token of an Admin', (await account('Admin', cpId)).token)
  tokens.set("another organisation's access token", tokens.get("another organisation's admin") ?? '')
  tokens.set('platform: one that has expired', late.token)
  await eventually('the token has expired', async () =>
    (await call(`${bases.get('platform')}/meshes`, 'GET', late.token)).status === 401 ? true : undefined,
  )
  const elsewhere = `${origin}/v1/mesh/control-planes/${another}/api/tokens/user`
  const { text } = await call(elsewhere, 'POST', admin, { name: ADMIN, groups: [ADMIN], validFor: '1h' })
  tokens.set("another control plane's admin", text)
}

/** What a control plane itself has issued. */
async function userTokens(door: 'global' | 'zone-1', base: string, admin: string): Promise<void> {
  const issue = async (kind: string, claims: object) => {
    const { status, text } = await call(`${base}/tokens/${kind}`, 'POST', admin, { validFor: '1h', ...claims })
    expect([door, kind, status, status === 200 ? '' : text]).toEqual([door, kind, 200, ''])
    return text
  }
  const user = (groups: readonly string[], more = {}) => issue('user', { name: groups[0] ?? 'ann', groups, ...more })
  tokens.set(`${door}: an admin`, await user([ADMIN]))
  tokens.set(`${door}: a user without groups`, await user([]))
  tokens.set(`${door}: one that has expired`, await user([ADMIN], { validFor: '-1s' }))
  if (door === 'zone-1') return
  tokens.set("the control plane's own user token of an admin", tokens.get('global: an admin') ?? '')
  tokens.set("its control plane's admin", tokens.get('global: an admin') ?? '')
  tokens.set("the zone's JWT", await issue('zone', { zone: 'zone-1', scope: ['cp'] }))
  tokens.set('a dataplane token', await issue('dataplane', { mesh: 'default' }))
  const revoked = await user([ADMIN])
  tokens.set('global: one that was revoked', revoked)
  const jws = readJws(revoked)
  if (jws.kind === 'refused') throw new Error(jws.text)
  const { jti } = JSON.parse(jws.payload.toString()) as { jti: string }
  const list = { type: 'GlobalSecret', name: 'user-token-revocations', data: Buffer.from(jti).toString('base64') }
  expect((await call(`${base}/global-secrets/${list.name}`, 'PUT', admin, list)).status).toBe(201)
}

const kindOf = (row: RouteRow) => `${row.method} ${isForAdmins(row)} ${row.anonymous} ${bodyOf(row) !== undefined}`
const ONE_OF_EACH_KIND = [...new Map(ROUTE_TABLE.map((row) => [kindOf(row), row])).values()]

const IS_RIGHT: Readonly<Record<Outcome, (row: RouteRow, status: number, door: Door) => boolean>> = {
  nobody: ({ anonymous }, status, door) => (status === 401) !== (anonymous && door !== 'platform'),
  elsewhere: (_row, status) => status === 404,
  connects: (_row, status) => status === 403,
  // A Viewer of the platform writes nothing; who is nobody in particular at a control plane, what is not for admins.
  reads: (row, status, door) =>
    status !== 401 && (status === 403) === (isForAdmins(row) || (door === 'platform' && row.method !== 'GET')),
  right: (_row, status) => status !== 401 && status !== 403,
}

describe.each(Object.keys(CLASSES) as Door[])('the API at %s', (door) => {
  // Kuma looks whether a secret is there before it looks who wants to delete it.
  beforeAll(async () => {
    const right = tokens.get(`${door}: an admin`) ?? tokens.get('an Admin')
    for (const row of ROUTE_TABLE.filter(({ method, path }) => method === 'PUT' && /secrets\/\{name\}$/.test(path))) {
      expect((await call(bases.get(door) + pathOf(row), 'PUT', right, bodyOf(row))).status).toBeLessThan(300)
    }
  })

  test.each(Object.entries(CLASSES[door]))('%s: %s', async (credential, outcome) => {
    const token = tokens.get(`${door}: ${credential}`) ?? tokens.get(credential)
    expect(token === undefined).toBe(credential === 'none')
    const wrong: string[] = []
    for (const row of door === 'platform' ? ROUTE_TABLE : ONE_OF_EACH_KIND) {
      const { status } = await call(bases.get(door) + pathOf(row), row.method, token, bodyOf(row))
      if (!IS_RIGHT[outcome](row, status, door)) wrong.push(`${row.method} ${row.path}: ${status}`)
    }
    expect(wrong).toEqual([])
  })
})

test('the walk has operations of each kind', () => {
  expect(ONE_OF_EACH_KIND.length).toBeGreaterThan(7)
})
