import { afterAll, beforeAll, expect, test } from 'vitest'
import { hashedName } from '../../src/model/naming.js'
import { DATAPLANES, dataplane } from './support/documents.js'
import { eventually } from './support/eventually.js'
import { differences, type Pair } from './support/parity.js'
import { describeWith } from './support/peers.js'
import type { Document } from './support/rest.js'
import { World } from './support/world.js'

const BACKEND = { targetRef: { kind: 'MeshService', labels: { 'kuma.io/display-name': 'backend' } } }
const WEB = { kind: 'Dataplane', labels: { 'kuma.io/workload': 'web' } }

/** Generators of a real zone run by the clock, VIPs and hostnames last. */
const SETTLED_WITHIN_MS = 30_000

describeWith(['KUMA_CP'], 'REST: ours shows dataplanes, services and policies as a real control plane', () => {
  const world = new World()
  const pairs: Partial<Record<'zone' | 'global', Pair>> = {}

  beforeAll(async () => {
    const [global, kumaGlobal] = [await world.global(), await world.kumaGlobal()]
    const zone = await world.zone('zone-1', `grpc://127.0.0.1:${global.endpoints.kds}`, { ZONELAB_ZONE_PROXY: 'false' })
    const kumaZone = await world.kumaZone('zone-1', `grpc://127.0.0.1:${kumaGlobal.kdsPort}`)
    const zones = [zone.rest, kumaZone.rest]
    const globals = [global.rest, kumaGlobal.rest]
    pairs.zone = { ours: zone.rest, real: kumaZone.rest }
    pairs.global = { ours: global.rest, real: kumaGlobal.rest }
    for (const rest of zones) {
      await eventually(SETTLED_WITHIN_MS, () => rest.get('/meshes/default'))
      await rest.put(DATAPLANES, dataplane({ name: 'backend-1', workload: 'backend', port: 28_080, adminPort: 28_901 }))
      const outbounds = [{ service: { kind: 'MeshService', name: 'backend', port: 28_080 }, port: 28_200 }]
      await rest.put(
        DATAPLANES,
        dataplane({ name: 'web-1', workload: 'web', address: '127.0.0.3', port: 28_180, adminPort: 28_911, outbounds }),
      )
    }
    for (const rest of globals) {
      for (const [path, document] of policies()) await rest.put(`/meshes/default/${path}`, document)
    }
    for (const rest of [...zones, ...globals]) {
      await eventually(SETTLED_WITHIN_MS, async () => {
        const { items } = await rest.get('/meshservices')
        expect(items).toHaveLength(2)
        for (const { status } of items) {
          expect(status.vips).toHaveLength(1)
          expect(status.addresses.length).toBeGreaterThan(0)
          expect(status.dataplaneProxies.total).toBe(1)
        }
        expect((await rest.get('/meshcircuitbreakers')).total).toBe(2)
      })
    }
  }, 180_000)
  afterAll(() => world.stop())

  test.each([
    ['zone', 'backend-1', 'web-1', 'backend'],
    ['global', 'backend-1-66xx8vw7fxxw7bb8', 'web-1-v7wd4bdwc9994762', 'backend-d8466458x7574b7b'],
  ] as const)('a %s', async (side, backend, web, service) => {
    const pair = pairs[side]
    if (!pair) throw new Error('the pair has not started')
    const proxies = [backend, web].flatMap((name) =>
      ['', '/_overview', '/_rules', '/_policies', '/_layout', '/policies'].map(
        (what) => `/meshes/default/dataplanes/${name}${what}`,
      ),
    )
    const lists = [
      '/dataplanes',
      '/dataplanes?tag=kuma.io/workload:web',
      '/dataplanes?filter[labels.kuma.io/workload]=web',
      '/meshes/default/dataplanes/_overview?name=web',
      '/meshservices',
      '/workloads',
      '/hostnamegenerators?size=1000',
      `/meshes/default/meshservices/${service}/_hostnames`,
      `/meshes/default/meshservices/${service}/_dataplanes`,
      ...['meshtimeouts/web-timeout', 'meshhttproutes/web-route', 'meshcircuitbreakers/backend-breaker'].flatMap(
        (policy) =>
          ['_resources/dataplanes', 'dataplanes'].map((what) => `/meshes/default/${hashed(policy, side)}/${what}`),
      ),
      '/_kri/kri_dp_default_zone-1__web-1_',
      '/_kri/kri_msvc_default_zone-1__backend_',
      '/_kri/kri_msvc_default_zone-1__backend_http',
    ]
    const requests = [...proxies, ...lists].map((path) => ({ method: 'GET', path }))
    await eventually(SETTLED_WITHIN_MS, async () => expect(await differences(pair, requests)).toBe(''))
  })
})

function policies(): readonly (readonly [string, Document])[] {
  const policy = (type: string, name: string, spec: object): Document => ({ type, mesh: 'default', name, spec })
  const timeout = { http: { requestTimeout: '2s', streamIdleTimeout: '7s' } }
  const match = { path: { type: 'PathPrefix', value: '/api' }, method: 'GET' }
  const header = { set: [{ name: 'x-added', value: '1' }] }
  const filters = [{ type: 'RequestHeaderModifier', requestHeaderModifier: header }]
  const limits = { maxConnections: 11, maxPendingRequests: 12, maxRequests: 13, maxRetries: 2 }
  return [
    ['meshtimeouts', policy('MeshTimeout', 'web-timeout', { targetRef: WEB, to: [{ ...BACKEND, default: timeout }] })],
    [
      'meshtimeouts',
      policy('MeshTimeout', 'web-inbound', { targetRef: WEB, rules: [{ default: { connectionTimeout: '4s' } }] }),
    ],
    [
      'meshhttproutes',
      policy('MeshHTTPRoute', 'web-route', {
        targetRef: WEB,
        to: [{ ...BACKEND, rules: [{ matches: [match], default: { filters } }] }],
      }),
    ],
    [
      'meshcircuitbreakers',
      policy('MeshCircuitBreaker', 'backend-breaker', {
        targetRef: { kind: 'Mesh' },
        to: [{ ...BACKEND, default: { connectionLimits: limits } }],
      }),
    ],
  ]
}

/** The stored name of a policy that the global made. */
function hashed(policy: string, side: 'zone' | 'global'): string {
  if (side === 'global') return policy
  const [path = '', name = ''] = policy.split('/')
  return `${path}/${hashedName({ mesh: 'default', name, labels: {} })}`
}
