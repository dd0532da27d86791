import { beforeEach, expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { ResourceStore, TenantStore } from '../../../src/store/store.js'
import { MeshMirror } from '../../../src/zone/mesh-mirror.js'
import { FakeClock, settled } from '../../support/fake-clock.js'
import { draft, put, remove } from '../../support/resource-builder.js'

let stores: ResourceStore
let store: TenantStore
let mirror: MeshMirror
let told: string[]

beforeEach(async () => {
  stores = new MemoryStore({ clock: new FakeClock(), random: seededRandom(1) })
  store = stores.tenant(DEFAULT_TENANT)
  await store.commit([put(draft('Mesh', 'default')), put(draft('Dataplane', 'a'))])
  mirror = new MeshMirror({ store, clock: new FakeClock(), random: seededRandom(1) })
  await mirror.start()
  told = []
  mirror.onChange((changes) => {
    for (const { mesh, change } of changes) told.push(`${change.after ? '+' : '-'}${mesh ?? ''}/${change.key.name}`)
  })
})

const names = () => [...mirror.of('default', 'Dataplane').keys()]

test('it holds what the store holds, by mesh and type, before anyone is told', async () => {
  mirror.onChange(() => told.push(`holds ${names()}`))
  await store.commit([put(draft('Dataplane', 'b'))])
  await store.commit([remove(draft('Dataplane', 'a'))])
  expect(told).toEqual(['+default/b', 'holds a,b', '-default/a', 'holds b'])
  expect([mirror.meshNames, mirror.of('other', 'Dataplane').size]).toEqual([['default'], 0])
  await store.commit([put(draft('Mesh', 'other')), put(draft('Dataplane', 'c', { mesh: 'other' }))])
  expect([mirror.counts().get('Mesh'), mirror.counts().get('Dataplane')]).toEqual([2, 2])
})

test('in a new epoch it is read anew, and what is gone is told as gone', async () => {
  await stores.deleteTenant(DEFAULT_TENANT)
  await store.commit([put(draft('Mesh', 'default')), put(draft('Dataplane', 'c'))])
  await settled()
  await store.commit([put(draft('Dataplane', 'd'))])
  expect(names()).toEqual(['c', 'd'])
  expect(told).toContain('-default/a')
})

test('stopped, it tells nobody anything', async () => {
  await mirror.stop()
  await store.commit([put(draft('Dataplane', 'b'))])
  expect(told).toEqual([])
})
