import { expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { TenantStore } from '../../../src/store/store.js'
import { MeshMirror } from '../../../src/zone/mesh-mirror.js'
import { mirroredStore } from '../../../src/zone/mirrored-store.js'
import { FakeClock } from '../../support/fake-clock.js'
import { draft, put, remove } from '../../support/resource-builder.js'

test('a read is answered without the store, and shows what was written before it', async () => {
  const store: TenantStore = new MemoryStore({ clock: new FakeClock(), random: seededRandom(1) }).tenant(DEFAULT_TENANT)
  await store.commit([put(draft('Mesh', 'default')), put(draft('Dataplane', 'a'))])
  const mirror = new MeshMirror({ store, clock: new FakeClock(), random: seededRandom(1) })
  await mirror.start()
  let reads = 0
  const get: TenantStore['get'] = (key) => {
    reads += 1
    return store.get(key)
  }
  const mirrored = mirroredStore(Object.assign(Object.create(store), { get }), mirror)
  const key = { type: 'Dataplane', mesh: 'default', name: 'a' } as const
  expect((await mirrored.get(key))?.version).toBe(1)
  await store.commit([put(draft('Dataplane', 'a', { labels: { changed: 'yes' } }))])
  expect((await mirrored.get(key))?.version).toBe(2)
  await store.commit([remove(draft('Dataplane', 'a'))])
  expect([await mirrored.get(key), reads]).toEqual([undefined, 0])
})
