import { beforeEach, describe, expect, test } from 'vitest'
import type { Metrics } from '../../../src/base/metrics.js'
import { noMetrics } from '../../../src/base/metrics.js'
import { seededRandom } from '../../../src/base/random.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import type { Batch, Next, Since, Source, Subscription } from '../../../src/protocol/ports.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { TenantStore } from '../../../src/store/store.js'
import { NODE_FEATURES, recipientClass } from '../../../src/sync/features.js'
import { downRecipe, upRecipe } from '../../../src/sync/recipes.js'
import { View } from '../../../src/sync/view.js'
import { FakeClock } from '../../support/fake-clock.js'
import { draft, put, remove } from '../../support/resource-builder.js'

const ports = { clock: new FakeClock(), random: seededRandom(1) }

const EVERYTHING: Subscription = { wildcard: true, names: new Set(), anew: new Set() }
const NOTHING: Since = { kind: 'nothing' }
const TIMEOUT = { to: [{ targetRef: { kind: 'Mesh' }, default: { connectionTimeout: '5s' } }] }

let store: TenantStore
let encodes: number
let batches: number

beforeEach(() => {
  store = new MemoryStore({ clock: new FakeClock(), random: seededRandom(1) }).tenant(DEFAULT_TENANT)
  encodes = 0
  batches = 0
})

async function downView(features: readonly string[] = NODE_FEATURES): Promise<View> {
  const recipe = downRecipe(recipientClass(features), (secret) => secret, { skipPrefixes: [] })
  const view = new View({ store, recipe, id: 'v', messageBytesMax: 10_485_760, metrics: counting(), ...ports })
  await view.start()
  return view
}

describe('a view before its first complete read', () => {
  test('has nothing ready, since a first response is the whole truth', async () => {
    await store.commit([put(draft('Mesh', 'default'))])
    const recipe = downRecipe(recipientClass(NODE_FEATURES), (secret) => secret, { skipPrefixes: [] })
    const view = new View({ store, recipe, id: 'v', messageBytesMax: 1_000_000, ...ports })
    expect(view.sourceFor('zone-1').next('Mesh', EVERYTHING, NOTHING, 'now').kind).toBe('not-ready')
    await view.start()
    expect(names(view.sourceFor('zone-1').next('Mesh', EVERYTHING, NOTHING, 'now'))).toEqual(['default.'])
  })

  test('misses no commit that happens while it reads', async () => {
    const recipe = downRecipe(recipientClass(NODE_FEATURES), (secret) => secret, { skipPrefixes: [] })
    const view = new View({ store, recipe, id: 'v', messageBytesMax: 1_000_000, ...ports })
    const started = view.start()
    await store.commit([put(draft('Mesh', 'late'))])
    await started
    expect(names(view.sourceFor('zone-1').next('Mesh', EVERYTHING, NOTHING, 'now'))).toEqual(['late.'])
  })

  test('that is held closed stays not ready until it is opened', async () => {
    await store.commit([put(draft('Dataplane', 'dp-1', { spec: { networking: { address: '127.0.0.1' } } }))])
    const recipe = upRecipe('zone-1', { skipPrefixes: [] })
    const view = new View({ store, recipe, id: 'v', messageBytesMax: 1_000_000, closed: true, ...ports })
    await view.start()
    const source = view.sourceFor(undefined)
    const announced: (readonly string[])[] = []
    source.onChange((types) => announced.push(types))
    expect(source.next('Dataplane', EVERYTHING, NOTHING, 'now').kind).toBe('not-ready')
    view.open()
    expect(announced).toHaveLength(1)
    expect(names(source.next('Dataplane', EVERYTHING, NOTHING, 'now'))).toEqual(['dp-1-dff6z597w47d46xx.default'])
  })
})

