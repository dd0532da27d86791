import { expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { silentLogger } from '../../../src/base/log.js'
import { PromMetrics } from '../../../src/base/prom-metrics.js'
import { seededRandom } from '../../../src/base/random.js'
import { MeshCounting } from '../../../src/global/mesh-counting.js'
import { exposeLeader } from '../../../src/insights/leader-metrics.js'
import { DEFAULT_TENANT, type TenantId } from '../../../src/model/tenant.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { TenantStore } from '../../../src/store/store.js'
import { FakeClock } from '../../support/fake-clock.js'
import { draft, put, remove } from '../../support/resource-builder.js'

const FENCE = { role: 'mesh-insights', term: 1 }

test('a leader whose store is away at first counts once it is back; one that leads no more does not', async () => {
  const clock = new FakeClock()
  const ports = { clock, random: seededRandom(1), log: silentLogger }
  const kept = new MemoryStore(ports).tenant(DEFAULT_TENANT)
  await kept.commit([put(draft('Mesh', 'default'))])
  let away = true
  let reads = 0
  const store: TenantStore = {
    tenant: kept.tenant,
    get: (key) => kept.get(key),
    list: (type, filter) => kept.list(type, filter),
    listAll(types) {
      reads += 1
      return away ? Promise.reject(new AppError('unavailable', 'it is away')) : kept.listAll(types)
    },
    commit: (writes) => kept.commit(writes),
    watch: (listener) => kept.watch(listener),
    changesSince: (epoch, revision) => kept.changesSince(epoch, revision),
    head: () => kept.head(),
  }
  const counting = new MeshCounting({ ...ports, shared: true })
  await counting.add(store)
  await counting.start(FENCE)
  await clock.stepAsync(20_000)
  expect((await kept.list('MeshInsight')).resources).toEqual([])
  away = false
  await clock.stepAsync(20_000)
  expect((await kept.list('MeshInsight')).resources.map(({ name }) => name)).toEqual(['default'])

  await counting.stop()
  away = true
  await counting.start(FENCE)
  await counting.stop()
  const before = reads
  await clock.stepAsync(60_000)
  expect(reads).toBe(before)
})

test('a process that has the store alone leads, and knows how many resources each control plane has', async () => {
  const ports = { clock: new FakeClock(), random: seededRandom(1), log: silentLogger }
  const stores = new MemoryStore(ports)
  const metrics = new PromMetrics('Global')
  const counting = new MeshCounting({ ...ports, shared: false })
  exposeLeader(metrics, counting, true)
  const [one, other] = ['one', 'other'].map((tenant) => stores.tenant(tenant as TenantId)) as [TenantStore, TenantStore]
  await one.commit([put(draft('Mesh', 'default')), put(draft('Zone', 'zone-1')), put(draft('Zone', 'zone-2'))])
  for (const store of [one, other]) await counting.add(store)
  await other.commit([put(draft('MeshTimeout', 'slow'))])
  await one.commit([remove(draft('Zone', 'zone-2')), put(draft('Zone', 'zone-1', { labels: { changed: 'yes' } }))])
  expect(await gauges(metrics)).toEqual([
    'leader{zone="Global"} 1',
    'resources_count{resource_type="Mesh",tenant="one",zone="Global"} 1',
    'resources_count{resource_type="Zone",tenant="one",zone="Global"} 1',
    'resources_count{resource_type="MeshTimeout",tenant="other",zone="Global"} 1',
  ])
  await counting.remove(one)
  expect(await gauges(metrics)).toEqual([
    'leader{zone="Global"} 1',
    'resources_count{resource_type="MeshTimeout",tenant="other",zone="Global"} 1',
  ])
})

test('of several processes the one that leads counts', async () => {
  const ports = { clock: new FakeClock(), random: seededRandom(1), log: silentLogger }
  const store = new MemoryStore(ports).tenant(DEFAULT_TENANT)
  await store.commit([put(draft('Zone', 'zone-1'))])
  const metrics = new PromMetrics('Global')
  const counting = new MeshCounting({ ...ports, shared: true })
  exposeLeader(metrics, counting, true)
  await counting.add(store)
  expect(await gauges(metrics)).toEqual(['leader{zone="Global"} 0'])
  await counting.start(FENCE)
  expect(await gauges(metrics)).toEqual([
    'leader{zone="Global"} 1',
    'resources_count{resource_type="Zone",tenant="default",zone="Global"} 1',
  ])
  const uncounted = new PromMetrics('Global')
  exposeLeader(uncounted, counting, false)
  expect(await gauges(uncounted)).toEqual(['leader{zone="Global"} 1'])
  await counting.stop()
  expect(await gauges(metrics)).toEqual(['leader{zone="Global"} 0'])
})

async function gauges(metrics: PromMetrics): Promise<readonly string[]> {
  return (await metrics.expose()).text.split('\n').filter((line) => /^(leader|resources_count)\{/.test(line))
}
