import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { silentLogger } from '../../../src/base/log.js'
import { AdminServer } from '../../../src/dataplane/admin-server.js'
import type { JsonObject } from '../../../src/model/json.js'
import { cluster, endpoints, envoySnapshot, listener, staticCluster } from '../../support/envoy-snapshot.js'
import { ProxyWorld } from '../../unit/dataplane/proxy-world.js'

const SHOP = {
  cluster: [cluster('backend'), staticCluster('self')],
  endpoint: [endpoints('backend', 8080, 8081)],
  listener: [listener('out', 10_001), listener('in', 80)],
}

let world: ProxyWorld
let admin: AdminServer
beforeEach(async () => {
  world = await new ProxyWorld(envoySnapshot(SHOP)).start()
  const proxyOf = (id: string) => (id === 'default/web' ? world.proxy : undefined)
  const ownPorts = new Map([['default/web', 0]])
  admin = new AdminServer({ port: 0, ownPorts, proxyOf, clock: systemClock, log: silentLogger })
  await admin.start()
})
afterEach(async () => {
  world.proxy.stop()
  await admin.stop()
})

function get(path: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${admin.ownPorts.get('default/web')}${path}`)
}

async function dump(path = '/config_dump'): Promise<ReadonlyMap<string, JsonObject>> {
  const { configs } = (await (await get(path)).json()) as { configs: ({ '@type': string } & JsonObject)[] }
  return new Map(configs.map((config) => [config['@type'].replace('type.googleapis.com/envoy.admin.v3.', ''), config]))
}

test("a proxy's own port answers as an Envoy's, and the shared one beneath the proxy's name", async () => {
  const shared = `http://127.0.0.1:${admin.port}`
  const own = await (await get('/config_dump')).text()
  expect(await (await fetch(`${shared}/proxies/default/web/config_dump`)).text()).toBe(own)
  expect((await fetch(`${shared}/proxies/default/nobody/config_dump`)).status).toBe(404)
  expect((await fetch(`${shared}/config_dump`)).status).toBe(404)
})

describe('/config_dump', () => {
  test('shows what was acknowledged, in the form of an Envoy', async () => {
    const configs = await dump()
    expect([...configs.keys()]).toEqual([
      'BootstrapConfigDump',
      'ClustersConfigDump',
      'ListenersConfigDump',
      'SecretsConfigDump',
    ])
    expect(configs.get('BootstrapConfigDump')).toMatchObject({ bootstrap: { node: { id: 'default.web' } } })
    expect(configs.get('ClustersConfigDump')).toMatchObject({
      dynamic_active_clusters: [
        { version_info: expect.stringMatching(/^[0-9a-f]{64}$/), cluster: { name: 'backend', type: 'EDS' } },
        { last_updated: '2026-01-01T00:00:00.000Z', cluster: { name: 'self', load_assignment: {} } },
      ],
      dynamic_warming_clusters: [],
    })
    expect(configs.get('ListenersConfigDump')).toMatchObject({
      version_info: expect.stringMatching(/^[0-9a-f]{16}$/),
      dynamic_listeners: [
        { name: 'in', active_state: { listener: { address: { socket_address: { port_value: 80 } } } } },
        { name: 'out', active_state: { listener: { name: 'out' } } },
      ],
    })
  })

  test('shows endpoints if it is asked to', async () => {
    expect((await dump('/config_dump?include_eds')).get('EndpointsConfigDump')).toMatchObject({
      dynamic_endpoint_configs: [{ endpoint_config: { cluster_name: 'backend' } }],
    })
  })

  test('shows a refused listener beside its last good version, with why', async () => {
    await world.replace(envoySnapshot({ ...SHOP, listener: [listener('out', 80), listener('in', 80)] }))
    const { dynamic_listeners: listeners } = (await dump()).get('ListenersConfigDump') as {
      dynamic_listeners: object[]
    }
    expect(listeners[1]).toMatchObject({
      name: 'out',
      active_state: { listener: { address: { socket_address: { port_value: 10_001 } } } },
      error_state: {
        failed_configuration: { address: { socket_address: { port_value: 80 } } },
        details: expect.stringMatching(/duplicate address/),
      },
    })
  })

  test('hides the keys of secrets', async () => {
    const tls = (inline: string) => ({ inlineBytes: Buffer.from(inline).toString('base64') })
    const identity = { certificateChain: tls('a certificate'), privateKey: tls('a private key') }
    const sds = [{ name: 'identity', sdsConfig: { ads: {} } }]
    const { typedConfig } = await import('../../../src/wire/envoy-codec.js')
    const context = typedConfig('UpstreamTlsContext', { commonTlsContext: { tlsCertificateSdsSecretConfigs: sds } })
    await world.replace(
      envoySnapshot({
        cluster: [{ ...staticCluster('self'), transportSocket: { name: 'tls', typedConfig: context } }],
        secret: [{ name: 'identity', tlsCertificate: identity }],
      }),
    )
    const text = await (await get('/config_dump')).text()
    expect(text).toContain(Buffer.from('a certificate').toString('base64'))
    expect(text).not.toContain(Buffer.from('a private key').toString('base64'))
  })
})

