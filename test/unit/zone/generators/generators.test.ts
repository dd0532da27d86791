import { beforeEach, describe, expect, test } from 'vitest'
import { AppError } from '../../../../src/base/errors.js'
import { specOf } from '../../../../src/model/resource.js'
import { validateStored } from '../../../../src/model/validation.js'
import { GeneratorLab, GRACE_MS } from './generator-lab.js'

let lab: GeneratorLab

beforeEach(async () => {
  lab = await new GeneratorLab().start()
})

const ONLINE = { subscriptions: [{ id: 'a', connectTime: '2026-01-01T00:00:00Z' }] }

describe('a workload', () => {
  test('gets a MeshService that selects it, with its ports, and a Workload', async () => {
    await lab.dataplane('dp-1', 'backend', [{ port: 8080, name: 'main', protocol: 'http' }, { port: 9090 }])
    expect(await lab.of('MeshService', 'backend')).toMatchObject({
      labels: {
        'kuma.io/mesh': 'default',
        'kuma.io/display-name': 'backend',
        'kuma.io/managed-by': 'meshservice-generator',
        'kuma.io/env': 'universal',
        'kuma.io/zone': 'zone-1',
        'kuma.io/origin': 'zone',
      },
      spec: {
        state: 'Available',
        selector: { dataplaneLabels: { matchLabels: { 'kuma.io/workload': 'backend' } } },
        ports: [
          { name: 'main', port: 8080, targetPort: 8080, appProtocol: 'http' },
          { name: '9090', port: 9090, targetPort: 9090, appProtocol: 'tcp' },
        ],
      },
      status: { vips: [{ ip: '241.0.0.0' }], dataplaneProxies: { healthy: 1, total: 1 } },
    })
    expect(await lab.of('Workload', 'backend')).toMatchObject({
      status: { dataplaneProxies: { connected: 0, healthy: 1, total: 1 } },
    })
  })

  test('of a name that no host can have gets none', async () => {
    await lab.dataplane('dp-1', '9_backend')
    expect(await lab.names('MeshService')).toEqual([])
  })

  test.each(['http', 'http2', 'grpc', 'tcp', 'tls', 'kafka', 'mysql', 'unheard-of'])(
    'that speaks %s gets a service that a global takes',
    async (protocol) => {
      await lab.dataplane('dp-1', 'backend', [{ port: 80, protocol }])
      const service = await lab.of('MeshService', 'backend')
      expect(validateStored('MeshService', service?.spec ?? {})).toEqual([])
    },
  )

  test('whose Dataplanes disagree keeps the ports it has while one of them still says so', async () => {
    const ports = async () =>
      ((await lab.of('MeshService', 'backend'))?.spec.ports as { port: number }[] | undefined)?.map(({ port }) => port)
    await lab.dataplane('dp-2', 'backend', [{ port: 8080 }])
    await lab.dataplane('dp-1', 'backend', [{ port: 9090 }])
    expect(await ports()).toEqual([8080])
    await lab.gone('Dataplane', 'dp-2')
    expect(await ports()).toEqual([9090])
  })

  test('counts its sidecars: connected, healthy, total', async () => {
    await lab.dataplane('dp-1', 'backend')
    await lab.dataplane('dp-2', 'backend', [{ port: 8080, state: 'NotReady' }])
    await lab.have('DataplaneInsight', 'dp-2', { spec: ONLINE })
    const service = await lab.of('MeshService', 'backend')
    expect(service?.status).toMatchObject({ dataplaneProxies: { connected: 1, healthy: 1, total: 2 } })
  })

  test('without a healthy sidecar has a service that is not available', async () => {
    await lab.dataplane('dp-1', 'backend', [{ port: 8080, state: 'NotReady' }])
    expect((await lab.of('MeshService', 'backend'))?.spec).toMatchObject({ state: 'Unavailable' })
  })
})

