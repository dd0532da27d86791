import { beforeEach, describe, expect, test } from 'vitest'
import { silentLogger } from '../../../src/base/log.js'
import { seededRandom } from '../../../src/base/random.js'
import { closeLeftOpen } from '../../../src/insights/subscription-list.js'
import { ZoneInsight } from '../../../src/insights/zone.js'
import type { JsonObject } from '../../../src/model/json.js'
import { specOf } from '../../../src/model/resource.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { TenantStore } from '../../../src/store/store.js'
import { FakeClock } from '../../support/fake-clock.js'
import { draft, put } from '../../support/resource-builder.js'

const AT = (seconds: number) => `2026-01-01T00:00:${String(seconds).padStart(2, '0')}.000Z`

let clock: FakeClock
let store: TenantStore

beforeEach(async () => {
  clock = new FakeClock()
  store = new MemoryStore({ clock, random: seededRandom(1) }).tenant(DEFAULT_TENANT)
  await store.commit([put(draft('Zone', 'zone-1'))])
})

function insightOf(side: 'global' | 'zone', subscriptionLimit = 10): ZoneInsight {
  return new ZoneInsight({
    store,
    zone: 'zone-1',
    side,
    instanceId: 'ours-1234',
    clock,
    log: silentLogger,
    flushIntervalMs: 10_000,
    subscriptionLimit,
  })
}

async function stored(): Promise<JsonObject> {
  const insight = await store.get({ type: 'ZoneInsight', mesh: undefined, name: 'zone-1' })
  return insight ? specOf(insight) : {}
}

async function subscriptions(): Promise<readonly JsonObject[]> {
  return (await stored()).subscriptions as readonly JsonObject[]
}

function node(version: string, extra: JsonObject = {}): JsonObject {
  const metadata = {
    version: { kumaCp: { version } },
    config: '{"store":{"type":"memory"}}',
    'control-plane-id': 'peer-abcd',
  }
  return { id: 'zone-1', metadata: { ...metadata, ...extra } }
}

/** kds.md §6.3. */
describe('the subscription of a stream', () => {
  test('tells who is connected since when, what was sent and what was answered', async () => {
    const insight = insightOf('global')
    const subscription = insight.open('sub-1', true)
    subscription.onRequest('Mesh', node('3.0.0'))
    subscription.onSent('Mesh')
    subscription.onSent('MeshTimeout')
    clock.step(2_000)
    subscription.onAnswered('Mesh', {}, undefined)
    subscription.onAnswered('MeshTimeout', {}, 'no good')
    await insight.flush()
    expect(await subscriptions()).toEqual([
      {
        id: 'sub-1',
        globalInstanceId: 'ours-1234',
        zoneInstanceId: 'peer-abcd',
        connectTime: AT(0),
        authTokenProvided: true,
        config: '{"store":{"type":"memory"}}',
        version: { kumaCp: { version: '3.0.0', kumaCpGlobalCompatible: true } },
        status: {
          lastUpdateTime: AT(2),
          total: { responsesSent: '2', responsesAcknowledged: '1', responsesRejected: '1' },
          stat: {
            Mesh: { responsesSent: '1', responsesAcknowledged: '1' },
            MeshTimeout: { responsesSent: '1', responsesRejected: '1' },
          },
        },
      },
    ])
  })

  test('on a zone names its own instance as the zone’s and the peer as the global', async () => {
    const insight = insightOf('zone')
    insight.open('sub-1', false).onRequest('Dataplane', node('3.0.0'))
    await insight.flush()
    const [subscription] = await subscriptions()
    expect(subscription).toMatchObject({ globalInstanceId: 'peer-abcd', zoneInstanceId: 'ours-1234' })
    expect(subscription).not.toHaveProperty('authTokenProvided')
  })

  test.each([
    ['3.0.0', true],
    ['3.2.7', true],
    ['3.3.0', false],
    ['2.14.3', false],
    ['3.0.0-preview.v348b6528b', true],
    ['unknown', true],
  ])('version %s is compatible: %s', async (version, compatible) => {
    const insight = insightOf('global')
    insight.open('sub-1', false).onRequest('Mesh', node(version))
    await insight.flush()
    const [subscription] = await subscriptions()
    const told = (subscription?.version as { kumaCp?: JsonObject } | undefined)?.kumaCp
    expect(told).toEqual({ version, ...(compatible && { kumaCpGlobalCompatible: true }) })
  })

  test('closed is offline at once and stays so, whatever is written later', async () => {
    const insight = insightOf('global')
    const subscription = insight.open('sub-1', false)
    await insight.flush()
    clock.step(3_000)
    await insight.close(subscription)
    insight.healthChecked()
    await clock.stepAsync(10_000)
    expect(await stored()).toMatchObject({
      subscriptions: [{ id: 'sub-1', disconnectTime: AT(3) }],
      healthCheck: { time: AT(3) },
    })
  })

  test('of a newer stream closes the older one, whose end then changes nothing', async () => {
    const insight = insightOf('global')
    const older = insight.open('sub-1', false)
    await insight.flush()
    clock.step(1_000)
    insight.open('sub-2', false)
    await insight.flush()
    clock.step(1_000)
    await insight.close(older)
    expect((await subscriptions()).map(({ id, disconnectTime }) => [id, disconnectTime])).toEqual([
      ['sub-1', AT(1)],
      ['sub-2', undefined],
    ])
  })

  test('is one of the newest that are kept', async () => {
    const insight = insightOf('global', 2)
    for (const id of ['a', 'b', 'c']) {
      insight.open(id, false)
      await insight.flush()
    }
    expect((await subscriptions()).map(({ id }) => id)).toEqual(['b', 'c'])
  })
})

test('streams are told by kind, with the instance that has them', async () => {
  const insight = insightOf('global')
  insight.streamOpened('configDump')
  clock.step(1_000)
  insight.streamOpened('zoneToGlobal')
  await insight.flush()
  expect((await stored()).kdsStreams).toEqual({
    configDump: { globalInstanceId: 'ours-1234', connectTime: AT(0) },
    zoneToGlobal: { globalInstanceId: 'ours-1234', connectTime: AT(1) },
  })
  expect((await stored()).envoyAdminStreams).toEqual({ configDumpGlobalInstanceId: 'ours-1234' })
})

test('what a control plane that died left open is closed at the next start, and nothing else is written', async () => {
  const open = { id: 'a', connectTime: AT(0) }
  const closed = { id: 'b', connectTime: AT(0), disconnectTime: AT(1) }
  await store.commit([
    put(draft('ZoneInsight', 'zone-1', { spec: { subscriptions: [closed, open] } })),
    put(draft('ZoneInsight', 'zone-2', { spec: { subscriptions: [closed] } })),
  ])
  const { revision } = await store.head()
  clock.step(5_000)
  await closeLeftOpen(store, 'ZoneInsight', clock.nowMs())
  await closeLeftOpen(store, 'ZoneInsight', clock.nowMs())
  expect(await subscriptions()).toEqual([closed, { ...open, disconnectTime: AT(5) }])
  expect((await store.head()).revision).toBe(revision + 1)
})
