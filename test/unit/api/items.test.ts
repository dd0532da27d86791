import { beforeEach, describe, expect, test } from 'vitest'
import { type ApiLab, apiLab, STRANGER } from './api-lab.js'

const META = { creationTime: '2026-01-01T00:00:00Z', modificationTime: '2026-01-01T00:00:00Z' }

describe('an item', () => {
  let lab: ApiLab
  beforeEach(async () => {
    lab = await apiLab()
    await lab.put('Mesh', 'default')
  })

  test('of a protobuf type shows its spec flat after the meta', async () => {
    await lab.put('Zone', 'z', { labels: { 'kuma.io/origin': 'global' }, spec: { enabled: true } })
    const { body } = await lab.get('/zones/z')
    expect(body).toEqual({
      type: 'Zone',
      name: 'z',
      ...META,
      labels: { 'kuma.io/origin': 'global' },
      kri: 'kri_z____z_',
      enabled: true,
    })
    expect(Object.keys(body)).toEqual(['type', 'name', 'creationTime', 'modificationTime', 'labels', 'kri', 'enabled'])
  })

  test('of a JSON type shows its spec as a member, and leaves out empty labels', async () => {
    await lab.put('MeshTimeout', 't', { spec: { to: [] } })
    expect((await lab.get('/meshes/default/meshtimeouts/t')).body).toEqual({
      type: 'MeshTimeout',
      mesh: 'default',
      name: 't',
      ...META,
      kri: 'kri_mt_default___t_',
      spec: { to: [] },
    })
  })

  test('prints times as Go does, without zeros at the end of the fraction', async () => {
    lab.clock.step(120)
    await lab.put('Zone', 'z')
    expect((await lab.get('/zones/z')).body.creationTime).toBe('2026-01-01T00:00:00.12Z')
  })

  test('of a service shows the names by which its ports are reached', async () => {
    const labels = { 'kuma.io/display-name': 'redis', 'kuma.io/zone': 'east' }
    const ports = [{ port: 6380 }, { port: 6379, name: 'main' }]
    await lab.put('MeshService', 'redis-x', { labels, spec: { ports } })
    const { body } = await lab.get('/meshes/default/meshservices/redis-x')
    expect(body).toMatchObject({
      kri: 'kri_msvc_default_east__redis_',
      snis: [
        { port: 6379, sni: 'sni.msvc.default.east.redis.main' },
        { port: 6380, sni: 'sni.msvc.default.east.redis.6380' },
      ],
      status: { tls: {}, dataplaneProxies: {} },
    })
    expect(Object.keys(body).slice(-3)).toEqual(['snis', 'spec', 'status'])
  })

  test('shows the status over what Go prints of an empty one', async () => {
    const dataplaneProxies = { connected: 1, healthy: 1, total: 2 }
    await lab.put('Workload', 'w', { status: { dataplaneProxies } })
    await lab.put('Workload', 'v')
    await lab.put('MeshExternalService', 'e', { spec: { match: { port: 443 } } })
    expect((await lab.get('/meshes/default/workloads/w')).body.status).toEqual({ dataplaneProxies })
    expect((await lab.get('/meshes/default/workloads/v')).body.status).toEqual({
      dataplaneProxies: { connected: 0, healthy: 0, total: 0 },
    })
    expect((await lab.get('/meshes/default/meshexternalservices/e')).body).toMatchObject({
      snis: [{ port: 443, sni: 'sni.extsvc.default.e.443' }],
      status: { vip: {} },
    })
  })

  test.each([
    ['/meshes/default/meshtimeouts/nope', 'Could not retrieve a resource'],
    ['/meshes/nope', 'Could not retrieve a resource'],
    ['/meshes/nope/meshtimeouts/x', 'Failed to retrieve Mesh'],
    ['/meshes/default/service-insights/x', 'Could not retrieve a resource'],
  ])('that is not there, as %s, is not found', async (url, title) => {
    const { status, body } = await lab.get(url)
    expect(status).toBe(404)
    expect(body).toMatchObject({ status: 404, title, detail: 'Not found', details: 'Not found' })
  })

  test('that is a secret is for admins, under both of its paths', async () => {
    await lab.put('GlobalSecret', 's', { spec: { data: 'eA==' } })
    for (const path of ['globalsecrets', 'global-secrets']) {
      expect((await lab.get(`/${path}/s`)).body).toEqual({ type: 'GlobalSecret', name: 's', ...META, data: 'eA==' })
      expect((await lab.get(`/${path}/s`, { headers: { authorization: STRANGER } })).status).toBe(403)
    }
  })

  test('has no format but Kubernetes and universal', async () => {
    const { status, body } = await lab.get('/meshes/default?format=zzz')
    expect(status).toBe(400)
    expect(body).toMatchObject({
      title: 'Could not retrieve a resource',
      detail: 'Resource is not valid',
      invalid_parameters: [{ field: '', reason: '"format" must be one of ["k8s", "kubernetes", "universal"]' }],
    })
    expect((await lab.get('/meshes/default?format=universal')).body.name).toBe('default')
  })
})