describe('a service whose last Dataplane is gone', () => {
  const label = async () => (await lab.of('MeshService', 'backend'))?.labels['kuma.io/deletion-grace-period-started-at']

  test('stays for the grace time, which its label tells, and then goes; the Workload goes at once', async () => {
    await lab.dataplane('dp-1', 'backend')
    await lab.gone('Dataplane', 'dp-1')
    expect([await label(), await lab.names('Workload')]).toEqual(['2026-01-01T00:00:00.000Z', []])
    await lab.step(GRACE_MS - 1)
    expect(await lab.names('MeshService')).toEqual(['backend'])
    await lab.step(1)
    expect(await lab.names('MeshService')).toEqual([])
  })

  test('stays for good when a Dataplane comes in time', async () => {
    await lab.dataplane('dp-1', 'backend')
    const vips = (await lab.of('MeshService', 'backend'))?.status
    await lab.gone('Dataplane', 'dp-1')
    await lab.dataplane('dp-2', 'backend')
    expect(await label()).toBeUndefined()
    await lab.step(2 * GRACE_MS)
    expect((await lab.of('MeshService', 'backend'))?.status).toEqual(vips)
  })

  test('keeps the time that began in an earlier life of the zone', async () => {
    await lab.dataplane('dp-1', 'backend')
    await lab.gone('Dataplane', 'dp-1')
    await lab.generators.stop()
    const later = new GeneratorLab(undefined, lab.store)
    later.clock.step(GRACE_MS - 1)
    await later.start()
    expect(await later.names('MeshService')).toEqual(['backend'])
    await later.step(1)
    expect(await later.names('MeshService')).toEqual([])
  })
})

describe('a service that someone else made', () => {
  test('of this zone gets state and status, and keeps its labels and ports', async () => {
    const labels = { team: 'shop', 'kuma.io/origin': 'zone' }
    const ports = [{ port: 80, targetPort: 8080, appProtocol: 'http' }]
    await lab.dataplane('dp-1', 'backend', [{ port: 8080 }], { app: 'b' })
    await lab.have('MeshService', 'mine', {
      labels,
      spec: { selector: { dataplaneLabels: { matchLabels: { app: 'b' } } }, ports },
    })
    expect(await lab.of('MeshService', 'mine')).toMatchObject({
      labels,
      spec: { state: 'Available', ports },
      status: { dataplaneProxies: { healthy: 1, total: 1 } },
    })
    expect(Object.keys((await lab.of('MeshService', 'mine'))?.labels ?? {})).toEqual(['kuma.io/origin', 'team'])
    await lab.gone('Dataplane', 'dp-1')
    await lab.step(2 * GRACE_MS)
    expect(await lab.names('MeshService')).toEqual(['mine'])
  })

  test('under a workload’s name is not taken over', async () => {
    await lab.have('MeshService', 'backend', { labels: { 'kuma.io/origin': 'zone' }, spec: { ports: [{ port: 1 }] } })
    await lab.dataplane('dp-1', 'backend')
    expect((await lab.of('MeshService', 'backend'))?.spec.ports).toMatchObject([{ port: 1 }])
  })

  test('of another zone gets an address here and keeps what that zone says of it', async () => {
    const labels = {
      'kuma.io/origin': 'global',
      'kuma.io/zone': 'zone-2',
      'kuma.io/managed-by': 'meshservice-generator',
    }
    const spec = { state: 'Unavailable', ports: [{ port: 80 }] }
    await lab.have('MeshService', 'copy', { labels, spec, syncedVersion: 'v1' })
    expect(await lab.of('MeshService', 'copy')).toMatchObject({
      labels,
      spec,
      status: { vips: [{ ip: '241.0.0.0' }] },
      syncedVersion: 'v1',
    })
    await lab.step(2 * GRACE_MS)
    expect(await lab.names('MeshService')).toEqual(['copy'])
  })
})