describe('what a view costs', () => {
  test('500 streams: a change is encoded once and made into one batch', async () => {
    const view = await downView()
    const sources = Array.from({ length: 500 }, (_, i) => view.sourceFor(`zone-${i}`))
    const cursors = sources.map((source) => batchOf(source.next('MeshTimeout', EVERYTHING, NOTHING, 'now')).cursor)
    encodes = 0
    batches = 0
    await store.commit([put(draft('MeshTimeout', 'to-all', { spec: TIMEOUT }))])
    const sent = sources.map((source, i) => batchOf(source.next('MeshTimeout', EVERYTHING, cursor(cursors[i]), 'now')))
    expect(new Set(sent.map((batch) => batch.response.bytes)).size).toBe(1)
    expect({ encodes, batches }).toEqual({ encodes: 1, batches: 1 })
  })

  test('two classes of recipients: encoded once for each', async () => {
    await downView()
    await downView(['hash-suffix'])
    encodes = 0
    await store.commit([put(draft('MeshTimeout', 'to-all', { spec: TIMEOUT }))])
    expect(encodes).toBe(2)
  })

  test('commits that become durable together are one piece of news, told before any of them is answered', async () => {
    const view = await downView()
    const told: string[] = []
    view.sourceFor('zone-1').onChange((types) => told.push(...types))
    const commits = ['a', 'b'].map((name) => store.commit([put(draft('Mesh', name))]).then(() => told.push('answered')))
    expect(view.head('Mesh')).toBe(2)
    await Promise.all(commits)
    expect(told).toEqual(['Mesh', 'answered', 'answered'])
  })

  test('a write that changes no bytes of a class is no news for it', async () => {
    const view = await downView()
    const source = view.sourceFor('zone-1')
    const announced: (readonly string[])[] = []
    source.onChange((types) => announced.push(types))
    const msvc = { labels: { 'kuma.io/origin': 'zone', 'kuma.io/zone': 'zone-2' }, spec: { ports: [{ port: 80 }] } }
    await store.commit([put(draft('MeshService', 'backend', msvc))])
    await store.commit([put(draft('MeshService', 'backend', { ...msvc, status: { dataplaneProxies: { total: 3 } } }))])
    expect(announced).toEqual([['MeshService']])
  })
})

describe('what a stream is told', () => {
  test('an increment names what changed and what went, once', async () => {
    const view = await downView()
    const source = view.sourceFor('zone-1')
    await store.commit([put(draft('Mesh', 'a')), put(draft('Mesh', 'b'))])
    const first = batchOf(source.next('Mesh', EVERYTHING, NOTHING, 'now'))
    await store.commit([remove(draft('Mesh', 'a'))])
    await store.commit([put(draft('Mesh', 'b', { spec: { skipCreatingInitialPolicies: ['*'] } }))])
    const second = batchOf(source.next('Mesh', EVERYTHING, cursor(first.cursor), 'now'))
    expect({ sent: second.entries.map(({ name }) => name), removed: second.removed }).toEqual({
      sent: ['b.'],
      removed: ['a.'],
    })
    expect(source.next('Mesh', EVERYTHING, cursor(second.cursor), 'now').kind).toBe('nothing')
  })

  test('a subscriber that says what it holds gets the difference, removals included, even when it is empty', async () => {
    await store.commit([put(draft('Mesh', 'a')), put(draft('Mesh', 'b'))])
    const view = await downView()
    const source = view.sourceFor('zone-1')
    const versions = new Map(
      batchOf(source.next('Mesh', EVERYTHING, NOTHING, 'now')).entries.map((e) => [e.name, e.version]),
    )
    const same = batchOf(source.next('Mesh', EVERYTHING, { kind: 'versions', versions }, 'now'))
    expect([same.entries, same.removed]).toEqual([[], []])
    const stale = new Map([...versions, ['b.', 'old'], ['gone.', 'x']])
    const difference = batchOf(source.next('Mesh', EVERYTHING, { kind: 'versions', versions: stale }, 'now'))
    expect([difference.entries.map(({ name }) => name), difference.removed]).toEqual([['b.'], ['gone.']])
  })

  test('a cursor of another view starts over', async () => {
    const source = (await downView()).sourceFor('zone-1')
    const other = batchOf((await downView()).sourceFor('zone-1').next('Mesh', EVERYTHING, NOTHING, 'now'))
    expect(source.next('Mesh', EVERYTHING, cursor(other.cursor), 'now').kind).toBe('start-over')
  })

  test('a type over the message limit is withheld and named, others flow', async () => {
    const recipe = downRecipe(recipientClass(NODE_FEATURES), (secret) => secret, { skipPrefixes: [] })
    const view = new View({ store, recipe, id: 'v', messageBytesMax: 2_000, ...ports })
    await view.start()
    await store.commit([
      put(draft('Mesh', 'default')),
      put(draft('Secret', 'big', { spec: { data: 'A'.repeat(4_000) } })),
    ])
    const source = view.sourceFor('zone-1')
    const withheld = source.next('Secret', EVERYTHING, NOTHING, 'now')
    expect(withheld).toMatchObject({
      kind: 'withheld',
      reason: expect.stringContaining('over the message limit of 2000'),
    })
    expect(names(source.next('Mesh', EVERYTHING, NOTHING, 'now'))).toEqual(['default.'])
  })

  test('a resource that cannot be sent is named and the others flow', async () => {
    const publicKeyOf = () => {
      throw new Error('no key in it')
    }
    const recipe = downRecipe(recipientClass(NODE_FEATURES), publicKeyOf, { skipPrefixes: [] })
    const view = new View({ store, recipe, id: 'v', messageBytesMax: 1_000_000, ...ports })
    await view.start()
    await store.commit([put(draft('GlobalSecret', 'zone-token-signing-key-1')), put(draft('GlobalSecret', 'other'))])
    expect(names(view.sourceFor('z').next('GlobalSecret', EVERYTHING, NOTHING, 'now'))).toEqual(['other.'])
    expect([...view.unsendable]).toEqual([['GlobalSecret//zone-token-signing-key-1', 'no key in it']])
  })
})

