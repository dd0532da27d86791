import { beforeEach, describe, expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { seededRandom } from '../../../src/base/random.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import type { Next, Source, Subscription } from '../../../src/protocol/ports.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { ResourceStore, TenantStore } from '../../../src/store/store.js'
import { NODE_FEATURES, recipientClass } from '../../../src/sync/features.js'
import { downRecipe } from '../../../src/sync/recipes.js'
import { View } from '../../../src/sync/view.js'
import { FakeClock, settled } from '../../support/fake-clock.js'
import { draft, put, remove } from '../../support/resource-builder.js'

const ports = { clock: new FakeClock(), random: seededRandom(1) }

const EVERYTHING: Subscription = { wildcard: true, names: new Set(), anew: new Set() }
const recipe = downRecipe(recipientClass(NODE_FEATURES), (secret) => secret, { skipPrefixes: [] })

let stores: ResourceStore
let store: TenantStore

beforeEach(() => {
  stores = new MemoryStore({ clock: new FakeClock(), random: seededRandom(1) })
  store = stores.tenant(DEFAULT_TENANT)
})

async function startedView(of: Pick<TenantStore, 'listAll' | 'watch'> = store): Promise<View> {
  const view = new View({ store: of, recipe, id: 'v', messageBytesMax: 1_000_000, ...ports })
  await view.start()
  return view
}

function next(source: Source, type: string, cursor?: object): Next {
  return source.next(type, EVERYTHING, cursor ? { kind: 'cursor', cursor } : { kind: 'nothing' }, 'now')
}

function names(answer: Next): readonly string[] {
  return answer.kind === 'batch' ? answer.batch.entries.map(({ name }) => name) : [answer.kind]
}

function cursorOf(answer: Next): object {
  return answer.kind === 'batch' || answer.kind === 'nothing'
    ? answer.kind === 'batch'
      ? answer.batch.cursor
      : answer.cursor
    : {}
}

describe('a view whose tenant begins a new epoch', () => {
  test('sends nothing until it has read anew, and then not what was', async () => {
    await store.commit([put(draft('Mesh', 'old'))])
    const view = await startedView()
    const source = view.sourceFor('zone-1')
    const announced: (readonly string[])[] = []
    source.onChange((types) => announced.push(types))
    const deleted = stores.deleteTenant(DEFAULT_TENANT)
    expect(next(source, 'Mesh').kind).toBe('not-ready')
    await deleted
    await settled()
    expect(announced).toEqual([recipe.types])
    await store.commit([put(draft('Mesh', 'new'))])
    expect(names(next(source, 'Mesh'))).toEqual(['new.'])
  })

  test('lets streams of the old epoch start over, however their revision compares', async () => {
    await store.commit([put(draft('Mesh', 'old'))])
    const view = await startedView()
    const source = view.sourceFor('zone-1')
    const cursor = cursorOf(next(source, 'Mesh'))
    await stores.deleteTenant(DEFAULT_TENANT)
    await settled()
    await store.commit([put(draft('Mesh', 'new'))])
    await store.commit([put(draft('Mesh', 'newer'))])
    expect(next(source, 'Mesh', cursor).kind).toBe('start-over')
    expect(view.revisionAt(cursor)).toBeUndefined()
  })
})

test('a view that cannot be read says so and lets its streams start over', async () => {
  const view = new View({
    store: { watch: () => () => {}, listAll: () => Promise.reject(new AppError('unavailable', 'no disk')) },
    recipe,
    id: 'v',
    messageBytesMax: 1_000_000,
    ...ports,
  })
  const source = view.sourceFor('zone-1')
  const announced: (readonly string[])[] = []
  source.onChange((types) => announced.push(types))
  await expect(view.start()).rejects.toThrow('no disk')
  expect([view.isLost, next(source, 'Mesh').kind, announced.length]).toEqual([true, 'start-over', 1])
})

test('a reader that fell behind the log starts over', async () => {
  const view = await startedView()
  const source = view.sourceFor('zone-1')
  const cursor = cursorOf(next(source, 'Mesh'))
  const many = Array.from({ length: 10_001 }, (_, i) => put(draft('Mesh', `m-${i}`)))
  await store.commit(many)
  await store.commit([remove(draft('Mesh', 'm-0'))])
  expect(next(source, 'Mesh', cursor).kind).toBe('start-over')
})

test('types that a view does not have get one empty answer, also those asked for too early', async () => {
  const view = new View({ store, recipe, id: 'v', messageBytesMax: 1_000_000, ...ports })
  const source = view.sourceFor('zone-1')
  const announced: string[] = []
  source.onChange((types) => announced.push(...types))
  expect(next(source, 'TrafficRoute').kind).toBe('not-ready')
  await view.start()
  expect(announced).toContain('TrafficRoute')
  const first = next(source, 'TrafficRoute')
  expect([names(first), next(source, 'TrafficRoute', cursorOf(first)).kind]).toEqual([[], 'nothing'])
})

describe('what a zone has withdrawn', () => {
  const labels = { 'kuma.io/origin': 'zone', 'kuma.io/zone': 'zone-1', 'kuma.io/display-name': 'backend' }
  const service = (more: Readonly<Record<string, string>> = {}, port = 80) =>
    draft('MeshService', 'b1', { labels: { ...labels, ...more }, spec: { ports: [{ port }] } })
  const zone = (enabled: boolean) => put(draft('Zone', 'zone-1', { spec: { enabled } }))

  test('does not come back when the zone is disabled and enabled', async () => {
    const source = (await startedView()).sourceFor('zone-2')
    await store.commit([put(service())])
    await store.commit([put(service({ 'kuma.io/kds-sync': 'disabled' }))])
    await store.commit([zone(false)])
    await store.commit([zone(true)])
    expect(names(next(source, 'MeshService'))).toEqual([])
  })

  test('stays deleted when it was deleted while the zone was disabled', async () => {
    const source = (await startedView()).sourceFor('zone-2')
    await store.commit([put(service()), zone(false)])
    await store.commit([remove(service())])
    await store.commit([zone(true)])
    expect(names(next(source, 'MeshService'))).toEqual([])
  })

  test('goes with its disabled Zone, and nobody is told of it twice', async () => {
    const source = (await startedView()).sourceFor('zone-2')
    const owner = { type: 'Zone', mesh: undefined, name: 'zone-1' } as const
    await store.commit([zone(true), put({ ...service(), owner })])
    const cursor = cursorOf(next(source, 'MeshService'))
    await store.commit([zone(false)])
    await store.commit([remove(draft('Zone', 'zone-1'))])
    const told = next(source, 'MeshService', cursor)
    expect(told.kind === 'batch' && [told.batch.entries.length, told.batch.removed.length]).toEqual([0, 1])
  })

  test('is sent in its newest state when the zone is enabled again', async () => {
    const view = await startedView()
    const source = view.sourceFor('zone-2')
    await store.commit([put(service({}, 80))])
    const before = next(source, 'MeshService')
    await store.commit([zone(false)])
    await store.commit([put(service({}, 81))])
    await store.commit([zone(true)])
    const after = next(source, 'MeshService')
    const version = (answer: Next) => (answer.kind === 'batch' ? answer.batch.entries[0]?.version : undefined)
    expect(version(after)).toBeDefined()
    expect(version(after)).not.toBe(version(before))
  })
})