describe('addresses', () => {
  const vip = async (name: string, of: GeneratorLab = lab) =>
    ((await of.of('MeshService', name))?.status as { vips: { ip: string }[] } | undefined)?.vips[0]?.ip

  test('are given once, and never again', async () => {
    await lab.dataplane('dp-1', 'one')
    await lab.dataplane('dp-2', 'two')
    await lab.gone('Dataplane', 'dp-2')
    await lab.step(GRACE_MS)
    await lab.dataplane('dp-3', 'three')
    expect([await vip('one'), await vip('three')]).toEqual(['241.0.0.0', '241.0.0.2'])
  })

  test('of an earlier life are not given again', async () => {
    await lab.dataplane('dp-1', 'one')
    await lab.generators.stop()
    const later = await new GeneratorLab(undefined, lab.store).start()
    await later.dataplane('dp-2', 'two')
    expect([await vip('one', later), await vip('two', later)]).toEqual(['241.0.0.0', '241.0.0.1'])
  })

  test('have a range for each type', async () => {
    await lab.have('MeshExternalService', 'ext', { spec: { match: { port: 80 }, endpoints: [] } })
    await lab.have('MeshMultiZoneService', 'many', {
      spec: { selector: { meshService: { matchLabels: {} } }, ports: [] },
    })
    expect([
      (await lab.of('MeshExternalService', 'ext'))?.status,
      (await lab.of('MeshMultiZoneService', 'many'))?.status,
    ]).toMatchObject([{ vip: { ip: '242.0.0.0' } }, { vips: [{ ip: '243.0.0.0' }] }])
  })
})

describe('hostnames', () => {
  const selector = { meshService: { matchLabels: { 'kuma.io/origin': 'zone' } } }
  const addresses = async (name: string) =>
    ((await lab.of('MeshService', name))?.status as { addresses?: { hostname: string }[] } | undefined)?.addresses?.map(
      ({ hostname }) => hostname,
    )

  test('come from each generator that selects the service, and go with it', async () => {
    await lab.dataplane('dp-1', 'backend')
    await lab.have('HostnameGenerator', 'g', {
      spec: { template: '{{ .DisplayName }}.svc.{{ .Zone }}.local', selector },
    })
    expect(await addresses('backend')).toEqual(['backend.svc.zone-1.local'])
    await lab.gone('HostnameGenerator', 'g')
    expect((await addresses('backend')) ?? []).toEqual([])
  })

  test('that two services would have go to the older, and the other is told', async () => {
    await lab.dataplane('dp-1', 'zz-older')
    await lab.step(1_000)
    await lab.dataplane('dp-2', 'aa-newer')
    await lab.have('HostnameGenerator', 'g', { spec: { template: 'same.local', selector } })
    expect([await addresses('zz-older'), (await addresses('aa-newer')) ?? []]).toEqual([['same.local'], []])
    const status = (await lab.of('MeshService', 'aa-newer'))?.status
    expect(JSON.stringify(status)).toContain('Hostname collision with MeshService: zz-older')
  })

  test('that a template cannot give are told, and the others come', async () => {
    await lab.dataplane('dp-1', 'backend')
    await lab.have('HostnameGenerator', 'bad', { spec: { template: '{{ label "none" }}.local', selector } })
    await lab.have('HostnameGenerator', 'good', { spec: { template: '{{ .DisplayName }}.local', selector } })
    expect(await addresses('backend')).toEqual(['backend.local'])
    expect(JSON.stringify((await lab.of('MeshService', 'backend'))?.status)).toContain('TemplateError')
  })
})