describe('resources of zones', () => {
  const ofZone = (zone: string) => ({
    labels: { 'kuma.io/origin': 'zone', 'kuma.io/zone': zone, 'kuma.io/display-name': 'backend' },
    spec: { ports: [{ port: 80 }] },
  })

  test('go to every zone but their own', async () => {
    await store.commit([
      put(draft('MeshService', 'b1', ofZone('zone-1'))),
      put(draft('MeshService', 'b2', ofZone('zone-2'))),
    ])
    const view = await downView()
    expect(names(view.sourceFor('zone-1').next('MeshService', EVERYTHING, NOTHING, 'now'))).toEqual([
      'backend-d8466258x75748d7.default',
    ])
    expect(names(view.sourceFor('zone-3').next('MeshService', EVERYTHING, NOTHING, 'now'))).toHaveLength(2)
  })

  test('a change of its own is nothing for its zone and news for the others', async () => {
    const view = await downView()
    const [own, other] = [view.sourceFor('zone-1'), view.sourceFor('zone-2')]
    const before = batchOf(own.next('MeshService', EVERYTHING, NOTHING, 'now')).cursor
    await store.commit([put(draft('MeshService', 'b1', ofZone('zone-1')))])
    expect(own.next('MeshService', EVERYTHING, cursor(before), 'now').kind).toBe('nothing')
    expect(names(other.next('MeshService', EVERYTHING, cursor(before), 'now'))).toHaveLength(1)
    await store.commit([remove(draft('MeshService', 'b1'))])
    expect(own.next('MeshService', EVERYTHING, cursor(before), 'now').kind).toBe('nothing')
  })

  test('leave the other zones while their zone is disabled, and come back', async () => {
    await store.commit([
      put(draft('MeshService', 'b1', ofZone('zone-1'))),
      put(draft('Zone', 'zone-1', { spec: { enabled: true } })),
    ])
    const view = await downView()
    const source = view.sourceFor('zone-2')
    const first = batchOf(source.next('MeshService', EVERYTHING, NOTHING, 'now'))
    await store.commit([put(draft('Zone', 'zone-1', { spec: { enabled: false } }))])
    const second = batchOf(source.next('MeshService', EVERYTHING, cursor(first.cursor), 'now'))
    expect(second.removed).toEqual(first.entries.map(({ name }) => name))
    await store.commit([put(draft('Zone', 'zone-1', { spec: { enabled: true } }))])
    expect(names(source.next('MeshService', EVERYTHING, cursor(second.cursor), 'now'))).toHaveLength(1)
  })
})

function cursor(value: object | undefined): Since {
  return { kind: 'cursor', cursor: value ?? {} }
}

function batchOf(next: Next): Batch {
  if (next.kind !== 'batch') throw new Error(`expected a batch, got ${next.kind}`)
  return next.batch
}

function names(next: ReturnType<Source['next']>): string[] {
  return batchOf(next).entries.map(({ name }) => name)
}

function counting(): Metrics {
  return {
    ...noMetrics,
    counter: (name) => ({
      add(amount) {
        if (name === 'zonelab_view_encodes_total') encodes += amount
        if (name === 'zonelab_view_batches_total') batches += amount
      },
    }),
  }
}
