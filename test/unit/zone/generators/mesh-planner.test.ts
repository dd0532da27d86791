import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom } from '../../../../src/base/random.js'
import type { Json } from '../../../../src/model/json.js'
import type { ResourceDraft } from '../../../../src/model/resource.js'
import { DEFAULT_TENANT } from '../../../../src/model/tenant.js'
import { MemoryStore } from '../../../../src/store/memory-store.js'
import type { Write } from '../../../../src/store/store.js'
import { MeshPlanner, type MeshPlannerOptions } from '../../../../src/zone/generators/mesh-planner.js'
import { VipPool } from '../../../../src/zone/generators/vip-pool.js'
import { MeshMirror } from '../../../../src/zone/mesh-mirror.js'
import { FakeClock } from '../../../support/fake-clock.js'
import { draft, put, remove } from '../../../support/resource-builder.js'

const GRACE_MS = 60_000
/** More than any history of these tests needs to come to rest. */
const ROUNDS_MAX = 12

/** Resources as the mirror has them; `looked` is called for each that is looked at. */
function counted<V>(map: ReadonlyMap<string, V>, looked: () => void): ReadonlyMap<string, V> {
  return new (class extends Map<string, V> {
    override get(name: string) {
      looked()
      return map.get(name)
    }

    override *values(): MapIterator<V> {
      for (const value of map.values()) {
        looked()
        yield value
      }
    }

    override *keys(): MapIterator<string> {
      for (const name of map.keys()) {
        looked()
        yield name
      }
    }
  })()
}

/** The mesh `default` of zone-1, planned after each commit by one planner that is told of every change. */
class PlannedMesh {
  readonly clock = new FakeClock()
  readonly store = new MemoryStore({ clock: this.clock, random: seededRandom(1) }).tenant(DEFAULT_TENANT)
  /** Resources that planning has looked at. */
  looks = 0
  readonly #mirror: MeshMirror
  readonly #proxy: MeshPlannerOptions['proxy']
  #planner: MeshPlanner | undefined

