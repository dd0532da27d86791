import { beforeEach, describe, expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { seededRandom } from '../../../src/base/random.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { Commit, Listing, ResourceStore, TenantStore } from '../../../src/store/store.js'
import { StoreFollower } from '../../../src/sync/store-follower.js'
import { FakeClock, settled } from '../../support/fake-clock.js'
import { draft, put } from '../../support/resource-builder.js'

let stores: ResourceStore
let store: TenantStore
let seen: string[]
/** To the watcher, as another instance over one database would by its store. */
let publish: (commit: Commit) => void
let beforeRead: () => Promise<void>
let failRead: boolean
let clock: FakeClock

beforeEach(() => {
  clock = new FakeClock()
  stores = new MemoryStore({ clock, random: seededRandom(1) })
  store = stores.tenant(DEFAULT_TENANT)
  seen = []
  beforeRead = async () => {}
  failRead = false
})

function follow(): StoreFollower {
  return new StoreFollower({
    store: {
      watch(listener) {
        publish = listener
        return store.watch(listener)
      },
      async listAll(types): Promise<Listing> {
        if (failRead) throw new AppError('unavailable', 'the disk is gone')
        const listing = await store.listAll(types)
        await beforeRead()
        return listing
      },
    },
    types: ['Mesh'],
    onRead: ({ resources }) => seen.push(`read ${resources.map(({ name }) => name).join(',')}`),
    onCommit: ({ changes }) => seen.push(`commit ${changes.map(({ key }) => key.name).join(',')}`),
    onVoid: () => seen.push('void'),
    onFailed: ({ code }) => seen.push(`failed ${code}`),
    clock,
    random: seededRandom(1),
  })
}

const write = (name: string) => store.commit([put(draft('Mesh', name))])

/** Runs once, while the first read is under way. */
function during(first: () => Promise<unknown>): () => Promise<void> {
  let done = false
  return async () => {
    if (done) return
    done = true
    await first()
  }
}

describe('following a store', () => {
  test('one read, then each commit', async () => {
    await write('a')
    await follow().start()
    await write('b')
    expect(seen).toEqual(['read a', 'commit b'])
  })

  test('a commit while it reads is neither lost nor told twice', async () => {
    beforeRead = during(() => write('late'))
    await write('a')
    await follow().start()
    expect(seen).toEqual(['read a', 'commit late'])
  })

  test('a new epoch is read from the top', async () => {
    await write('a')
    await follow().start()
    await stores.deleteTenant(DEFAULT_TENANT)
    await settled()
    await write('b')
    expect(seen).toEqual(['read a', 'void', 'read ', 'commit b'])
  })

  test('what follows nothing is the first commit, of whatever epoch; whatever else is of another one is read', async () => {
    const key = { type: 'Mesh', mesh: undefined, name: 'first' } as const
    const changes = [{ key, before: undefined, after: undefined }]
    await follow().start()
    publish({ epoch: 'another', revision: 1, changes })
    publish({ epoch: 'another', revision: 2, changes })
    publish({ epoch: 'a third', revision: 1, changes })
    await settled()
    expect(seen).toEqual(['read ', 'commit first', 'commit first', 'void', 'read '])
    publish({ epoch: 'a fourth', revision: 1, changes: [] })
    publish({ epoch: 'a fourth', revision: 2, changes })
    await settled()
    expect(seen.slice(5)).toEqual(['void', 'read '])
  })

  test('a read of an epoch that ended meanwhile does not count', async () => {
    beforeRead = during(async () => {
      await stores.deleteTenant(DEFAULT_TENANT)
      await write('new')
    })
    await write('old')
    await follow().start()
    expect(seen).toEqual(['read new'])
  })

  test('a first read that fails rejects the start, and nothing is told after it', async () => {
    failRead = true
    await expect(follow().start()).rejects.toThrow('the disk is gone')
    failRead = false
    await write('unheard')
    await clock.stepAsync(60_000)
    expect(seen).toEqual([])
  })

  test('a later read that fails is tried again, at ever longer distances, until the store answers', async () => {
    await write('old')
    await follow().start()
    failRead = true
    await stores.deleteTenant(DEFAULT_TENANT)
    await settled()
    await write('new')
    expect(seen).toEqual(['read old', 'void', 'failed unavailable'])
    await clock.stepAsync(60_000)
    const failed = seen.filter((line) => line === 'failed unavailable').length
    expect(failed).toBeGreaterThan(8)
    expect(failed).toBeLessThan(40)
    failRead = false
    await clock.stepAsync(10_000)
    await write('newer')
    expect(seen.slice(-2)).toEqual(['read new', 'commit newer'])
  })

  test('stopped, it tries no more', async () => {
    await write('old')
    const follower = follow()
    await follower.start()
    failRead = true
    await stores.deleteTenant(DEFAULT_TENANT)
    await settled()
    follower.stop()
    await clock.stepAsync(60_000)
    expect(seen).toEqual(['read old', 'void', 'failed unavailable'])
  })

  test('stopped, it tells nothing, not even the read under way', async () => {
    const follower = follow()
    const started = follower.start()
    follower.stop()
    await started
    await write('a')
    expect(seen).toEqual([])
  })
})
