import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../../../../src/model/json.js'
import type { ResourceType } from '../../../../src/model/registry.js'
import { keyOf, keyText, type Resource } from '../../../../src/model/resource.js'
import { buildSnapshot, SnapshotBuilder } from '../../../../src/zone/snapshot/build.js'
import type { Snapshot } from '../../../../src/zone/snapshot/composition.js'
import { Dependents } from '../../../../src/zone/snapshot/dependents.js'
import { MeshContext } from '../../../../src/zone/snapshot/mesh-context.js'
import { ResourceCache } from '../../../../src/zone/snapshot/resource-cache.js'
import { stored } from '../../../support/stored-resource.js'

const FIXTURES = 'test/fixtures/snapshot'

interface FixtureResource extends Pick<Resource, 'labels'> {
  readonly type: ResourceType
  readonly name: string
  readonly spec: Json
  readonly status?: Json
}

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
const IDENTITIES = new Map(
  ['backend-0', 'frontend-1', 'web-1'].map((name) => [
    name,
    {
      secretName: 'kri_mid_default___identity_',
      meshIdentity: keyOf(identity),
      spiffeId: `spiffe://default/${name}`,
      certificateChain: `certificate of ${name}`,
      privateKey: `key of ${name}`,
    },
  ]),
)

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

/** Resources of every kind that a snapshot is made of; several have one key, so that it changes between them. */
const POOL = readdirSync(FIXTURES)
  .filter((file) => file.endsWith('.input.json'))
  .flatMap((file): FixtureResource[] => JSON.parse(readFileSync(join(FIXTURES, file), 'utf8')).resources)
  .map(({ type, name, ...parts }) => stored(type, name, parts))
const someOfPool = fc.record({
  resource: fc
    .constantFrom(...new Set(POOL.map(({ type }) => type)))
    .chain((type) => fc.constantFrom(...POOL.filter((one) => one.type === type))),
  deleted: fc.nat(2).map((one) => one === 0),
})

function bytesOf({ clusters, endpoints, listeners, secrets, notes }: Snapshot): Json {
  const resources = [clusters, endpoints, listeners, secrets].map((map) =>
    [...map.values()].map(({ name, version }) => `${name} ${version}`).sort(),
  )
  return [...resources, notes as unknown as Json]
}

/** A zone's sidecars, of which after each change only those are built again that are said to be stale. */
class Sidecars {
  readonly cache = new ResourceCache()
  readonly context = contextOf([])
  readonly resources = new Map<string, Resource>()
  readonly stale = new Set<string>()
  /** At the last change. */
  built: readonly string[] = []
  readonly snapshots = new Map<string, Snapshot>()
  readonly #dependents = new Dependents()
  readonly #builders = new Map<string, SnapshotBuilder>()

  constructor(resources: readonly Resource[] = []) {
    for (const resource of resources) {
      const key = keyText(resource)
      this.context.change(this.resources.get(key), resource)
      this.resources.set(key, resource)
    }
  }

  change(resource: Resource, deleted: boolean): void {
    const key = keyText(resource)
    const before = this.resources.get(key)
    const after = deleted ? undefined : { ...resource }
    if (after) this.resources.set(key, after)
    else this.resources.delete(key)
    this.#dependents.touch(this.context.change(before, after))
    for (const one of this.context.dataplanes()) if (!this.#builders.has(one.name)) this.#connect(one.name)
    const stale = [...this.context.dataplanes()].filter(({ name }) => this.stale.delete(name))
    for (const one of stale) this.snapshots.set(one.name, this.#builder(one.name).build(one))
    this.built = stale.map(({ name }) => name).sort()
  }

  #connect(name: string): void {
    const { context, cache, stale } = this
    const onStale = () => void stale.add(name)
    this.#builders.set(name, new SnapshotBuilder({ context, cache, dependents: this.#dependents, onStale }))
    stale.add(name)
  }

  #builder(name: string): SnapshotBuilder {
    return this.#builders.get(name) as SnapshotBuilder
  }
}

function contextOf(resources: Iterable<Resource>): MeshContext {
  const context = new MeshContext({ mesh: 'default', zone: 'east', identityOf: ({ name }) => IDENTITIES.get(name) })
  for (const resource of resources) context.change(undefined, resource)
  return context
}

