import { beforeEach, expect, test } from 'vitest'
import { silentLogger } from '../../../src/base/log.js'
import { seededRandom } from '../../../src/base/random.js'
import { DeadInstances } from '../../../src/insights/dead-instances.js'
import type { JsonObject } from '../../../src/model/json.js'
import { specOf } from '../../../src/model/resource.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { TenantStore } from '../../../src/store/store.js'
import { FakeClock } from '../../support/fake-clock.js'
import { draft, put } from '../../support/resource-builder.js'

let clock: FakeClock
let store: TenantStore
let present: Set<string>
let asked: number
let job: DeadInstances

/** A zone whose stream each of two instances has. */
beforeEach(async () => {
  clock = new FakeClock()
  store = new MemoryStore({ clock, random: seededRandom(1) }).tenant(DEFAULT_TENANT)
  present = new Set(['a', 'b'])
  asked = 0
  await store.commit([insight('west', 'a'), insight('east', 'b')])
  job = new DeadInstances({
    peers: {
      async present() {
        asked += 1
        return present
      },
    },
    stores: () => [store],
    types: ['ZoneInsight'],
    clock,
    log: silentLogger,
  })
  await job.start({ role: 'dead-instances', term: 1 })
})

function insight(zone: string, globalInstanceId: string) {
  const subscriptions = [{ id: zone, globalInstanceId, connectTime: '2026-01-01T00:00:00Z' }]
  return put(draft('ZoneInsight', zone, { spec: { subscriptions } }))
}

async function isOnline(zone: string): Promise<boolean> {
  const found = await store.get(draft('ZoneInsight', zone))
  const [subscription] = (found ? specOf(found).subscriptions : []) as readonly JsonObject[]
  return subscription?.disconnectTime === undefined
}

test('zones of an instance that is gone for 15 s are shown as offline, and not before; others stay', async () => {
  present.delete('a')
  await clock.stepAsync(5_000)
  await clock.stepAsync(14_000)
  expect([await isOnline('west'), await isOnline('east')]).toEqual([true, true])
  await clock.stepAsync(6_000)
  expect([await isOnline('west'), await isOnline('east')]).toEqual([false, true])
})

test('an instance that is back before that has not died', async () => {
  for (let round = 0; round < 5; round += 1) {
    present.delete('a')
    await clock.stepAsync(10_000)
    present.add('a')
    await clock.stepAsync(5_000)
  }
  expect(await isOnline('west')).toBe(true)
})

test('who leads no more looks no more', async () => {
  await job.stop()
  const before = asked
  present.clear()
  await clock.stepAsync(60_000)
  expect([asked - before, await isOnline('west')]).toEqual([0, true])
})
