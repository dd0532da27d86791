import { afterEach, describe, expect, test, vi } from 'vitest'
import { noMetrics } from '../../../src/base/metrics.js'
import { seededRandom } from '../../../src/base/random.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import type { Subscription } from '../../../src/protocol/ports.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { Listing, TenantStore } from '../../../src/store/store.js'
import { NODE_FEATURES, recipientClass } from '../../../src/sync/features.js'
import type { Recipe } from '../../../src/sync/recipe.js'
import { downRecipe } from '../../../src/sync/recipes.js'
import { View } from '../../../src/sync/view.js'
import { FakeClock } from '../../support/fake-clock.js'
import { draft, put } from '../../support/resource-builder.js'
import { stored } from '../../support/stored-resource.js'

const ports = { clock: new FakeClock(), random: seededRandom(1) }

const EVERYTHING: Subscription = { wildcard: true, names: new Set(), anew: new Set() }
const STREAMS = 20

afterEach(() => vi.restoreAllMocks())

/** Steps of every map and set that is walked, and resources that are mapped, from here on. */
function countVisits(): { count: number } {
  const visits = { count: 0 }
  const walk = <T>(inner: IterableIterator<T>): IterableIterator<T> => {
    const next = inner.next.bind(inner)
    inner.next = () => {
      visits.count += 1
      return next()
    }
    return inner
  }
  for (const method of ['values', 'entries', 'keys'] as const) {
    for (const of of [Map.prototype, Set.prototype]) {
      const original = of[method] as () => IterableIterator<unknown>
      vi.spyOn(of, method).mockImplementation(function (this: never) {
        return walk(original.call(this)) as never
      })
    }
  }
  for (const of of [Map.prototype, Set.prototype]) {
    const original = of[Symbol.iterator] as () => IterableIterator<unknown>
    vi.spyOn(of, Symbol.iterator).mockImplementation(function (this: never) {
      return walk(original.call(this)) as never
    })
  }
  return visits
}

/** Resources that a view of `size` visits for one change and `STREAMS` streams that then ask for it. */
async function visitsOfOneChange(size: number): Promise<number> {
  const store: TenantStore = new MemoryStore({ clock: new FakeClock(), random: seededRandom(1) }).tenant(DEFAULT_TENANT)
  const inner = downRecipe(recipientClass(NODE_FEATURES), (secret) => secret, { skipPrefixes: [] })
  let mapped = 0
  const recipe: Recipe = {
    ...inner,
    project(resource) {
      mapped += 1
      return inner.project(resource)
    },
  }
  const spec = { to: [{ targetRef: { kind: 'Mesh' }, default: { connectionTimeout: '5s' } }] }
  const resources = Array.from({ length: size }, (_, i) => stored('MeshTimeout', `t-${i}`, { spec }))
  const listAll = async (): Promise<Listing> => ({ head: await store.head(), resources })
  const watch = (listener: Parameters<TenantStore['watch']>[0]) => store.watch(listener)
  const view = new View({
    store: { listAll, watch },
    recipe,
    id: 'v',
    messageBytesMax: 1e9,
    metrics: noMetrics,
    ...ports,
  })
  await view.start()
  const sources = Array.from({ length: STREAMS }, (_, i) => view.sourceFor(`zone-${i}`))
  const firsts = sources.map((source) => source.next('MeshTimeout', EVERYTHING, { kind: 'nothing' }, 'now'))
  mapped = 0
  const visits = countVisits()
  await store.commit([put(draft('MeshTimeout', 't-1', { spec: { ...spec, targetRef: { kind: 'Mesh' } } }))])
  for (const [i, source] of sources.entries()) {
    const first = firsts[i]
    if (first?.kind !== 'batch') throw new Error('expected a first batch')
    const next = source.next('MeshTimeout', EVERYTHING, { kind: 'cursor', cursor: first.batch.cursor }, 'now')
    expect(next.kind === 'batch' && next.batch.entries.length).toBe(1)
  }
  vi.restoreAllMocks()
  return visits.count + mapped
}

describe('the law of a change', () => {
  test('it visits as many entries among 20,000 as among 1,000', async () => {
    const [few, many] = [await visitsOfOneChange(1_000), await visitsOfOneChange(20_000)]
    expect(few).toBeGreaterThan(0)
    expect(many).toBe(few)
  }, 60_000)
})
