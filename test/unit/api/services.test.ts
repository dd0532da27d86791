import { beforeEach, describe, expect, test } from 'vitest'
import { type ApiLab, apiLab } from './api-lab.js'

const generator = (kind: string, origin: string, template: string) => ({
  spec: { template, selector: { [kind]: { matchLabels: { 'kuma.io/origin': origin } } } },
})

describe('hostnames of a service', () => {
  let lab: ApiLab
  beforeEach(async () => {
    lab = await apiLab()
    await lab.put('Mesh', 'default')
    await lab.put(
      'HostnameGenerator',
      'synced',
      generator('meshService', 'global', '{{ .DisplayName }}.svc.{{ .Zone }}.mesh.local'),
    )
    await lab.put('HostnameGenerator', 'local', generator('meshService', 'zone', '{{ .DisplayName }}.svc.mesh.local'))
    await lab.put('HostnameGenerator', 'pods', generator('meshService', 'zone', '{{ label "pod" }}.local'))
    await lab.put(
      'HostnameGenerator',
      'multi',
      generator('meshMultiZoneService', 'global', '{{ .DisplayName }}.mzsvc.mesh.local'),
    )
    const labels = { 'kuma.io/display-name': 'redis', 'kuma.io/zone': 'east', 'kuma.io/origin': 'zone' }
    await lab.put('MeshService', 'redis-hash', { labels })
    await lab.put('MeshMultiZoneService', 'all', { labels: { 'kuma.io/origin': 'global' } })
  })

  const hostnames = async (of: ApiLab, path: string) => (await of.get(`/meshes/default/${path}/_hostnames`)).body

  test('are, on a global, those that its own zone and all others would give it', async () => {
    expect(await hostnames(lab, 'meshservices/redis-hash')).toEqual({
      items: [
        { hostname: 'redis.svc.east.mesh.local', zones: [{ name: 'east' }] },
        { hostname: 'redis.svc.mesh.local', zones: [{ name: 'east' }] },
      ],
      total: 2,
    })
  })

  test('are, on a zone, those that its origin allows', async () => {
    const zone = await apiLab({ cp: { mode: 'zone', zone: 'east' } })
    await zone.put('HostnameGenerator', 'local', generator('meshService', 'zone', '{{ .Name }}.local'))
    await zone.put('HostnameGenerator', 'synced', generator('meshService', 'global', '{{ .Name }}.synced'))
    await zone.put('MeshService', 'redis', { labels: { 'kuma.io/origin': 'zone', 'kuma.io/zone': 'east' } })
    expect(await hostnames(zone, 'meshservices/redis')).toMatchObject({
      items: [{ hostname: 'redis.local' }],
      total: 1,
    })
  })

  test('of a service of no zone are shown under its own name, as Kuma does', async () => {
    expect(await hostnames(lab, 'meshmultizoneservices/all')).toEqual({
      items: [{ hostname: 'all.mzsvc.mesh.local', zones: [{ name: 'all' }] }],
      total: 1,
    })
  })

  test('that nothing generates are null', async () => {
    await lab.put('MeshExternalService', 'e', { spec: { match: { port: 1 } } })
    expect(await hostnames(lab, 'meshexternalservices/e')).toEqual({ items: null, total: 0 })
  })

  test('are not to be had of anything else', async () => {
    expect(await hostnames(lab, 'meshtimeouts/t')).toMatchObject({
      status: 400,
      title: 'only "meshservices,meshexternalservices,meshmultizoneservices" are available for inspection',
    })
    expect(await hostnames(lab, 'meshservices/nope')).toMatchObject({
      status: 404,
      title: 'could not retrieve service',
    })
  })
})

