import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../../../../src/model/json.js'
import type { Resource } from '../../../../src/model/resource.js'
import { buildSnapshot, isStale, type Snapshot } from '../../../../src/zone/snapshot/build.js'
import { MeshContext } from '../../../../src/zone/snapshot/mesh-context.js'
import { ResourceCache } from '../../../../src/zone/snapshot/resource-cache.js'
import { stored } from '../../../support/stored-resource.js'

/** A small mesh whose every part can come, go and change; snapshots are rebuilt only when they are said to be stale. */
const SERVICES = ['backend', 'database', 'frontend']
const ZONES = ['east', 'west']

function dataplane(service: string, index: number, ready: boolean): Resource {
  const uses = SERVICES.filter((other) => other !== service).map((name, i) => ({
    port: 20_000 + i,
    backendRef: { kind: i === 0 ? 'MeshService' : 'MeshMultiZoneService', name, port: 80 },
  }))
  return stored('Dataplane', `${service}-${index}`, {
    labels: { 'kuma.io/workload': service, 'kuma.io/display-name': `${service}-${index}`, 'kuma.io/origin': 'zone' },
    spec: {
      networking: {
        address: `10.0.${SERVICES.indexOf(service)}.${index + 1}`,
        inbound: [{ port: 80, name: 'http', protocol: 'http', state: ready ? 'Ready' : 'NotReady' }],
        outbound: uses,
      },
    },
  })
}

const proxy = stored('Dataplane', 'zone-proxy', {
  labels: { 'kuma.io/origin': 'zone', 'kuma.io/zone': 'east' },
  spec: { networking: { address: '10.0.9.1', listeners: [{ type: 'ZoneIngress', address: '10.0.9.1', port: 10001 }] } },
})
const meshService = (name: string, zone: string, port: number, state: string) =>
  stored('MeshService', `${name}-${zone}`, {
    createdAtMs: ZONES.indexOf(zone),
    labels: {
      'kuma.io/display-name': name,
      'kuma.io/zone': zone,
      'kuma.io/origin': zone === 'east' ? 'zone' : 'global',
    },
    spec: {
      ports: [{ name: 'http', port, targetPort: 'http', appProtocol: 'http' }],
      selector: { dataplaneLabels: { matchLabels: { 'kuma.io/workload': name } } },
      state,
    },
  })
const multiZone = (name: string, zones: readonly string[]) =>
  stored('MeshMultiZoneService', name, {
    labels: { 'kuma.io/display-name': name },
    spec: { ports: [{ name: 'http', port: 80, appProtocol: 'http' }], selector: {} },
    status: { meshServices: zones.map((zone) => ({ mesh: 'default', name, namespace: '', zone })) },
  })
const address = (service: string, zone: string, port: number) =>
  stored('MeshZoneAddress', `${zone}-${service}`, {
    labels: { 'kuma.io/zone': zone, 'zonelab.dev/service': service, 'zonelab.dev/port': 'http' },
    spec: { address: '10.1.0.1', port },
  })
const timeout = (name: string, top: Json, service: string, seconds: number) =>
  stored('MeshTimeout', name, {
    spec: {
      targetRef: top,
      to: [
        {
          targetRef: { kind: 'MeshService', labels: { 'kuma.io/display-name': service } },
          default: { connectionTimeout: `${seconds}s` },
        },
      ],
    },
  })
const identity = stored('MeshIdentity', 'identity', { spec: {} })

const someService = fc.constantFrom(...SERVICES)
const someZone = fc.constantFrom(...ZONES)
const someTop = fc.constantFrom<Json[]>(
  { kind: 'Mesh' },
  { kind: 'Dataplane', labels: { 'kuma.io/workload': 'backend' } },
)
const someResource: fc.Arbitrary<Resource> = fc.oneof(
  fc.tuple(someService, fc.integer({ min: 0, max: 1 }), fc.boolean()).map((parts) => dataplane(...parts)),
  fc
    .tuple(someService, someZone, fc.constantFrom(80, 81), fc.constantFrom('Available', 'Unavailable'))
    .map((parts) => meshService(...parts)),
  fc.tuple(someService, fc.subarray(ZONES)).map((parts) => multiZone(...parts)),
  fc.tuple(someService, someZone, fc.integer({ min: 11_000, max: 11_003 })).map((parts) => address(...parts)),
  fc
    .tuple(fc.constantFrom('t1', 't2'), someTop, someService, fc.integer({ min: 1, max: 3 }))
    .map((parts) => timeout(...parts)),
  fc.constant(identity),
  fc.constant(proxy),
)
const someChange = fc.record({ resource: someResource, deleted: fc.boolean() })

function bytesOf({ clusters, endpoints, listeners, secrets }: Snapshot): Json {
  return [clusters, endpoints, listeners, secrets].map((map) =>
    [...map.values()].map(({ name, version }) => `${name} ${version}`).sort(),
  )
}

