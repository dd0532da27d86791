import { beforeEach, describe, expect, test } from 'vitest'
import { silentLogger } from '../../../src/base/log.js'
import { seededRandom } from '../../../src/base/random.js'
import { InsightWriter } from '../../../src/insights/insight-writer.js'
import { specOf } from '../../../src/model/resource.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { TenantStore } from '../../../src/store/store.js'
import { FakeClock, settled } from '../../support/fake-clock.js'
import { draft, put, remove } from '../../support/resource-builder.js'

const KEY = { type: 'ZoneInsight', mesh: undefined, name: 'zone-1' } as const
const OWNER = { type: 'Zone', mesh: undefined, name: 'zone-1' } as const
const INTERVAL_MS = 10_000

let clock: FakeClock
let store: TenantStore
let count: number
let reads: number
let writes: number
/** Holds the next commit until it is called. */
let release: (() => void) | undefined
let hold: Promise<void> | undefined

beforeEach(async () => {
  clock = new FakeClock()
  store = new MemoryStore({ clock, random: seededRandom(1) }).tenant(DEFAULT_TENANT)
  await store.commit([put(draft('Zone', 'zone-1'))])
  count = 0
  reads = 0
  writes = 0
  release = undefined
  hold = undefined
})

function holdNext(): void {
  hold = new Promise((resolve) => {
    release = resolve
  })
}

function writer(): InsightWriter {
  const counted: TenantStore = {
    tenant: store.tenant,
    get(key) {
      reads += 1
      return store.get(key)
    },
    list: (type, filter) => store.list(type, filter),
    listAll: (types) => store.listAll(types),
    watch: (listener) => store.watch(listener),
    changesSince: (epoch, revision) => store.changesSince(epoch, revision),
    head: () => store.head(),
    async commit(wanted) {
      const held = hold
      hold = undefined
      await held
      writes += 1
      return store.commit(wanted)
    },
  }
  const update = (stored: object) => ({ ...stored, count })
  return new InsightWriter({
    store: counted,
    key: KEY,
    owner: OWNER,
    clock,
    log: silentLogger,
    untilDueMs: () => INTERVAL_MS,
    update,
  })
}

async function stored(): Promise<unknown> {
  const found = await store.get(KEY)
  return found && specOf(found)
}

describe('an insight', () => {
  test('is written once an interval, however often it changes, and not when it does not', async () => {
    const insight = writer()
    for (count = 1; count < 100; count += 1) insight.changed()
    expect([writes, await stored()]).toEqual([0, undefined])
    await clock.stepAsync(INTERVAL_MS)
    expect([writes, await stored()]).toEqual([1, { count: 100 }])
    await clock.stepAsync(60 * INTERVAL_MS)
    expect([writes, clock.armed]).toEqual([1, 0])
  })

  test('is written at once when others should see it', async () => {
    const insight = writer()
    count = 1
    insight.changed()
    await insight.flush()
    expect([await stored(), clock.armed]).toEqual([{ count: 1 }, 0])
  })

  test('what changes while it is written is written after the interval, or at once if that was asked', async () => {
    const insight = writer()
    holdNext()
    const first = insight.flush()
    await settled()
    count = 1
    insight.changed()
    release?.()
    await first
    expect([await stored(), clock.armed]).toEqual([{ count: 0 }, 1])
    holdNext()
    const second = insight.flush()
    await settled()
    count = 2
    insight.changed()
    const third = insight.flush()
    release?.()
    await Promise.all([second, third])
    expect([await stored(), writes, clock.armed]).toEqual([{ count: 2 }, 3, 0])
  })

  test('is not written without what it is about, nor brought back when that is gone', async () => {
    const insight = writer()
    await insight.flush()
    await store.commit([remove(draft('Zone', 'zone-1')), remove(draft('ZoneInsight', 'zone-1'))])
    count = 1
    await insight.flush()
    expect(await stored()).toBeUndefined()
  })

  test('is brought up to date from what another has written in between', async () => {
    const insight = writer()
    await insight.flush()
    holdNext()
    count = 7
    const racing = insight.flush()
    await settled()
    await store.commit([put(draft('ZoneInsight', 'zone-1', { spec: { count: 0, other: true } }))])
    release?.()
    await racing
    expect(await stored()).toEqual({ count: 7, other: true })
  })

  test('is read when it is first written, and then when another has written or deleted it', async () => {
    const insight = writer()
    await insight.flush()
    const first = reads
    for (count = 1; count < 5; count += 1) await insight.flush()
    expect(reads).toBe(first)
    await store.commit([put(draft('ZoneInsight', 'zone-1', { spec: { other: true } }))])
    await insight.flush()
    expect(await stored()).toEqual({ count: 5, other: true })
    await store.commit([remove(draft('ZoneInsight', 'zone-1'))])
    await insight.flush()
    expect([await stored(), reads]).toEqual([{ count: 5 }, 3 * first])
  })

  test('stopped, arms no timer and writes nothing', async () => {
    const insight = writer()
    insight.changed()
    insight.stop()
    insight.changed()
    await insight.flush()
    await clock.stepAsync(INTERVAL_MS)
    expect([writes, clock.armed]).toEqual([0, 0])
  })

  test('stopped while it reads, does not write what it read', async () => {
    const insight = writer()
    const reading = insight.flush()
    insight.stop()
    await reading
    expect([writes, await stored()]).toEqual([0, undefined])
  })

  test('finished, has written what was pending, and then writes nothing', async () => {
    const insight = writer()
    count = 5
    insight.changed()
    await insight.finish()
    count = 6
    insight.changed()
    await insight.flush()
    expect([await stored(), clock.armed]).toEqual([{ count: 5 }, 0])
  })
})
