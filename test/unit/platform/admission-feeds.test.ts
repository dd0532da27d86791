import { afterEach, beforeEach, expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { silentLogger } from '../../../src/base/log.js'
import { seededRandom } from '../../../src/base/random.js'
import { AdmissionFeeds } from '../../../src/platform/admission-feeds.js'
import { create, Records, remove } from '../../../src/platform/entities.js'
import { openRecords } from '../../../src/store/open-records.js'
import type { OrganizationStore, RecordStore } from '../../../src/store/records.js'
import { type FeedLine, FeedReader } from '../../../src/wire/admission-feed.js'
import { FakeClock } from '../../support/fake-clock.js'

const stamps = { createdAtMs: 0, updatedAtMs: 0 }
const CONTROL_PLANE = '5f9fd312-a987-4628-b4c5-bb4f4fddd5f7'
const DIGEST = 'ab'.repeat(32)

/** Records that cannot all be read, or that somebody else may write, while the test says so. */
class FlakyRecords implements RecordStore {
  /** Records of that kind cannot be read. */
  unreadable: string | undefined
  isAlone = true
  readonly #store: RecordStore

  constructor(store: RecordStore) {
    this.#store = store
  }

  organization(organization: string): OrganizationStore {
    const store = this.#store.organization(organization)
    const list: OrganizationStore['list'] = async (kind, filter) => {
      if (kind === this.unreadable) throw new AppError('unavailable', 'the database of the test is away')
      return store.list(kind, filter)
    }
    return { ...store, list }
  }

  organizations = () => this.#store.organizations()
  findByDigest = (digest: string) => this.#store.findByDigest(digest)
  watch = (listener: Parameters<RecordStore['watch']>[0]) => this.#store.watch(listener)
  isSoleWriter = () => this.isAlone
  close = () => this.#store.close()
}

let clock: FakeClock
let store: FlakyRecords
let records: Records
let feeds: AdmissionFeeds
let heard: FeedLine[]

beforeEach(async () => {
  clock = new FakeClock()
  store = new FlakyRecords(await openRecords('memory', { clock, random: seededRandom(1) }))
  records = new Records(store.organization('acme'))
  const role = { role: 'Connector', entityType: 'Mesh Control Planes', entityId: '*', region: '*' }
  await records.commit(
    create({
      kind: 'organization',
      id: 'acme',
      name: 'acme',
      body: { state: 'active', personalTokens: true, createdAtMs: 0 },
    }),
    create({
      kind: 'control-plane',
      id: CONTROL_PLANE,
      name: 'shop',
      body: {
        ...{ ...stamps, description: '', labels: {}, features: [], version: 'v2', region: 'us', shard: 'us-1' },
        ...{ phase: 'ready', zoneCredentials: 'both', personalTokens: true },
      },
    }),
    create({ kind: 'account', id: 'a1', name: 'robot', body: { ...stamps, description: '' } }),
    create({ kind: 'role', id: 'r1', parent: 'a1', name: 'r1', body: role }),
    create({
      kind: 'token',
      id: 'k1',
      parent: 'a1',
      name: 't',
      digest: DIGEST,
      body: { ...stamps, kind: 'sat', expiresAtMs: clock.nowMs() + 86_400_000 },
    }),
  )
  feeds = new AdmissionFeeds({ store, shards: ['us-1'], clock, log: silentLogger })
  await feeds.start()
  heard = []
  const reader = new FeedReader()
  await feeds.open('us-1', { write: (text) => heard.push(...reader.push(Buffer.from(text))) })
})
afterEach(async () => {
  store.unreadable = undefined
  const stopped = feeds.stop()
  await clock.stepAsync(1_000)
  await stopped
  await store.close()
})

const kinds = () => heard.map(({ kind }) => kind)
const since = () => {
  const from = heard.length
  return () => kinds().slice(from)
}

test('a revocation that could not be read is told as soon as it can, and until then nothing is', async () => {
  const news = since()
  store.unreadable = 'token'
  await records.commit(remove({ kind: 'token', id: 'k1' }))
  await clock.stepAsync(5_000)
  expect(news()).toEqual([])
  store.unreadable = undefined
  await clock.stepAsync(500)
  expect(news()[0]).toBe('credential-gone')
  await clock.stepAsync(1_000)
  expect(news()).toContain('heartbeat')
})

test('a token that follows its first control plane to a shard gets there, though the first look failed', async () => {
  const elsewhere = { ...(await records.get('control-plane', CONTROL_PLANE)) }
  expect(elsewhere.body?.shard).toBe('us-1')
  await records.commit(remove({ kind: 'control-plane', id: CONTROL_PLANE }))
  await feeds.settled()
  const news = since()
  store.unreadable = 'account'
  await records.commit(
    create({ kind: 'control-plane', id: CONTROL_PLANE, name: 'shop', body: elsewhere.body as never }),
  )
  await clock.stepAsync(1_000)
  store.unreadable = undefined
  await clock.stepAsync(500)
  expect(news()).toEqual(expect.arrayContaining(['control-plane', 'credential']))
})

test('while somebody else may write the feed is silent, and nobody can open it', async () => {
  const news = since()
  store.isAlone = false
  await clock.stepAsync(5_000)
  expect(news()).toEqual([])
  await expect(feeds.open('us-1', { write: () => {} })).rejects.toMatchObject({ code: 'unavailable' })
  store.isAlone = true
  await clock.stepAsync(1_000)
  expect(news()).toEqual(['heartbeat'])
})