  constructor(proxy?: MeshPlannerOptions['proxy']) {
    this.#proxy = proxy
    const looked = () => {
      this.looks += 1
    }
    this.#mirror = new (class extends MeshMirror {
      override of(...asked: Parameters<MeshMirror['of']>) {
        return counted(super.of(...asked), looked)
      }
    })({ store: this.store, clock: this.clock, random: seededRandom(1) })
  }

  async start(): Promise<this> {
    await this.#mirror.start()
    await this.store.commit([put(draft('Mesh', 'default'))])
    this.#planner = this.anew()
    this.#mirror.onChange((changes) => {
      for (const { change } of changes) this.#planner?.change(change)
    })
    return this
  }

  /** One that knows nothing of the history, and plans everything. */
  anew(): MeshPlanner {
    const vips = {
      MeshService: new VipPool(241),
      MeshExternalService: new VipPool(242),
      MeshMultiZoneService: new VipPool(243),
    }
    const place = { mirror: this.#mirror, mesh: 'default', zone: 'zone-1' }
    return new MeshPlanner({ ...place, graceMs: GRACE_MS, vips, proxy: this.#proxy })
  }

  async commit(...writes: readonly Write[]): Promise<void> {
    await this.store.commit(writes)
    for (let rounds = 0; ; rounds += 1) {
      const planned = this.#planner?.plan(this.clock.nowMs()).writes ?? []
      if (planned.length === 0) return
      if (rounds === ROUNDS_MAX) throw new Error('planning does not come to rest')
      await this.store.commit(planned)
    }
  }
}

const names = fc.constantFrom('web', 'api', 'db')
const maybeLabel = (label: string, ...values: string[]) =>
  fc.option(fc.constantFrom(...values)).map((value) => (value === null ? {} : { [label]: value }))
const someDataplane = fc.record({
  name: fc.constantFrom('d1', 'd2', 'd3'),
  labels: fc
    .tuple(maybeLabel('kuma.io/workload', 'web', 'api'), maybeLabel('team', 'red', 'blue'))
    .map((labels) => Object.assign({}, ...labels)),
  port: fc.constantFrom(80, 81),
})
const selectors: readonly Json[] = [
  {},
  { dataplaneRef: { name: 'd1' } },
  { dataplaneLabels: { matchLabels: {} } },
  { dataplaneLabels: { matchLabels: { team: 'red' } } },
  { dataplaneLabels: { matchLabels: { team: 'blue', 'kuma.io/workload': 'web' } } },
]
const someOrigin = fc.constantFrom<Record<string, string>[]>(
  { 'kuma.io/origin': 'zone', 'kuma.io/zone': 'zone-1' },
  { 'kuma.io/origin': 'global', 'kuma.io/zone': 'zone-2' },
)
const someResource: fc.Arbitrary<ResourceDraft> = fc.oneof(
  {
    weight: 4,
    arbitrary: someDataplane.map(({ name, labels, port }) =>
      draft('Dataplane', name, { labels, spec: { networking: { address: '127.0.0.1', inbound: [{ port }] } } }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom('d1', 'd2'), fc.boolean()).map(([name, online]) =>
      draft('DataplaneInsight', name, {
        spec: { subscriptions: online ? [{ connectTime: '2026-01-01T00:00:00Z' }] : [] },
      }),
    ),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(names, someOrigin, maybeLabel('team', 'red', 'blue'), fc.constantFrom(...selectors))
      .map(([name, origin, team, selector]) =>
        draft('MeshService', name, { labels: { ...origin, ...team }, spec: { ports: [{ port: 80 }], selector } }),
      ),
  },
  fc.tuple(names, maybeLabel('team', 'red', 'blue')).map(([name, matchLabels]) =>
    draft('MeshMultiZoneService', name, {
      spec: { ports: [{ port: 80 }], selector: { meshService: { matchLabels } } },
    }),
  ),
  names.map((name) => draft('MeshExternalService', name, { spec: { match: { port: 443, protocol: 'tcp' } } })),
  fc
    .tuple(fc.constantFrom('g1', 'g2'), fc.constantFrom('{{ .Name }}.mesh', 'all.mesh', '{{ label "team" }}.mesh'))
    .map(([name, template]) =>
      draft('HostnameGenerator', name, {
        labels: name === 'g1' ? { 'kuma.io/origin': 'zone' } : {},
        spec: { template, selector: { meshService: { matchLabels: {} }, meshExternalService: { matchLabels: {} } } },
      }),
    ),
  fc.boolean().map((all) =>
    draft('MeshIdentity', 'identity', {
      spec: {
        selector: { dataplane: { matchLabels: all ? {} : { team: 'red' } } },
        spiffeID: { trustDomain: 'a.mesh' },
      },
    }),
  ),
  names.map((name) => draft('Workload', name)),
)
const someStep = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.tuple(someResource, fc.nat(3)), { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom(GRACE_MS / 2, GRACE_MS) },
)

test('after any history, what was planned touch by touch is what planning everything anew gives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(someStep, { maxLength: 12 }), async (steps) => {
      const mesh = await new PlannedMesh({ address: '127.0.0.1', firstPort: 10_001 }).start()
      for (const step of steps) {
        if (typeof step === 'number') mesh.clock.step(step)
        const writes = typeof step === 'number' ? [] : step.map(([one, fate]) => (fate === 0 ? remove(one) : put(one)))
        await mesh.commit(...writes)
        expect(mesh.anew().plan(mesh.clock.nowMs()).writes).toEqual([])
      }
    }),
    { numRuns: 150 },
  )
})

const JOINED = 20

/** Resources that are looked at for each service that joins a mesh of so many. */
async function costOfJoins(services: number, join: (name: string) => ResourceDraft): Promise<number> {
  const mesh = await new PlannedMesh().start()
  const generator = { template: '{{ .Name }}.mesh', selector: { meshService: { matchLabels: {} } } }
  await mesh.commit(put(draft('HostnameGenerator', 'all', { spec: generator })))
  await mesh.commit(...Array.from({ length: services }, (_, index) => put(join(`there-${index}`))))
  const before = mesh.looks
  for (let index = 0; index < JOINED; index += 1) await mesh.commit(put(join(`joins-${index}`)))
  return (mesh.looks - before) / JOINED
}

test.each([
  {
    what: 'a service of another zone',
    join: (name: string) =>
      draft('MeshService', name, {
        labels: { 'kuma.io/origin': 'global', 'kuma.io/zone': 'zone-2' },
        spec: { ports: [{ port: 80 }] },
      }),
  },
  {
    what: 'a Dataplane of this zone, with its service,',
    join: (name: string) =>
      draft('Dataplane', name, {
        labels: { 'kuma.io/workload': name },
        spec: { networking: { address: '127.0.0.1', inbound: [{ port: 80 }] } },
      }),
  },
])('what $what costs that joins does not hang on how many there are', async ({ join }) => {
  const few = await costOfJoins(50, join)
  expect(few).toBeGreaterThan(1)
  expect((await costOfJoins(1_000, join)) / few).toBeLessThanOrEqual(1.1)
})