describe('the layout of a dataplane', () => {
  let lab: ApiLab
  const url = '/meshes/default/dataplanes/web-1/_layout'
  const labels = { 'kuma.io/display-name': 'web-1', 'kuma.io/zone': 'east' }
  const dataplane = (networking: object) => ({ labels, spec: { networking: { address: '1.1.1.1', ...networking } } })
  const outbound = (kri: string, port: number, protocol: string) => ({ kri, port, protocol, proxyResourceName: kri })

  beforeEach(async () => {
    lab = await apiLab()
    await lab.put('Mesh', 'default')
    const service = { 'kuma.io/display-name': 'backend', 'kuma.io/zone': 'east' }
    await lab.put('MeshService', 'backend', {
      labels: service,
      spec: { ports: [{ port: 80, name: 'http', appProtocol: 'http' }, { port: 90 }] },
    })
    await lab.put('MeshExternalService', 'api', { spec: { match: { port: 443, protocol: 'tcp' } } })
  })

  test('names its inbounds and the outbounds that are written', async () => {
    const backendRef = { kind: 'MeshService', name: 'backend', port: 80 }
    const inbound = [
      { port: 8080, protocol: 'http' },
      { port: 9090, name: 'admin' },
    ]
    await lab.put('Dataplane', 'web-1', dataplane({ inbound, outbound: [{ port: 1, backendRef }] }))
    expect((await lab.get(url)).body).toEqual({
      kri: 'kri_dp_default_east__web-1_',
      labels,
      inbounds: [
        {
          kri: 'kri_dp_default_east__web-1_8080',
          port: 8080,
          protocol: 'http',
          proxyResourceName: 'self_inbound_dp_8080',
        },
        {
          kri: 'kri_dp_default_east__web-1_admin',
          port: 9090,
          protocol: '',
          proxyResourceName: 'self_inbound_dp_admin',
        },
      ],
      listeners: [],
      outbounds: [outbound('kri_msvc_default_east__backend_http', 80, 'http')],
    })
  })

  test('reaches everything when nothing is written', async () => {
    await lab.put('Dataplane', 'web-1', dataplane({}))
    expect((await lab.get(url)).body.outbounds).toEqual([
      outbound('kri_extsvc_default___api_443', 443, 'tcp'),
      outbound('kri_msvc_default_east__backend_90', 90, 'tcp'),
      outbound('kri_msvc_default_east__backend_http', 80, 'http'),
    ])
  })

  test('reaches what is listed as reachable', async () => {
    const refs = [{ kind: 'MeshService', labels: { 'kuma.io/display-name': 'backend' }, port: 90 }]
    await lab.put('Dataplane', 'web-1', dataplane({ transparentProxying: { reachableBackends: { refs } } }))
    expect((await lab.get(url)).body.outbounds).toEqual([outbound('kri_msvc_default_east__backend_90', 90, 'tcp')])
  })

  test("names a zone proxy's listeners", async () => {
    const listeners = [
      { port: 10001, address: '1.1.1.1', name: 'in', type: 'ZoneIngress' },
      { port: 10003, address: '1.1.1.1' },
      { port: 10002, address: '1.1.1.1', type: 'ZoneEgress' },
    ]
    await lab.put('Dataplane', 'web-1', dataplane({ listeners }))
    expect((await lab.get(url)).body.listeners).toEqual([
      {
        kri: 'kri_dp_default_east__web-1_in',
        port: 10001,
        proxyResourceName: 'self_zoneingress_dp_in',
        type: 'ZoneIngress',
      },
      {
        kri: 'kri_dp_default_east__web-1_10002',
        port: 10002,
        proxyResourceName: 'self_zoneegress_dp_10002',
        type: 'ZoneEgress',
      },
    ])
  })

  test('shows the identity of a dataplane that has one', async () => {
    const known = await apiLab({ spiffeId: async (_store, { name }) => `spiffe://d/${name}` })
    await known.put('Mesh', 'default')
    await known.put('Dataplane', 'web-1', dataplane({}))
    expect((await known.get(url)).body.spiffeId).toBe('spiffe://d/web-1')
  })

  test.each([
    ['/meshes/nope/dataplanes/web-1/_layout', 'Failed to build MeshContext'],
    ['/meshes/default/dataplanes/nope/_layout', 'Failed to retrieve Dataplane'],
  ])('at %s is not found', async (missing, title) => {
    const { status, body } = await lab.get(missing)
    expect(status).toBe(404)
    expect(body.title).toBe(title)
  })
})