test.each<[string, readonly Resource[], fc.Arbitrary<{ resource: Resource; deleted: boolean }>, number]>([
  ['a small mesh', [], someChange, 150],
  ['everything that snapshots are made of', POOL, someOfPool, 25],
])(
  'after any changes of %s, what was built from what was there before is what a fresh start gives',
  (_, all, some, numRuns) => {
    fc.assert(
      fc.property(fc.array(some, { minLength: 5, maxLength: 40 }), (changes) => {
        const sidecars = new Sidecars(all)
        for (const { resource, deleted } of changes) sidecars.change(resource, deleted)
        const fresh = contextOf(sidecars.resources.values())
        for (const one of fresh.dataplanes()) {
          const built = buildSnapshot(fresh, one, new ResourceCache())
          expect(bytesOf(sidecars.snapshots.get(one.name) as Snapshot)).toEqual(bytesOf(built))
        }
      }),
      { numRuns },
    )
  },
)

function shop(): Sidecars {
  const sidecars = new Sidecars()
  for (const service of SERVICES) {
    sidecars.change(meshService(service, 'east', 80, 'Available'), false)
    for (const index of [0, 1]) sidecars.change(dataplane(service, index, true), false)
  }
  return sidecars
}

const DATABASE = 'kri_msvc_default_east__database_http'
const backends = { kind: 'Dataplane', labels: { 'kuma.io/workload': 'backend' } }

test('a changed service makes only those stale that use it', () => {
  const sidecars = shop()
  sidecars.change(meshService('database', 'east', 81, 'Available'), false)
  // Each uses the first of the other two as a MeshService: only the backends' is the database.
  expect(sidecars.built).toEqual(['backend-0', 'backend-1'])
})

test("another zone's new address reaches those who use its service, and goes again", () => {
  const context = contextOf([])
  const user = dataplane('backend', 0, true)
  for (const resource of [user, meshService('database', 'west', 80, 'Available')]) context.change(undefined, resource)
  const cache = new ResourceCache()
  const endpoints = () => buildSnapshot(context, user, cache).endpoints.get('kri_msvc_default_west__database_http')
  const without = endpoints()
  const reached = address('database', 'west', 11_000)
  expect(context.change(undefined, reached)).toContain('exported/west/database')
  expect(endpoints()?.version).not.toBe(without?.version)
  context.change(reached, undefined)
  expect(endpoints()?.version).toBe(without?.version)
})

test('a policy makes only those stale that it selects, now or before', () => {
  const sidecars = shop()
  sidecars.change(timeout('t', backends, 'database', 1), false)
  expect(sidecars.built).toEqual(['backend-0', 'backend-1'])
  sidecars.change(timeout('t', { kind: 'Dataplane', labels: { 'kuma.io/workload': 'frontend' } }, 'database', 1), false)
  expect(sidecars.built).toEqual(['backend-0', 'backend-1', 'frontend-0', 'frontend-1'])
})

test('a changed timeout encodes the cluster that it is of, once for all who have it, and nothing else', () => {
  const sidecars = shop()
  sidecars.change(timeout('t', backends, 'database', 1), false)
  const before = sidecars.snapshots.get('backend-0')
  const encoded = sidecars.cache.encodes
  sidecars.change(timeout('t', backends, 'database', 2), false)
  const after = sidecars.snapshots.get('backend-0')
  expect(sidecars.cache.encodes).toBe(encoded + 1)
  expect(after?.clusters.get(DATABASE)).not.toBe(before?.clusters.get(DATABASE))
  expect(after?.endpoints.get(DATABASE)).toBe(before?.endpoints.get(DATABASE))
  expect(after?.listeners).toEqual(before?.listeners)
})

test('a dataplane that is not ready any more changes the endpoints of its service alone', () => {
  const sidecars = shop()
  const encoded = sidecars.cache.encodes
  const before = sidecars.snapshots.get('backend-1')
  sidecars.change(dataplane('database', 0, false), false)
  const after = sidecars.snapshots.get('backend-1')
  expect(sidecars.built).toEqual(['backend-0', 'backend-1', 'database-0'])
  expect(sidecars.cache.encodes).toBe(encoded + 1)
  expect(after?.endpoints.get(DATABASE)).not.toBe(before?.endpoints.get(DATABASE))
  expect(after?.clusters).toEqual(before?.clusters)
})

test('each distinct resource is encoded once, however many sidecars are served it', () => {
  const { context, resources } = shop()
  const cache = new ResourceCache()
  const used = ['backend-0', 'backend-1'].map((name) => resources.get(`Dataplane/default/${name}`) as Resource)
  const [first, second] = used.map((one) => buildSnapshot(context, one, cache))
  expect(first?.clusters.get(DATABASE)).toBe(second?.clusters.get(DATABASE))
  expect(first?.endpoints.get(DATABASE)).toBe(second?.endpoints.get(DATABASE))
  expect(first?.listeners.get(DATABASE)).toBe(second?.listeners.get(DATABASE))
  const encoded = cache.encodes
  for (const one of used) buildSnapshot(context, one, cache)
  expect(cache.encodes).toBe(encoded)
})
