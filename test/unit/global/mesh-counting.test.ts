import { expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { silentLogger } from '../../../src/base/log.js'
import { seededRandom } from '../../../src/base/random.js'
import { MeshCounting } from '../../../src/global/mesh-counting.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { TenantStore } from '../../../src/store/store.js'
import { FakeClock } from '../../support/fake-clock.js'
import { draft, put } from '../../support/resource-builder.js'

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
