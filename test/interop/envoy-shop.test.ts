import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, SLOW_MS } from './support/application.js'
import { eventually } from './support/eventually.js'
import { freePort } from './support/free-ports.js'
import { describeWith } from './support/peers.js'
import type { Document } from './support/rest.js'
import { openService, type Shopkeeper } from './support/shop.js'
import { type OurGlobal, type OurZone, World } from './support/world.js'

const BACKEND = { targetRef: { kind: 'MeshService', labels: { 'kuma.io/display-name': 'backend' } } }
const SETTLES_WITHIN_MS = 10_000

describeWith(['ENVOY'], 'real Envoys as the sidecars of the shop', () => {
  const world = new World()
  let global: OurGlobal
  let zone: OurZone
  let shop: Shopkeeper[]

  beforeAll(async () => {
    global = await world.global()
    zone = await world.zone('zone-1', `grpc://127.0.0.1:${global.endpoints.kds}`)
    await eventually(10_000, () => zone.rest.get('/meshes/default/meshtimeouts'))
    const [backendPort, databasePort] = [await freePort(), await freePort()]
    const toward = (name: string, port: number) => ({ kind: 'MeshService', name, port })
    shop = [
      await openService(world, zone, { name: 'database', port: databasePort }),
      await openService(world, zone, { name: 'backend', port: backendPort, calls: toward('database', databasePort) }),
      await openService(world, zone, { name: 'frontend', calls: toward('backend', backendPort) }),
    ]
  })
  afterAll(() => world.stop())

  test('requests flow from the frontend to the backend and from there to the database', async () => {
    await eventually(SETTLES_WITHIN_MS, async () =>
      expect(await fromFrontend('/')).toMatchObject({ status: 200, body: 'backend' }),
    )
    await eventually(SETTLES_WITHIN_MS, async () => {
      expect(await call(portOf('backend'))).toMatchObject({ status: 200, body: 'database' })
    })
    await expectNothingRefused()
  })

  test('a timeout cuts a slow answer off, until it is deleted', async () => {
    expect(await fromFrontend('/slow')).toMatchObject({ status: 200 })
    await policy('MeshTimeout', 'meshtimeouts', { ...BACKEND, default: { http: { requestTimeout: '0.3s' } } })
    await eventually(SETTLES_WITHIN_MS, async () => expect((await fromFrontend('/slow')).status).toBe(504))
    await gone('meshtimeouts')
    await eventually(SETTLES_WITHIN_MS + SLOW_MS, async () => expect((await fromFrontend('/slow')).status).toBe(200))
    await expectNothingRefused()
  })

  test('a retry hides a failure, until it is deleted', async () => {
    const conf = { http: { numRetries: 2, perTryTimeout: '5s', retryOn: ['5xx'] } }
    await policy('MeshRetry', 'meshretries', { ...BACKEND, default: conf })
    await eventually(SETTLES_WITHIN_MS, async () => {
      const statuses = [await fromFrontend('/flaky'), await fromFrontend('/flaky')].map(({ status }) => status)
      expect(statuses).toEqual([200, 200])
    })
    await gone('meshretries')
    await expectNothingRefused()
  })

  test('routes match, change, redirect and weigh', async () => {
    const header = { set: [{ name: 'x-added', value: 'here' }] }
    const rules = [
      {
        matches: [{ path: { type: 'PathPrefix', value: '/api' }, method: 'GET' }],
        default: { filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: header }] },
      },
      {
        matches: [{ path: { type: 'Exact', value: '/old' } }],
        default: {
          filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath: '/new' } } }],
        },
      },
      {
        matches: [{ path: { type: 'RegularExpression', value: '/away/[0-9]+' } }],
        default: {
          filters: [{ type: 'RequestRedirect', requestRedirect: { statusCode: 302, hostname: 'example.com' } }],
        },
      },
      {
        matches: [{ path: { type: 'Exact', value: '/database' } }],
        default: {
          backendRefs: [
            {
              kind: 'MeshService',
              labels: { 'kuma.io/display-name': 'database' },
              port: await servicePort('database'),
            },
          ],
        },
      },
    ]
    await policy('MeshHTTPRoute', 'meshhttproutes', { ...BACKEND, rules })
    await eventually(SETTLES_WITHIN_MS, async () => expect((await fromFrontend('/away/1')).status).toBe(302))
    await fromFrontend('/api/x')
    await fromFrontend('/old')
    const seen = shop.find(({ name }) => name === 'backend')?.application.seen ?? []
    expect(seen.at(-2)).toMatchObject({ path: '/api/x', headers: { 'x-added': 'here' } })
    expect(seen.at(-1)).toMatchObject({ path: '/new' })
    expect(await fromFrontend('/database')).toMatchObject({ status: 200, body: 'database' })
    await gone('meshhttproutes')
    await eventually(SETTLES_WITHIN_MS, async () => expect((await fromFrontend('/away/1')).status).toBe(200))
    await expectNothingRefused()
  })

  test('circuit breakers, health checks and load balancing are taken and let go', async () => {
    const limits = { maxConnections: 1_011, maxPendingRequests: 1_012, maxRequests: 1_013, maxRetries: 2 }
    const outlierDetection = {
      interval: '5s',
      baseEjectionTime: '31s',
      maxEjectionPercent: 20,
      detectors: { totalFailures: { consecutive: 1_014 } },
    }
    await policy('MeshCircuitBreaker', 'meshcircuitbreakers', {
      ...BACKEND,
      default: { connectionLimits: limits, outlierDetection },
    })
    const check = {
      interval: '0.2s',
      timeout: '1s',
      healthyThreshold: 1,
      unhealthyThreshold: 3,
      http: { path: '/alive' },
    }
    await policy('MeshHealthCheck', 'meshhealthchecks', { ...BACKEND, default: check })
    await policy('MeshLoadBalancingStrategy', 'meshloadbalancingstrategies', {
      ...BACKEND,
      default: {
        hashPolicies: [{ type: 'Header', header: { name: 'x-user' } }],
        loadBalancer: { type: 'RingHash', ringHash: { minRingSize: 1_015 } },
      },
    })
    const frontend = shop.at(-1)
    const values = ['1011', '1012', '1013', '1014', '31s', 'RING_HASH', '1015', '/alive', 'x-user']
    await eventually(SETTLES_WITHIN_MS, async () => {
      const dump = (await frontend?.envoy.dump()) ?? ''
      expect(values.filter((value) => !dump.includes(value))).toEqual([])
    })
    const seen = shop.find(({ name }) => name === 'backend')?.application.seen ?? []
    await eventually(5_000, () => expect(seen.filter(({ path }) => path === '/alive').length).toBeGreaterThan(2))
    expect(await fromFrontend('/', { 'x-user': 'jane' })).toMatchObject({ status: 200 })
    for (const path of ['meshcircuitbreakers', 'meshhealthchecks', 'meshloadbalancingstrategies']) await gone(path)
    await eventually(SETTLES_WITHIN_MS, async () => {
      const dump = (await frontend?.envoy.dump()) ?? ''
      expect(values.filter((value) => dump.includes(value))).toEqual([])
    })
    expect(await fromFrontend('/')).toMatchObject({ status: 200 })
    await expectNothingRefused()
  })

  test('a service without an endpoint is unavailable, and one that comes back is served again', async () => {
    const path = '/meshes/default/dataplanes/backend'
    const { creationTime, modificationTime, kri, ...document } = await zone.rest.get(path)
    await zone.rest.delete(path)
    await eventually(SETTLES_WITHIN_MS, async () => expect((await fromFrontend('/')).status).toBe(503))
    await zone.rest.put('/meshes/default/dataplanes', document)
    await eventually(SETTLES_WITHIN_MS, async () => expect((await fromFrontend('/')).status).toBe(200))
    await expectNothingRefused(['frontend', 'database'])
  })

  function portOf(name: string): number {
    const port = shop.find((service) => service.name === name)?.outboundPort
    if (port === undefined) throw new Error(`${name} calls nobody`)
    return port
  }

  function fromFrontend(path: string, headers: Record<string, string> = {}) {
    return call(portOf('frontend'), path, headers)
  }

  async function servicePort(name: string): Promise<number> {
    return (await zone.rest.get(`/meshes/default/meshservices/${name}`)).spec.ports[0].port
  }

  async function policy(type: string, path: string, item: Record<string, unknown>): Promise<void> {
    const document: Document = {
      type,
      mesh: 'default',
      name: 'probe',
      spec: { targetRef: { kind: 'Mesh' }, to: [item] },
    }
    await global.rest.put(`/meshes/default/${path}`, document)
  }

  function gone(path: string): Promise<void> {
    return global.rest.delete(`/meshes/default/${path}/probe`)
  }

  /** By Envoy's own count and by the insight that travels to the global. */
  async function expectNothingRefused(names: readonly string[] = shop.map(({ name }) => name)): Promise<void> {
    for (const { name, envoy } of shop.filter((service) => names.includes(service.name))) {
      expect(await envoy.rejected(), name).toBe(0)
      const { subscriptions } = await zone.rest.get(`/meshes/default/dataplane-insights/${name}`)
      const { status } = subscriptions.at(-1)
      expect(Number(status.total.responsesSent), name).toBeGreaterThan(0)
      expect(status.total.responsesRejected, name).toBeUndefined()
    }
  }
})
