import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { MANAGER_ROUTE_TABLE, type ManagerRouteRow } from '../../../src/platform/route-table.js'
import { call, ManagerLab } from './manager-lab.js'

/** Every operation of the manager with every class of credential: who may is what docs/endpoints.md says. */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + offsetMs }
let offsetMs = 0

const lab = new ManagerLab(undefined, { clock })
let controlPlane: string
let account: { readonly id: string; readonly token: string }
let viewer: string
let creator: string
let elsewhere: string
let deleted: string
let revoked: string
let expired: string

beforeAll(async () => {
  offsetMs = -7_200_000
  await lab.start()
  expired = (await lab.newAccount('late', { role: 'Admin' })).token
  offsetMs = 0
  controlPlane = await lab.newControlPlane('walked')
  account = await lab.newAccount('connector', { role: 'Connector', on: controlPlane, region: 'us' })
  viewer = (await lab.newAccount('viewer', { role: 'Viewer', on: controlPlane, region: 'us' })).token
  const gone = await lab.newAccount('gone', { role: 'Admin' })
  await lab.call('DELETE', `/v3/system-accounts/${gone.id}`)
  deleted = gone.token
  const revoking = await lab.newAccount('revoked', { role: 'Admin' })
  const [token] = (await lab.call('GET', `/v3/system-accounts/${revoking.id}/access-tokens`)).body.data
  await lab.call('DELETE', `/v3/system-accounts/${revoking.id}/access-tokens/${token.id}`)
  revoked = revoking.token
  const another = await lab.newControlPlane('another')
  elsewhere = (await lab.newAccount('elsewhere', { role: 'Admin', on: another })).token
  creator = (await lab.newAccount('creator', { role: 'Creator' })).token
})

afterAll(() => lab.stop())

const NOBODY = '00000000-0000-4000-8000-000000000000'

function urlOf({ path }: ManagerRouteRow): string {
  return path
    .replace('{cpId}', controlPlane)
    .replace('{accountId}', account.id)
    .replace('{shard}', 'us-1')
    .replace('**', 'meshes/x')
    .replaceAll(/\{\w+\}/g, NOBODY)
}

/** What a caller gets for an operation. The feed does not end by itself: its status is all that is looked at. */
async function statusOf(row: ManagerRouteRow, token: string | null): Promise<number> {
  const method = row.method === 'any other' ? 'PUT' : row.method
  const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} }
  return (await call(lab.url() + urlOf(row), method, { token, ...body })).status
}

async function walk(
  token: string | null,
  rows: readonly ManagerRouteRow[],
  isRight: (row: ManagerRouteRow, status: number) => boolean,
) {
  const wrong: string[] = []
  for (const row of rows) {
    const status = await statusOf(row, token)
    if (!isRight(row, status)) wrong.push(`${row.method} ${row.path} (${row.needs}): ${status}`)
  }
  return wrong
}

const OWN = MANAGER_ROUTE_TABLE.filter(({ path }) => !path.startsWith('/internal/'))
const ANY = 'any token of the organisation'

test.each([
  ['none', () => null],
  ['a malformed one', () => 'x'],
  ['one that nobody has', () => `spat_${randomBytes(24).toString('hex')}`],
  ['one of an account that was deleted', () => deleted],
  ['one that was revoked', () => revoked],
  ['one that has expired', () => expired],
  ['a JWT', () => 'eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.e30.AA'],
])('%s is 401 everywhere', async (_what, token) => {
  expect(await walk(token(), MANAGER_ROUTE_TABLE, (_row, status) => status === 401)).toEqual([])
})

test("another organisation's admin finds nothing of this one", async () => {
  const named = OWN.filter(({ path }) => path.includes('{cpId}') || path.includes('{accountId}'))
  expect(await walk(lab.adminToken('other'), named, (_row, status) => status === 403 || status === 404)).toEqual([])
})

test('an Admin of another control plane finds nothing of this one', async () => {
  const named = OWN.filter(({ path }) => path.includes('{cpId}'))
  expect(named.length).toBeGreaterThan(5)
  expect(await walk(elsewhere, named, (_row, status) => status === 403 || status === 404)).toEqual([])
})

test.each([
  ['Connector', () => account.token],
  ['Viewer', () => viewer],
  ['Creator', () => creator],
])('a token whose holder is %s may what that role may, and nothing more', async (role, token) => {
  const may = ({ needs }: ManagerRouteRow) =>
    needs === ANY || (needs.includes(role) && /on (the|all) control plane/.test(needs))
  const refused = (status: number) => status === 403 || status === 404
  expect(await walk(token(), OWN.filter(may), (_row, status) => status !== 401 && status !== 403)).toEqual([])
  expect(
    await walk(
      token(),
      OWN.filter((row) => !may(row)),
      (_row, status) => refused(status),
    ),
  ).toEqual([])
})

test('nobody but the shard itself reads its feed or tells it events', async () => {
  const internal = MANAGER_ROUTE_TABLE.filter(({ path }) => path.startsWith('/internal/'))
  expect(internal.length).toBe(2)
  expect(await walk(lab.adminToken(), internal, (_row, status) => status === 401)).toEqual([])
  const events = internal.filter(({ method }) => method === 'POST')
  expect(await walk(lab.shardToken('us-1'), events, (_row, status) => status === 400)).toEqual([])
})

test("the organisation's admin is refused nowhere", async () => {
  const deleting = (row: ManagerRouteRow) => row.method === 'DELETE'
  const rows = [...OWN.filter((row) => !deleting(row)), ...OWN.filter(deleting)]
  expect(await walk(lab.adminToken(), rows, (_row, status) => status !== 401 && status !== 403)).toEqual([])
})
