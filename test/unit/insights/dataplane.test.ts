import { beforeEach, expect, test } from 'vitest'
import { silentLogger } from '../../../src/base/log.js'
import { seededRandom } from '../../../src/base/random.js'
import { DataplaneSubscription } from '../../../src/insights/dataplane.js'
import type { JsonObject } from '../../../src/model/json.js'
import { specOf } from '../../../src/model/resource.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { TenantStore } from '../../../src/store/store.js'
import { FakeClock } from '../../support/fake-clock.js'
import { draft, put } from '../../support/resource-builder.js'

let clock: FakeClock
let store: TenantStore

beforeEach(async () => {
  clock = new FakeClock()
  store = new MemoryStore({ clock, random: seededRandom(1) }).tenant(DEFAULT_TENANT)
  await store.commit([put(draft('Dataplane', 'dp-1'))])
})

function subscription(id: string): DataplaneSubscription {
  const options = {
    store,
    mesh: 'default',
    name: 'dp-1',
    labels: { 'kuma.io/zone': 'zone-1' },
    instanceId: 'zone-cp-1',
    clock,
    log: silentLogger,
    untilFlushMs: () => 10_000,
    id,
    counted: { cds: 'Cluster', eds: 'Endpoint', lds: 'Listener', rds: 'Route' },
    certificate: () => undefined,
  }
  return new DataplaneSubscription(options)
}

async function subscriptions(): Promise<readonly JsonObject[]> {
  const insight = await store.get({ type: 'DataplaneInsight', mesh: 'default', name: 'dp-1' })
  return insight ? (specOf(insight).subscriptions as readonly JsonObject[]) : []
}

const open = async () =>
  (await subscriptions()).filter(({ disconnectTime }) => disconnectTime === undefined).map(({ id }) => id)

/** dataplane.md §1.7. */
test('a sidecar’s stream is counted by type, secrets in the total alone', async () => {
  const stream = subscription('a')
  await stream.open({ kumaDp: { version: '3.0.0' } })
  for (const type of ['Cluster', 'Secret']) {
    stream.onSent(type)
    stream.onAnswered(type, {}, undefined)
  }
  await clock.stepAsync(10_000)
  expect(await subscriptions()).toMatchObject([
    {
      id: 'a',
      controlPlaneInstanceId: 'zone-cp-1',
      version: { kumaDp: { version: '3.0.0' } },
      status: {
        total: { responsesSent: '2', responsesAcknowledged: '2' },
        cds: { responsesSent: '1', responsesAcknowledged: '1' },
        rds: {},
      },
    },
  ])
})

test('a superseded stream neither closes its successor nor writes over it', async () => {
  const older = subscription('a')
  await older.open(undefined)
  const newer = subscription('b')
  older.superseded()
  await newer.open(undefined)
  await older.close()
  older.onSent('Cluster')
  await clock.stepAsync(60_000)
  expect(await open()).toEqual(['b'])
})

test('a superseded stream whose first write comes late leaves its successor online', async () => {
  const [older, newer] = [subscription('a'), subscription('b')]
  older.superseded()
  const opened = newer.open(undefined)
  await older.open(undefined)
  await opened
  expect(await open()).toEqual(['b'])
})

test('a stream that ends is offline at once, and the last two are kept', async () => {
  for (const id of ['a', 'b', 'c']) {
    const stream = subscription(id)
    await stream.open(undefined)
    await stream.close()
    expect(await open()).toEqual([])
  }
  expect((await subscriptions()).map(({ id }) => id)).toEqual(['b', 'c'])
})
