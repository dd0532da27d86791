import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { HANDOFF_ROUTES } from '../../../src/global/tenant-handoff.js'
import { OPERATOR_ROUTES } from '../../../src/platform/operator-routes.js'
import { DIAGNOSTICS_ROUTES } from '../../../src/transport/http/diagnostics.js'
import { FAULT_ROUTES } from '../../../src/zone/fault-routes.js'
import { ControlPlanes } from '../kds/control-planes.js'
import { ManagerLab, OPERATOR_TOKEN } from '../platform/manager-lab.js'

/** What is for the lab's own processes and its operator alone, with every class of credential, over real sockets. */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

interface Door {
  readonly method: string
  readonly path: string
}
type Process = 'global' | 'zone' | 'manager'

const fresh = () => randomBytes(16).toString('hex')
const TOKENS: Readonly<Record<Process, string>> = { global: fresh(), zone: fresh(), manager: OPERATOR_TOKEN }

const planes = new ControlPlanes()
const lab = new ManagerLab()
const diagnostics = new Map<Process, string>()
const credentials = new Map<string, string>()
let api: string

beforeAll(async () => {
  await lab.start()
  const {
    endpoints,
    address,
    api: own,
  } = await planes.global({
    diagnosticsToken: TOKENS.global,
    tenants: true,
    platformTokenFile: lab.tokenFile('us-1'),
  })
  const zone = await planes.zone('zone-1', address, { diagnosticsToken: TOKENS.zone })
  diagnostics.set('global', `http://127.0.0.1:${endpoints.diagnostics}`)
  diagnostics.set('zone', `http://127.0.0.1:${zone.endpoints.diagnostics}`)
  diagnostics.set('manager', lab.operatorUrl)
  api = `http://127.0.0.1:${endpoints.apiHttp}/v1/mesh/control-planes/`
  const admin = { name: 'mesh-system:admin', groups: ['mesh-system:admin'], validFor: '1h' }
  const bearer = async (name: string, token: string | Promise<string>) => credentials.set(name, `Bearer ${await token}`)
  await bearer('a malformed one', 'x')
  await bearer('nothing after Bearer', '')
  await bearer('a user token of an admin', own.text('/tokens/user', admin))
  await bearer('a zone token', own.text('/tokens/zone', { zone: 'zone-1', scope: ['cp'], validFor: '1h' }))
  await bearer('a dataplane token', own.text('/tokens/dataplane', { mesh: 'default', validFor: '1h' }))
  await bearer("an organisation's admin token", lab.adminToken())
  await bearer("another organisation's admin token", lab.adminToken('other'))
  await bearer('an access token that may everything', (await lab.newAccount('all', { role: 'Admin' })).token)
})

afterAll(async () => {
  await planes.close()
  await lab.stop()
})

async function statusOf(url: string, method: string, authorization: string | undefined, body?: string) {
  const headers = { ...(authorization !== undefined && { authorization }), 'content-type': 'application/json' }
  const abort = new AbortController()
  const answer = await fetch(url, { method, headers, signal: abort.signal, ...(body !== undefined && { body }) })
  // Some streams have no end.
  abort.abort()
  return answer.status
}

const guarded: readonly Door[] = DIAGNOSTICS_ROUTES.filter((route) => route.guarded).map(({ path }) => ({
  method: 'GET',
  path,
}))
const DOORS: Readonly<Record<Process, readonly Door[]>> = {
  global: guarded,
  zone: [...guarded, ...FAULT_ROUTES],
  manager: [...guarded, ...OPERATOR_ROUTES.map(({ path }) => ({ method: 'GET', path }))],
}
const CLASSES = [
  'none',
  'a malformed one',
  'nothing after Bearer',
  'a user token of an admin',
  'a zone token',
  'a dataplane token',
  "an organisation's admin token",
  "another organisation's admin token",
  'an access token that may everything',
]

describe.each(Object.keys(DOORS) as Process[])('diagnostics of the %s', (process) => {
  const walk = async (authorization: string | undefined) => {
    const seen: Record<string, number> = {}
    for (const { method, path } of DOORS[process]) {
      const url = `${diagnostics.get(process)}${path.replace('{id}', 'x')}`
      const body = method === 'PUT' ? '{"id":"x","kind":"half-open","durationMs":1}' : undefined
      seen[`${method} ${path}`] = await statusOf(url, method, authorization, body)
    }
    return seen
  }
  const all = (status: number) =>
    Object.fromEntries(DOORS[process].map(({ method, path }) => [`${method} ${path}`, status]))

  test.each(CLASSES)('%s is refused wherever a token is asked for', async (credential) => {
    expect(await walk(credentials.get(credential))).toEqual(all(401))
  })

  test("the right one is so with its scheme alone, and another process's is not", async () => {
    for (const [other, token] of Object.entries(TOKENS)) {
      expect([other, await walk(`Bearer ${token}`)]).toEqual([other, all(other === process ? 200 : 401)])
    }
    expect(await walk(TOKENS[process])).toEqual(all(401))
  })

  test('the others are for everyone', async () => {
    for (const { path } of DIAGNOSTICS_ROUTES.filter((route) => !route.guarded)) {
      expect([path, await statusOf(`${diagnostics.get(process)}${path}`, 'GET', undefined)]).toEqual([path, 200])
    }
  })
})

describe('where control planes are handed over', () => {
  const walk = async (authorization: string | undefined) => {
    const url = `${api}${randomUUID()}/api/tenants`
    const seen: number[] = []
    for (const { method } of HANDOFF_ROUTES) {
      seen.push(await statusOf(url, method, authorization, method === 'POST' ? '{}' : undefined))
    }
    return seen
  }

  test.each(CLASSES)('%s finds nothing', async (credential) => {
    expect(await walk(credentials.get(credential))).toEqual([404, 404, 404])
  })

  test("the manager's is right, with its scheme alone", async () => {
    expect(await walk(lab.shardToken('us-1'))).toEqual([404, 404, 404])
    expect(await walk(`Bearer ${lab.shardToken('us-1')}`)).toEqual([201, 200, 204])
  })
})