describe('/stats', () => {
  test('counts updates and refusals, as text', async () => {
    await world.replace(envoySnapshot({ ...SHOP, listener: [listener('out', 80), listener('in', 80)] }))
    const lines = (await (await get('/stats')).text()).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'listener_manager.lds.update_success: 1',
        'listener_manager.lds.update_rejected: 1',
        'cluster_manager.cds.update_rejected: 0',
        'cluster_manager.active_clusters: 2',
        'cluster.backend.membership_total: 2',
        'control_plane.connected_state: 1',
        'server.live: 1',
      ]),
    )
    expect(lines).toContainEqual(expect.stringMatching(/^cluster_manager\.cds\.version_text: "[0-9a-f]{16}"$/))
  })

  test('leaves out counters that never counted, as JSON', async () => {
    const { stats } = (await (await get('/stats?format=json&usedonly')).json()) as { stats: { name: string }[] }
    const names = stats.map(({ name }) => name)
    expect(names).toContain('cluster_manager.cds.update_success')
    expect(names).not.toContain('cluster_manager.cds.update_rejected')
  })
})

describe('/clusters', () => {
  test('lists the endpoints of each, as JSON', async () => {
    const { cluster_statuses: statuses } = (await (await get('/clusters?format=json')).json()) as {
      cluster_statuses: object[]
    }
    expect(statuses).toMatchObject([
      {
        name: 'backend',
        added_via_api: true,
        host_statuses: [
          {
            address: { socket_address: { address: '10.0.0.1', port_value: 8080 } },
            health_status: { eds_health_status: 'HEALTHY' },
            weight: 1,
            locality: { zone: 'zone-1' },
          },
          { address: { socket_address: { port_value: 8081 } } },
        ],
        circuit_breakers: { thresholds: [{ max_connections: 1024 }, { priority: 'HIGH' }] },
      },
      { name: 'self', host_statuses: [{}] },
    ])
  })

  test('lists them as text', async () => {
    const lines = (await (await get('/clusters')).text()).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'backend::added_via_api::true',
        'backend::default_priority::max_connections::1024',
        'backend::10.0.0.1:8080::health_flags::healthy',
        'backend::10.0.0.1:8081::zone::zone-1',
        'self::10.0.0.1:8080::rq_total::0',
      ]),
    )
  })
})

test('/ready and /server_info say whether there has been a configuration', async () => {
  expect([(await get('/ready')).status, await (await get('/ready')).text()]).toEqual([200, 'LIVE'])
  world.proxy.stop()
  world = new ProxyWorld(envoySnapshot(SHOP))
  expect([(await get('/ready')).status, await (await get('/ready')).text()]).toEqual([503, 'PRE_INITIALIZING'])
  expect(await (await get('/server_info')).json()).toMatchObject({
    state: 'PRE_INITIALIZING',
    node: { id: 'default.web' },
  })
})

test('a port that is taken is named with its proxy', async () => {
  const ownPorts = new Map([['default/web', admin.port]])
  const second = new AdminServer({ port: 0, ownPorts, proxyOf: () => undefined, clock: systemClock, log: silentLogger })
  await expect(second.start()).rejects.toMatchObject({
    code: 'port-taken',
    message: expect.stringMatching(/default\/web/),
  })
  await second.stop()
})