test('after any changes, what is not stale and what is built anew are both what a fresh start would give', () => {
  fc.assert(
    fc.property(fc.array(someChange, { minLength: 5, maxLength: 40 }), (changes) => {
      const context = new MeshContext({ mesh: 'default', zone: 'east' })
      const cache = new ResourceCache()
      const resources = new Map<string, Resource>()
      const snapshots = new Map<string, Snapshot>()
      for (const { resource, deleted } of changes) {
        const key = `${resource.type}/${resource.name}`
        const before = resources.get(key)
        const after = deleted ? undefined : { ...resource }
        if (after) resources.set(key, after)
        else resources.delete(key)
        const touched = context.change(before, after)
        for (const one of context.dataplanes()) {
          // Built each time, so that a wrong memory of the context would show.
          const known = snapshots.get(one.name)
          const built = buildSnapshot(context, one, cache)
          if (known && !isStale(known, touched, one)) expect(bytesOf(built)).toEqual(bytesOf(known))
          snapshots.set(one.name, built)
        }
      }
      const fresh = new MeshContext({ mesh: 'default', zone: 'east' })
      for (const resource of resources.values()) fresh.change(undefined, resource)
      for (const one of fresh.dataplanes()) {
        expect(bytesOf(snapshots.get(one.name) as Snapshot)).toEqual(bytesOf(buildSnapshot(fresh, one, cache)))
      }
    }),
    { numRuns: 150 },
  )
})

function shop(): { readonly context: MeshContext; readonly dataplanes: readonly Resource[] } {
  const context = new MeshContext({ mesh: 'default', zone: 'east' })
  const dataplanes = SERVICES.flatMap((service) => [dataplane(service, 0, true), dataplane(service, 1, true)])
  const services = SERVICES.map((service) => meshService(service, 'east', 80, 'Available'))
  for (const resource of [...dataplanes, ...services]) context.change(undefined, resource)
  return { context, dataplanes }
}

test('a changed service makes only those stale that use it', () => {
  const { context, dataplanes } = shop()
  const cache = new ResourceCache()
  const snapshots = dataplanes.map((one) => buildSnapshot(context, one, cache))
  const before = meshService('database', 'east', 80, 'Available')
  const touched = context.change(before, meshService('database', 'east', 81, 'Available'))
  const stale = dataplanes.filter((one, i) => isStale(snapshots[i] as Snapshot, touched, one))
  // Each uses the first of the other two as a MeshService: only the backends' is the database.
  expect(stale.map(({ name }) => name)).toEqual(['backend-0', 'backend-1'])
})

test("another zone's new address reaches those who use its service, and goes again", () => {
  const context = new MeshContext({ mesh: 'default', zone: 'east' })
  const user = dataplane('backend', 0, true)
  for (const resource of [user, meshService('database', 'west', 80, 'Available')]) context.change(undefined, resource)
  const cache = new ResourceCache()
  const endpoints = () => buildSnapshot(context, user, cache).endpoints.get('kri_msvc_default_west__database_http')
  const without = endpoints()
  const reached = address('database', 'west', 11_000)
  expect(context.change(undefined, reached).keys).toContain('exported/west/database')
  expect(endpoints()?.version).not.toBe(without?.version)
  context.change(reached, undefined)
  expect(endpoints()?.version).toBe(without?.version)
})

test('a policy makes only those stale that it selects', () => {
  const { context, dataplanes } = shop()
  const top = { kind: 'Dataplane', labels: { 'kuma.io/workload': 'backend' } }
  const touched = context.change(undefined, timeout('t', top, 'database', 1))
  expect(dataplanes.filter((one) => touched.selects(one)).map(({ name }) => name)).toEqual(['backend-0', 'backend-1'])
})

test('each distinct resource is encoded once, however many sidecars are served it', () => {
  const { context, dataplanes } = shop()
  const cache = new ResourceCache()
  const backends = dataplanes.filter(({ name }) => name.startsWith('backend'))
  const [first, second] = backends.map((one) => buildSnapshot(context, one, cache))
  const name = 'kri_msvc_default_east__database_http'
  expect(first?.clusters.get(name)).toBe(second?.clusters.get(name))
  expect(first?.endpoints.get(name)).toBe(second?.endpoints.get(name))
  expect(first?.listeners.get(name)).toBe(second?.listeners.get(name))
  const encoded = cache.encodes
  for (const one of backends) buildSnapshot(context, one, cache)
  expect(cache.encodes).toBe(encoded)
})

test('a cache that is full forgets the oldest and makes it again to the same version', () => {
  const { context, dataplanes } = shop()
  const [one] = dataplanes
  const cache = new ResourceCache(2)
  const built = buildSnapshot(context, one as Resource, cache)
  expect(bytesOf(buildSnapshot(context, one as Resource, cache))).toEqual(bytesOf(built))
  expect(cache.encodes).toBeGreaterThan(built.clusters.size + built.endpoints.size + built.listeners.size)
})
