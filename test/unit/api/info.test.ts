import { beforeEach, describe, expect, test } from 'vitest'
import { DEFAULT_ACCESS } from '../../../src/auth/access.js'
import { type ApiLab, apiLab, STRANGER } from './api-lab.js'

describe('what a control plane says about itself', () => {
  let lab: ApiLab
  beforeEach(async () => {
    lab = await apiLab()
    await lab.put('Mesh', 'default')
  })

  test('is an index with the id of its cluster', async () => {
    const index = { gui: '/gui', hostname: 'lab', instanceId: 'lab-1', product: 'Kuma', version: '3.0.0' }
    expect((await lab.get('/')).body).toEqual({ clusterId: '', ...index })
    await lab.put('Config', 'kuma-cluster-id', { spec: { config: 'abc' } })
    expect((await lab.get('/')).body).toEqual({ clusterId: 'abc', ...index })
  })

  test('is its configuration, as it is, for those who may see it', async () => {
    const response = await lab.ask('GET', '/config')
    expect(response.body).toBe('{"mode":"global","store":{"type":"memory"}}')
    const guarded = await apiLab({ access: { ...DEFAULT_ACCESS, controlPlaneMetadata: { users: [], groups: [] } } })
    const { status, body } = await guarded.get('/config')
    expect(status).toBe(403)
    expect(body.detail).toMatch(/cannot access control-plane metadata$/)
  })

  test('is who is asking', async () => {
    expect((await lab.get('/who-am-i', { headers: { authorization: STRANGER } })).body).toEqual({
      name: 'mesh-system:anonymous',
      groups: ['mesh-system:unauthenticated'],
    })
  })

  test('is the 16 policy types by name', async () => {
    const { body } = await lab.get('/policies')
    const policies = body.policies as { name: string }[]
    expect(policies).toHaveLength(16)
    expect(policies.map(({ name }) => name)).toEqual(policies.map(({ name }) => name).sort())
    expect(policies[0]).toEqual({
      name: 'MeshAccessLog',
      readOnly: false,
      path: 'meshaccesslogs',
      singularDisplayName: 'Mesh Access Log',
      pluralDisplayName: 'Mesh Access Logs',
      isExperimental: false,
      isTargetRefBased: true,
      isInbound: true,
      isOutbound: true,
    })
  })

  const readOnlyTypes = async (of: ApiLab) => {
    const { body } = await of.get('/_resources')
    const types = body.resources as { name: string; readOnly: boolean }[]
    expect(types).toHaveLength(34)
    return types.filter(({ readOnly }) => readOnly).map(({ name }) => name)
  }

  test('is the 34 resource types, of which a global calls only insights read-only', async () => {
    expect(await readOnlyTypes(lab)).toEqual(['DataplaneInsight', 'MeshInsight', 'ServiceInsight', 'ZoneInsight'])
    const { body } = await lab.get('/_resources')
    expect((body.resources as unknown[])[0]).toEqual({
      includeInFederation: false,
      name: 'Dataplane',
      path: 'dataplanes',
      pluralDisplayName: 'Dataplanes',
      readOnly: false,
      scope: 'Mesh',
      shortName: 'dp',
      singularDisplayName: 'Dataplane',
    })
    expect(body.resources).toContainEqual(
      expect.objectContaining({
        name: 'MeshTimeout',
        policy: {
          hasFromTargetRef: false,
          hasRulesTargetRef: true,
          hasToTargetRef: true,
          isFromAsRules: false,
          isTargetRef: true,
        },
      }),
    )
  })

  test('is, on a federated zone, that all types are read-only', async () => {
    expect(await readOnlyTypes(await apiLab({ cp: { mode: 'zone', zone: 'z' } }))).toHaveLength(34)
  })

  test('is how many of each global type there are', async () => {
    await lab.put('Zone', 'z')
    expect((await lab.get('/global-insights')).body).toEqual({
      type: 'GlobalInsights',
      creationTime: '2026-01-01T00:00:00Z',
      resources: {
        GlobalSecret: { total: 0 },
        HostnameGenerator: { total: 0 },
        Mesh: { total: 1 },
        Zone: { total: 1 },
      },
    })
  })
})

