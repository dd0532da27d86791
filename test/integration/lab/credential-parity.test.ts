import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startLab, type TestLab } from '../../../src/lab/testing.js'
import { isJsonObject, type Json } from '../../../src/model/json.js'
import { descriptorOf, RESOURCE_TYPES } from '../../../src/model/registry.js'

/**
 * The same zone, sidecars and policies twice: with a zone JWT on a global of one tenant, and with an access token on a
 * virtual global control plane. Whatever their APIs show is equal but for ids, times and base path.
 */
let jwt: TestLab
let sat: TestLab

beforeAll(async () => {
  const options = { zones: 1, dataplanes: 3 }
  ;[jwt, sat] = await Promise.all([startLab({ ...options, auth: 'zone-token' }), startLab({ ...options, auth: 'sat' })])
  for (const lab of [jwt, sat]) {
    await lab.apply(
      // One that provisioning made has the labels of what is made over the API; one that connecting made has none.
      { type: 'Zone', name: 'zone-1', enabled: true },
      { type: 'Mesh', name: 'blue' },
      {
        type: 'MeshTimeout',
        name: 'slow',
        spec: {
          targetRef: { kind: 'Mesh' },
          to: [{ targetRef: { kind: 'Mesh' }, default: { connectionTimeout: '7s' } }],
        },
      },
      { type: 'Secret', name: 'shared', data: Buffer.from('shared').toString('base64') },
    )
    await lab.untilSynced()
  }
}, 120_000)
afterAll(async () => {
  await jwt?.stop()
  await sat?.stop()
})

const PATHS = [
  ...RESOURCE_TYPES.flatMap((type) => descriptorOf(type).paths.slice(0, 1)).map((path) => `/${path}?size=1000`),
  '/zones/_overview',
  '/zones/zone-1',
  '/meshes/default/dataplanes/_overview',
  '/meshes/default/meshtimeouts/slow',
  '/meshes/default/meshtimeouts/slow/_resources/dataplanes',
  '/meshes/default/meshtimeouts/missing',
  '/global-insight',
  '/policies',
]

test.each(['global', 'zone'] as const)('what the API of the %s shows is the same', async (side) => {
  const images = async (path: string) =>
    Promise.all(
      [jwt, sat].map(async (lab) => {
        const api = side === 'global' ? lab.global : lab.zone('zone-1').api
        const shown = await api.get<Json>(path).catch((thrown: Error) => thrown.message.replace(/^[^:]*: /, ''))
        return normal(shown, '')
      }),
    )
  for (const path of PATHS) {
    // Insights and status follow at their own pace.
    const settled = async () => isDeepStrictEqual(...((await images(path)) as [Json, Json]))
    await expect
      .poll(settled, { timeout: 30_000, interval: 250 })
      .toBe(true)
      .catch(() => undefined)
    const [one, other] = await images(path)
    expect(other, `${side} ${path}`).toEqual(one)
  }
})

test('what a sidecar runs with is the same', async () => {
  const [one, other] = await Promise.all(
    [jwt, sat].map(async (lab) => normal((await lab.zone('zone-1').configDump('backend-1')) as Json, '')),
  )
  expect(other).toEqual(one)
})

const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const BASE = /(?:http|grpcs):\/\/127\.0\.0\.1:\d+(?:\/v1\/mesh\/control-planes\/<id>\/api)?/g
/** Services have their addresses in the order in which they came. */
const VIP = /\b24[1-3]\.0\.\d+\.\d+\b/g
const HOME = /\/[^"]*\/zonelab-test-[^/]+/g
/** Of any two labs these differ: where processes listen, and how often changes met while an answer was out. */
const OF_EACH_LAB =
  /^(?:(?:apiHttp|apiHttps|bootstrap|diagnostics|dpServer)Port|dataplane\.admin\.port|responses(?:Sent|Acknowledged))$/
const ID = /^cpId$|instanceId$/i

/** Without ids, times and base path, and what no two labs share. */
function normal(value: Json, key: string): Json {
  if (Array.isArray(value)) return value.map((item) => normal(item, key))
  if (isJsonObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, item = null]) => [name, normal(item, name)]))
  }
  if (key === 'config' && typeof value === 'string' && value.startsWith('{'))
    return normal(JSON.parse(value) as Json, '')
  if (ID.test(key)) return '<id>'
  if (key === 'data' && typeof value === 'string' && isKeyOrToken(value)) return '<key>'
  if (OF_EACH_LAB.test(key)) return '<any>'
  if (typeof value !== 'string') return value
  if (TIME.test(value)) return '<time>'
  return value.replace(UUID, '<id>').replace(BASE, '<base>').replace(HOME, '<home>').replace(VIP, '<vip>')
}

/** Each control plane has keys of its own, and tokens that are signed with them. */
function isKeyOrToken(data: string): boolean {
  return /^(?:-----BEGIN|eyJ)/.test(Buffer.from(data, 'base64').toString())
}
