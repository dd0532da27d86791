import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ROUTE_TABLE } from '../../../src/api/route-table.js'
import { findComponent } from '../../../src/lab/components.js'
import { apiPlace } from '../../../src/lab/lab-clients.js'
import { startLab, type TestLab } from '../../../src/lab/testing.js'
import type { Json } from '../../../src/model/json.js'
import { keptFetch } from '../../../src/transport/http/kept-fetch.js'
import { eventually } from '../kds/control-planes.js'
import { likeAnyLab, withoutCounters } from './lab-likeness.js'

/**
 * The same zone, sidecars and policies twice: with a zone JWT on a global of one tenant, and with an access token on a
 * virtual global control plane. Whatever their APIs show is equal but for ids, times and base path.
 */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

type Side = 'global' | 'zone-1'
type Pair = readonly [jwt: Json, sat: Json]
interface Layout {
  readonly kri: string
  readonly inbounds: readonly { readonly kri: string }[]
  readonly outbounds: readonly { readonly kri: string }[]
}

const SLOW = {
  type: 'MeshTimeout',
  name: 'slow',
  spec: {
    targetRef: { kind: 'Mesh' },
    to: [{ targetRef: { kind: 'Mesh' }, default: { connectionTimeout: '7s' } }],
  },
} as const
/** How the process was told to authenticate, and as whom it knows the caller. */
const WHERE_THEY_DIFFER = ['/config', '/who-am-i']
const MESH_TIMEOUTS = '/meshes/default/meshtimeouts'

let jwt: TestLab
let sat: TestLab
/** With connections that stay open. */
const fetches = new Map<TestLab, typeof fetch>()

beforeAll(async () => {
  const options = { zones: 1, dataplanes: 3 }
  ;[jwt, sat] = await Promise.all([startLab({ ...options, auth: 'zone-token' }), startLab({ ...options, auth: 'sat' })])
  for (const lab of [jwt, sat]) {
    await lab.apply(
      // One that provisioning made has the labels of what is made over the API; one that connecting made has none.
      { type: 'Zone', name: 'zone-1', enabled: true },
      { type: 'Mesh', name: 'blue' },
      SLOW,
      { type: 'Secret', name: 'shared', data: Buffer.from('shared').toString('base64') },
    )
    await lab.untilSynced()
  }
})
afterAll(async () => {
  await jwt?.stop()
  await sat?.stop()
})