describe('a KRI', () => {
  let lab: ApiLab
  beforeEach(async () => {
    lab = await apiLab()
    await lab.put('Mesh', 'default')
  })

  test('finds what was made here by its name', async () => {
    expect((await lab.get('/_kri/kri_m____default_')).body.name).toBe('default')
  })

  test('finds a synced copy by its hashed name', async () => {
    const labels = { 'kuma.io/display-name': 'redis', 'kuma.io/zone': 'zone-1' }
    await lab.put('MeshService', 'redis-zone-1-2v6wfvvcvbc9f55d', { labels })
    await lab.put('MeshService', 'redis', { labels: {} })
    const { body } = await lab.get('/_kri/kri_msvc_default_zone-1__redis-zone-1_')
    expect(body.name).toBe('redis-zone-1-2v6wfvvcvbc9f55d')
  })

  test('finds on a zone what is its own by name, and what came from the global by the hashed one', async () => {
    const zone = await apiLab({ cp: { mode: 'zone', zone: 'zone-1' } })
    await zone.put('Mesh', 'default')
    await zone.put('MeshTimeout', 'own', { labels: { 'kuma.io/zone': 'zone-1' } })
    await zone.put('MeshTimeout', 'default-timeout-global-54dbd4c66zwbcf9c')
    expect((await zone.get('/_kri/kri_mt_default_zone-1__own_')).body.name).toBe('own')
    const synced = await zone.get('/_kri/kri_mt_default___default-timeout-global_')
    expect(synced.body.name).toBe('default-timeout-global-54dbd4c66zwbcf9c')
  })

  test.each([
    ['bogus', 'bad request: invalid identifier string: "bogus"'],
    ['xri_m____default_', 'bad request: identifier must start with \'kri\': "xri_m____default_"'],
    ['kri_zz____default_', 'bad request: unknown short name of resource type: "zz"'],
  ])('%s is refused', async (kri, detail) => {
    const { status, body } = await lab.get(`/_kri/${kri}`)
    expect(status).toBe(400)
    expect(body).toEqual({ type: '/std-errors', status: 400, title: 'Bad Request', detail, details: detail })
  })

  test('of nothing is not found', async () => {
    const { status, body } = await lab.get('/_kri/kri_m____nope_')
    expect(status).toBe(404)
    expect(body.title).toBe('Could not retrieve a resource')
  })
})

describe('the global insight', () => {
  test('of an empty control plane is all zeros', async () => {
    const states = { online: 0, offline: 0, partiallyDegraded: 0, total: 0 }
    expect((await (await apiLab()).get('/global-insight')).body).toEqual({
      createdAt: '2026-01-01T00:00:00Z',
      dataplanes: { standard: states, gatewayDelegated: states },
      meshes: { total: 0 },
      policies: { total: 0 },
      resources: {},
      services: { internal: states, external: { total: 0 }, gatewayDelegated: states },
      zones: {
        controlPlanes: { online: 0, total: 0 },
        zoneEgresses: { online: 0, total: 0 },
        zoneIngresses: { online: 0, total: 0 },
      },
    })
  })

  test('sums meshes, zones, services and policies', async () => {
    const lab = await apiLab()
    const open = { connectTime: '2026-01-01T00:00:00Z' }
    const closed = { ...open, disconnectTime: '2026-01-01T00:00:01Z' }
    for (const name of ['a', 'b']) {
      await lab.put('MeshInsight', name, {
        spec: {
          dataplanesByType: { standard: { online: 2, offline: 1, total: 3 }, gatewayDelegated: { total: 1 } },
          resources: { MeshTimeout: { total: 2 }, Secret: { total: 1 } },
        },
      })
    }
    await lab.put('ZoneInsight', 'on', { spec: { subscriptions: [closed, open] } })
    await lab.put('ZoneInsight', 'off', { spec: { subscriptions: [closed] } })
    await lab.put('HostnameGenerator', 'h')
    const proxies = (connected: number, healthy: number, total: number) => ({
      status: { dataplaneProxies: { connected, healthy, total } },
    })
    await lab.put('MeshService', 'up', proxies(2, 2, 2))
    await lab.put('MeshService', 'half', proxies(2, 1, 2))
    await lab.put('MeshService', 'down', proxies(2, 0, 2))
    await lab.put('MeshService', 'empty')
    await lab.put('MeshExternalService', 'e', { spec: { match: { port: 1 } } })
    const gateway = { networking: { address: '1.1.1.1', gateway: {} } }
    for (const name of ['gw-1', 'gw-2', 'gw-3']) {
      const labels = name === 'gw-3' ? {} : { 'kuma.io/workload': 'edge' }
      await lab.put('Dataplane', name, { spec: gateway, labels })
    }
    await lab.put('DataplaneInsight', 'gw-1', { spec: { subscriptions: [open] } })
    expect((await lab.get('/global-insight')).body).toMatchObject({
      dataplanes: {
        standard: { online: 4, offline: 2, partiallyDegraded: 0, total: 6 },
        gatewayDelegated: { total: 2 },
      },
      meshes: { total: 2 },
      policies: { total: 4 },
      resources: { MeshTimeout: { total: 4 }, Secret: { total: 2 }, HostnameGenerator: { total: 1 } },
      services: {
        internal: { online: 1, partiallyDegraded: 1, offline: 2, total: 4 },
        external: { total: 1 },
        gatewayDelegated: { online: 0, partiallyDegraded: 1, offline: 1, total: 2 },
      },
      zones: { controlPlanes: { online: 1, total: 2 } },
    })
  })
})
