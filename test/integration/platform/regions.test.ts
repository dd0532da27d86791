import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { KDS_STREAMS } from '../../../src/global/sessions.js'
import { MANAGER_ROUTE_TABLE } from '../../../src/platform/route-table.js'
import { Api, ControlPlanes, eventually } from '../kds/control-planes.js'
import { rpcAnswers } from '../kds/rpc-answers.js'
import { ManagerLab } from './manager-lab.js'

/** Two regions with a shard each: a control plane, a role and a token of one are nothing at the doors of the other. */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const REGIONS = ['us', 'eu'] as const
type Region = (typeof REGIONS)[number]
const otherOf = (region: Region): Region => (region === 'us' ? 'eu' : 'us')

const lab = new ManagerLab({ 'us-1': 'us', 'eu-1': 'eu' })
const planes = new ControlPlanes()
const ids = new Map<Region, string>()
const targets = new Map<Region, string>()
/** Of a provisioned zone-1 in that region. */
const zoneTokens = new Map<Region, string>()

beforeAll(async () => {
  await lab.start()
  for (const region of REGIONS) {
    const id = await lab.newControlPlane(`in-${region}`, { region })
    const path = `/v1/mesh/control-planes/${id}/api/provision-zone`
    const { body } = await lab.call('POST', path, { region, body: { name: 'zone-1' } })
    ids.set(region, id)
    zoneTokens.set(region, body.token)
  }
  for (const region of REGIONS) {
    const { endpoints } = await planes.global({
      kdsAuth: 'sat',
      tenants: true,
      controlPlanes: idOf(region),
      platformUrl: `${lab.url(region)}/internal/shards/${region}-1`,
      platformTokenFile: lab.tokenFile(`${region}-1`),
      // The heart of the manager shares this process.
      ...({ admissionMaxAgeMs: '60s' } as object),
    })
    // A provisioned zone is let in as long as its Zone is there: the stand-in made it, so does the real one.
    const api = new Api(endpoints.apiHttp, `/v1/mesh/control-planes/${idOf(region)}/api`)
    await api.put('/zones/zone-1', { type: 'Zone', name: 'zone-1', enabled: true })
    targets.set(region, `127.0.0.1:${endpoints.kds}`)
    await eventually(`${region} has heard its manager`, async () =>
      (await answers(region, zoneTokens.get(region), region)).HealthCheck === 'OK' ? true : undefined,
    )
  }
})

afterAll(async () => {
  await planes.close()
  await lab.stop()
})

function idOf(region: Region): string {
  const id = ids.get(region)
  if (id === undefined) throw new Error(`there is no control plane in ${region}`)
  return id
}

/** What the global of `at` says to a zone of the control plane in `of`. */
const answers = (at: Region, token: string | undefined, of: Region) =>
  rpcAnswers(targets.get(at) ?? '', token, idOf(of))
const all = (answer: unknown) => Object.fromEntries(['HealthCheck', ...KDS_STREAMS].map((rpc) => [rpc, answer]))
const REFUSED = expect.stringMatching(/^(unauthenticated|permission-denied)$/)

describe.each(REGIONS)('of %s', (region) => {
  const other = otherOf(region)

  test("a zone's token opens every RPC at home and none elsewhere, whichever control plane it names", async () => {
    const token = zoneTokens.get(region)
    expect(await answers(region, token, region)).toEqual(all('OK'))
    for (const of of REGIONS) expect(await answers(other, token, of)).toEqual(all(REFUSED))
    expect(await answers(region, token, other)).toEqual(all(REFUSED))
  })

  test('a role on a control plane of the other region does not count there', async () => {
    const { token } = await lab.newAccount(`of-${region}`, { role: 'Admin', on: idOf(other), region })
    // Known there, and let in nowhere: a token that nobody has is `unauthenticated`.
    await eventually(`${other} has heard of it`, async () =>
      (await answers(other, token, other)).HealthCheck === 'permission-denied' ? true : undefined,
    )
    for (const at of REGIONS) expect(await answers(at, token, other)).toEqual(all(REFUSED))
    expect(await walk(other, idOf(other), token)).toEqual([])
  })

  test('a role on all control planes is one on those of this region', async () => {
    const { token } = await lab.newAccount(`all-${region}`, { role: 'Admin', region })
    await eventually(`${region} has heard of it`, async () =>
      (await answers(region, token, region)).HealthCheck === 'OK' ? true : undefined,
    )
    expect(await answers(region, token, region)).toEqual(all('OK'))
    expect(await answers(other, token, other)).toEqual(all(REFUSED))
    expect(await walk(other, idOf(other), token)).toEqual([])
    const made = (at: Region) =>
      lab.call('POST', '/v1/mesh/control-planes', { region: at, token, body: { name: `new-${region}` } })
    expect((await made(other)).status).toBe(403)
    expect((await made(region)).status).toBe(201)
  })

  test("not even the organisation's admin reaches a control plane by the other's address", async () => {
    expect(await walk(other, idOf(region), lab.adminToken())).toEqual([])
    const own = await lab.call('GET', `/v1/mesh/control-planes/${idOf(region)}`, { region })
    expect(own.status).toBe(200)
  })
})

/** Operations on that control plane, asked at an address, that were not refused. */
async function walk(at: Region, id: string, token: string): Promise<readonly string[]> {
  const wrong: string[] = []
  for (const { method, path } of MANAGER_ROUTE_TABLE.filter((row) => row.path.includes('{cpId}'))) {
    const url = path.replace('{cpId}', id).replace('**', 'meshes/x')
    const verb = method === 'any other' ? 'PUT' : method
    const body = verb === 'GET' || verb === 'DELETE' ? {} : { body: {} }
    const { status } = await lab.call(verb, url, { region: at, token, ...body })
    if (status !== 403 && status !== 404) wrong.push(`${method} ${path}: ${status}`)
  }
  return wrong
}