async function ask(lab: TestLab, side: Side, method: string, path: string, body?: object) {
  const { view } = lab
  const { url, base, adminTokenFile = '' } = apiPlace(view, findComponent(view.components, side, undefined), undefined)
  const fetch = fetches.get(lab) ?? keptFetch(readFileSync(view.caFile ?? '', 'utf8'))
  fetches.set(lab, fetch)
  const headers = {
    authorization: `Bearer ${readFileSync(adminTokenFile, 'utf8').trim()}`,
    'content-type': 'application/json',
  }
  const answer = await fetch(url + base + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
  const text = await answer.text()
  return { status: answer.status, body: /^[{[]/.test(text) ? (JSON.parse(text) as Json) : text }
}

async function both(side: Side, method: string, path: string, body?: object): Promise<Pair> {
  const [one, other] = await Promise.all([jwt, sat].map((lab) => ask(lab, side, method, path, body)))
  return [likeAnyLab({ ...one }), likeAnyLab({ ...other })]
}

/** Every reading operation of the API, about each thing that is there and about one that is not. */
async function readingPaths(side: Side): Promise<readonly string[]> {
  const read = async <T>(path: string) => (await ask(jwt, side, 'GET', path)).body as T
  const named = async (list: string) => (await read<{ items?: readonly { name: string }[] }>(list)).items ?? []
  const [sidecar] = await named('/meshes/default/dataplanes')
  const layout = await read<Layout>(`/meshes/default/dataplanes/${sidecar?.name}/_layout`)
  const values: Readonly<Record<string, string | undefined>> = {
    '{mesh}': 'default',
    '{serviceType}': 'meshservices',
    '{type}': 'clusters',
    '{kri}': layout.kri,
    '{inbound_kri}': layout.inbounds[0]?.kri,
    '{outbound_kri}': layout.outbounds[0]?.kri,
  }
  const paths: string[] = []
  const shown = ROUTE_TABLE.filter(({ method, path }) => method === 'GET' && !WHERE_THEY_DIFFER.includes(path))
  for (const { path } of shown) {
    const filled = path.replaceAll(/\{\w+\}/g, (parameter) => values[parameter] ?? parameter)
    const [list = '', one] = filled.split('/{name}')
    const names = one === undefined ? [] : [...(await named(list)), { name: 'missing' }]
    paths.push(...(one === undefined ? [filled] : names.map(({ name }) => `${list}/${name}${one}`)))
  }
  return paths
}

/** Insights and status follow at their own pace: what differs is read again, at both, until nothing does. */
async function expectSame(side: Side, paths: readonly string[], like = (shown: Json) => shown): Promise<void> {
  const different = new Map<string, Pair>()
  let left = paths
  const same = async () => {
    different.clear()
    for (const path of left) {
      const [one = null, other = null] = (await both(side, 'GET', path)).map(like)
      if (!isDeepStrictEqual(one, other)) different.set(path, [one, other])
    }
    left = [...different.keys()]
    return left.length === 0 ? true : undefined
  }
  await eventually('the APIs show the same', same).catch((thrown: unknown) => {
    for (const [path, [one, other]] of different) expect(other, `${side} ${path}`).toEqual(one)
    throw thrown
  })
}

test.each(['global', 'zone-1'] as const)('what the API of %s shows is the same', async (side) => {
  const paths = await readingPaths(side)
  expect(paths.length).toBeGreaterThan(ROUTE_TABLE.length / 2)
  await expectSame(side, paths, withoutCounters)
})

test('what a sidecar runs with is the same', async () => {
  const [one, other] = await Promise.all(
    [jwt, sat].map(async (lab) => likeAnyLab((await lab.zone('zone-1').configDump('backend-1')) as Json)),
  )
  expect(other).toEqual(one)
})

test('what writes are answered is the same', async () => {
  const written = { ...SLOW, mesh: 'default', name: 'written' }
  const statuses: number[] = []
  for (const [method, name, body] of [
    ['PUT', 'written', written],
    ['PUT', 'written', written],
    ['PUT', 'written', { ...written, spec: { to: 1 } }],
    ['PUT', 'other', written],
    ['DELETE', 'written', undefined],
    ['DELETE', 'written', undefined],
  ] as const) {
    const [one, other] = await both('global', method, `${MESH_TIMEOUTS}/${name}`, body)
    expect(other, `${method} ${name}`).toEqual(one)
    statuses.push((one as { status: number }).status)
  }
  expect(statuses).toEqual([201, 200, 400, 400, 200, 404])
})

interface Insights {
  readonly body: {
    readonly items: readonly { readonly subscriptions: readonly { readonly disconnectTime?: string }[] }[]
  }
}

/** An insight whose last subscription has ended is not written again. */
function whenEnded(side: Side, list: string): Promise<true> {
  return eventually(`all of ${list} have ended at ${side}`, async () => {
    const shown = (await both(side, 'GET', list)) as unknown as readonly Insights[]
    const subscriptions = shown.map(({ body }) => body.items.flatMap((item) => item.subscriptions))
    const haveEnded = subscriptions.every((of) => of.length > 0 && of.every((one) => one.disconnectTime !== undefined))
    return haveEnded || undefined
  })
}

test('what is left of sidecars and of the zone when they have gone is the same, counters and all', async () => {
  for (const lab of [jwt, sat]) await lab.kill('dataplanes/zone-1')
  for (const side of ['zone-1', 'global'] as const) {
    await whenEnded(side, '/dataplane-insights')
    await expectSame(side, ['/dataplane-insights', '/dataplanes/_overview', '/mesh-insights', '/service-insights'])
  }
  for (const lab of [jwt, sat]) await lab.kill('zone-1')
  await whenEnded('global', '/zone-insights')
  await expectSame('global', ['/zone-insights', '/zones/_overview', '/global-insight'])
})
