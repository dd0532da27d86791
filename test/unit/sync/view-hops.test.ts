import { beforeEach, expect, test, vi } from 'vitest'
import { type Hop, Hops } from '../../../src/base/hops.js'
import { seededRandom } from '../../../src/base/random.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { TenantStore } from '../../../src/store/store.js'
import { NODE_FEATURES, recipientClass } from '../../../src/sync/features.js'
import type { Recipe } from '../../../src/sync/recipe.js'
import { downRecipe } from '../../../src/sync/recipes.js'
import { View } from '../../../src/sync/view.js'
import { FakeClock } from '../../support/fake-clock.js'
import { draft, put, remove } from '../../support/resource-builder.js'

const timeout = (connectionTimeout: string) => ({
  spec: { to: [{ targetRef: { kind: 'Mesh' }, default: { connectionTimeout } }] },
})
const FIRST = put(draft('MeshTimeout', 'quick', timeout('5s')))
const SECOND = put(draft('MeshTimeout', 'quick', timeout('6s')))

let clock: FakeClock
let hops: Hops
let seen: Hop[]
let store: TenantStore

beforeEach(() => {
  clock = new FakeClock()
  hops = new Hops(clock)
  seen = []
  store = new MemoryStore({ clock, random: seededRandom(1) }).tenant(DEFAULT_TENANT)
})

/** A view that takes three milliseconds for each resource. */
async function slowView(): Promise<void> {
  const inner = downRecipe(recipientClass(NODE_FEATURES), (secret) => secret, { skipPrefixes: [] })
  const recipe: Recipe = {
    ...inner,
    project(resource) {
      clock.step(3)
      return inner.project(resource)
    },
  }
  const told = { hops, tenant: DEFAULT_TENANT }
  const ports = { clock, random: seededRandom(1) }
  await new View({ store, recipe, id: 'v', messageBytesMax: 1e6, hops: told, ...ports }).start()
}

test('a change is told when its class has it in bytes, with the time that it took, by the name under which it is sent', async () => {
  await slowView()
  hops.read((hop) => seen.push(hop))
  await store.commit([FIRST])
  expect(seen).toEqual([
    {
      hop: 'kds-encoded',
      at: 3,
      tookMs: 3,
      tenant: DEFAULT_TENANT,
      peer: undefined,
      type: 'MeshTimeout',
      name: expect.stringMatching(/^quick-\w+\.default$/),
      version: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
  ])
})

test('what was there before, what gives the same bytes again and what is removed was not encoded for anybody', async () => {
  hops.read((hop) => seen.push(hop))
  await store.commit([FIRST])
  await slowView()
  await store.commit([put(draft('MeshTimeout', 'quick', { ...timeout('5s'), status: {} }))])
  await store.commit([remove(draft('MeshTimeout', 'quick'))])
  expect(seen).toEqual([])
})

test('while nobody reads the hops of its control plane a view does not look at the clock', async () => {
  await slowView()
  hops.read((hop) => seen.push(hop), 'another')
  const looks = vi.spyOn(clock, 'monotonicMs')
  await store.commit([FIRST])
  expect([looks.mock.calls.length, seen]).toEqual([0, []])
  hops.read((hop) => seen.push(hop), DEFAULT_TENANT)
  await store.commit([SECOND])
  expect(seen).toHaveLength(1)
})