describe('an item as a Kubernetes object', () => {
  let lab: ApiLab
  beforeEach(async () => {
    lab = await apiLab()
    await lab.put('Mesh', 'default', { spec: { skipCreatingInitialPolicies: ['*'] } })
  })

  const k8s = async (path: string, query = 'format=k8s') => (await lab.get(`${path}?${query}`)).body

  test('of a JSON type has its mesh as a label', async () => {
    await lab.put('MeshTimeout', 't', { spec: { to: [] }, labels: { team: 'x' } })
    expect(await k8s('/meshes/default/meshtimeouts/t')).toEqual({
      kind: 'MeshTimeout',
      apiVersion: 'kuma.io/v1alpha1',
      metadata: {
        name: 't',
        namespace: 'kuma-system',
        creationTimestamp: '2026-01-01T00:00:00Z',
        labels: { 'kuma.io/mesh': 'default' },
      },
      spec: { to: [] },
    })
  })

  test('of a protobuf type has its mesh at the top, and none when it is cluster-scoped', async () => {
    const spec = { networking: { address: '1.1.1.1' } }
    await lab.put('Dataplane', 'd', { spec })
    expect(await k8s('/meshes/default/dataplanes/d', 'format=kubernetes&namespace=shop')).toMatchObject({
      kind: 'Dataplane',
      metadata: { name: 'd', namespace: 'shop' },
      mesh: 'default',
      spec,
    })
    const mesh = await k8s('/meshes/default')
    expect(mesh).toMatchObject({ kind: 'Mesh', spec: { skipCreatingInitialPolicies: ['*'] } })
    expect(mesh.metadata).not.toHaveProperty('namespace')
    expect(mesh).not.toHaveProperty('mesh')
  })

  test('of a secret is a Kubernetes secret', async () => {
    await lab.put('Secret', 's', { spec: { data: 'eA==' } })
    await lab.put('GlobalSecret', 'g', { spec: { data: 'eQ==' } })
    expect(await k8s('/meshes/default/secrets/s')).toMatchObject({
      kind: 'Secret',
      apiVersion: 'v1',
      metadata: { labels: { 'kuma.io/mesh': 'default' } },
      data: { value: 'eA==' },
      type: 'system.kuma.io/secret',
    })
    const global = await k8s('/global-secrets/g')
    expect(global).toMatchObject({ data: { value: 'eQ==' }, type: 'system.kuma.io/global-secret' })
    expect(global.metadata).not.toHaveProperty('labels')
  })
})

describe('an overview', () => {
  let lab: ApiLab
  const subscriptions = [{ id: '1', connectTime: '2026-01-01T00:00:00Z' }]
  beforeEach(async () => {
    lab = await apiLab()
    await lab.put('Mesh', 'default')
    await lab.put('Zone', 'seen', { spec: { enabled: true } })
    await lab.put('Zone', 'unseen', { spec: { enabled: false } })
    await lab.put('ZoneInsight', 'seen', { spec: { subscriptions } })
    await lab.put('Dataplane', 'd', { spec: { networking: { address: '1.1.1.1' } } })
    await lab.put('DataplaneInsight', 'd', { spec: { subscriptions } })
  })

  const seen = {
    type: 'ZoneOverview',
    name: 'seen',
    ...META,
    kri: 'kri_z____seen_',
    zone: { enabled: true },
    zoneInsight: { subscriptions },
  }

  test.each(['/zones/seen/_overview', '/zones+insights/seen'])('of a zone is at %s', async (url) => {
    expect((await lab.get(url)).body).toEqual(seen)
  })

  test.each(['/zones/_overview', '/zones+insights'])(
    'list of zones is at %s, insights where there are any',
    async (url) => {
      expect((await lab.get(url)).body).toEqual({
        total: 2,
        items: [
          seen,
          { type: 'ZoneOverview', name: 'unseen', ...META, kri: 'kri_z____unseen_', zone: { enabled: false } },
        ],
        next: null,
      })
    },
  )

  test.each([
    '/dataplanes/_overview',
    '/dataplanes+insights',
    '/meshes/default/dataplanes/_overview',
    '/meshes/default/dataplanes+insights',
  ])('list of dataplanes is at %s', async (url) => {
    const { body } = await lab.get(url)
    expect(body.items).toEqual([
      {
        type: 'DataplaneOverview',
        mesh: 'default',
        name: 'd',
        ...META,
        kri: 'kri_dp_default___d_',
        dataplane: { networking: { address: '1.1.1.1' } },
        dataplaneInsight: { subscriptions },
      },
    ])
  })

  test('of a zone that was never seen has an empty insight', async () => {
    expect((await lab.get('/zones/unseen/_overview')).body.zoneInsight).toEqual({})
  })

  test('of what is not there is not found', async () => {
    expect((await lab.get('/meshes/default/dataplanes/nope/_overview')).status).toBe(404)
    expect((await lab.get('/meshes/default/dataplanes+insights/nope')).status).toBe(404)
  })

  test('list is paged by what it is of', async () => {
    const { body } = await lab.get('/zones/_overview?size=1', { headers: { host: 'h' } })
    expect(body).toMatchObject({ total: 2, next: 'http://h/zones/_overview?offset=1&size=1' })
    expect(body.items).toEqual([seen])
  })
})