describe('the generators', () => {
  test('come to rest: planning again writes nothing', async () => {
    await lab.dataplane('dp-1', 'backend')
    const { commits } = lab
    await lab.have('Dataplane', 'unrelated', { spec: { networking: { address: '127.0.0.1' } } })
    expect(lab.commits).toBe(commits)
  })

  test('do nothing for a heartbeat of an insight, and count a sidecar that comes', async () => {
    await lab.dataplane('dp-1', 'backend')
    await lab.have('DataplaneInsight', 'dp-1', { spec: ONLINE })
    const { looks } = lab
    await lab.have('DataplaneInsight', 'dp-1', {
      spec: { subscriptions: [{ ...ONLINE.subscriptions[0], status: { total: {} } }] },
    })
    expect(lab.looks).toBe(looks)
    expect((await lab.of('MeshService', 'backend'))?.status).toMatchObject({ dataplaneProxies: { connected: 1 } })
  })

  test('try again after a store that failed', async () => {
    lab.beforeCommit = () => Promise.reject(new AppError('store-full', 'no room'))
    await lab.dataplane('dp-1', 'backend')
    expect(await lab.names('MeshService')).toEqual([])
    lab.beforeCommit = async () => {}
    await lab.step(1_000)
    expect(await lab.names('MeshService')).toEqual(['backend'])
  })

  test('rest for a while when another writer undoes what they do', async () => {
    await lab.dataplane('dp-1', 'backend')
    let undone = 0
    lab.beforeCommit = async () => {
      undone += 1
      if (undone > 1_000) throw new Error('never at rest')
      await lab.store.commit([
        { kind: 'delete', key: { type: 'Workload', mesh: 'default', name: 'backend' }, expect: 'any' },
      ])
    }
    await lab.dataplane('dp-2', 'backend')
    expect(undone).toBeLessThan(50)
  })

  test('make nothing in a mesh that is not there, and leave no timer when stopped', async () => {
    await lab.dataplane('dp-1', 'backend')
    await lab.gone('Dataplane', 'dp-1')
    expect(lab.clock.armed).toBe(1)
    await lab.generators.stop()
    expect(lab.clock.armed).toBe(0)
  })
})

describe('the zone proxy', () => {
  test('has its listeners, its address, and one more address for each port of a service of this zone', async () => {
    lab = await new GeneratorLab({ address: '10.0.0.1', firstPort: 10_001 }).start()
    await lab.dataplane('dp-1', 'backend', [{ port: 8080, name: 'main' }])
    await lab.have('MeshService', 'copy', {
      labels: { 'kuma.io/origin': 'global', 'kuma.io/zone': 'zone-2' },
      spec: { ports: [{ port: 80 }] },
    })
    expect((await lab.of('Dataplane', 'zone-proxy'))?.spec).toMatchObject({
      networking: {
        listeners: [
          { type: 'ZoneIngress', port: 10_001 },
          { type: 'ZoneEgress', port: 10_002 },
        ],
      },
    })
    expect(await lab.names('MeshZoneAddress')).toEqual(['backend-main', 'zone-proxy'])
    expect((await lab.of('MeshZoneAddress', 'zone-proxy'))?.spec).toEqual({ address: '10.0.0.1', port: 10_001 })
    expect((await lab.of('MeshZoneAddress', 'backend-main'))?.spec).toEqual({ address: '10.0.0.1', port: 10_003 })
  })

  test('of another mesh takes ports that no proxy of the zone has', async () => {
    lab = await new GeneratorLab({ address: '127.0.0.1', firstPort: 10_001 }).start()
    await lab.dataplane('dp-1', 'backend', [{ port: 8080, name: 'main' }])
    await lab.have('Mesh', 'staging')
    const { resources } = await lab.store.list('Dataplane', { mesh: 'staging' })
    expect(resources.map((proxy) => specOf(proxy).networking)).toEqual([
      {
        address: '127.0.0.1',
        listeners: [
          { type: 'ZoneIngress', address: '127.0.0.1', port: 10_004, name: 'ingress' },
          { type: 'ZoneEgress', address: '127.0.0.1', port: 10_005, name: 'egress' },
        ],
      },
    ])
  })

  test('keeps the port of a service for as long as that exists, and frees it then', async () => {
    lab = await new GeneratorLab({ address: '10.0.0.1', firstPort: 10_001 }).start()
    const port = async (name: string) => (await lab.of('MeshZoneAddress', name))?.spec.port
    await lab.dataplane('dp-2', 'bbb', [{ port: 80, name: 'p' }])
    await lab.dataplane('dp-1', 'aaa', [{ port: 80, name: 'p' }])
    expect([await port('aaa-p'), await port('bbb-p')]).toEqual([10_004, 10_003])
    await lab.gone('Dataplane', 'dp-2')
    await lab.step(GRACE_MS)
    expect(await lab.names('MeshZoneAddress')).toEqual(['aaa-p', 'zone-proxy'])
  })
})
