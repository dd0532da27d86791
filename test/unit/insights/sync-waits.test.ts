import { expect, test } from 'vitest'
import { SyncWaits } from '../../../src/insights/sync-waits.js'
import { FakeClock } from '../../support/fake-clock.js'

const LATE = [{ component: 'zone-1', type: 'Mesh', why: 'has not answered' }]

test('who waits for nothing does not wait', async () => {
  const waits = new SyncWaits(new FakeClock())
  expect(await waits.until(() => [], 1_000)).toEqual({ synced: true, laggards: [] })
})

test('who waits leaves when nobody is late any more, and leaves nothing behind', async () => {
  const clock = new FakeClock()
  const waits = new SyncWaits(clock)
  let late: typeof LATE | [] = LATE
  const waiting = waits.until(() => late, 1_000)
  waits.changed()
  late = []
  waits.changed()
  expect(await waiting).toEqual({ synced: true, laggards: [] })
  expect([waits.size, clock.armed]).toEqual([0, 0])
})

test('at the timeout the late are named', async () => {
  const clock = new FakeClock()
  const waits = new SyncWaits(clock)
  const waiting = waits.until(() => LATE, 1_000)
  clock.step(1_000)
  expect(await waiting).toEqual({ synced: false, laggards: LATE })
  expect([waits.size, clock.armed]).toEqual([0, 0])
})

test.each(['before', 'while'])('a caller who gives up %s it waits leaves nothing behind', async (when) => {
  const clock = new FakeClock()
  const waits = new SyncWaits(clock)
  const caller = new AbortController()
  if (when === 'before') caller.abort()
  const waiting = waits.until(() => LATE, 600_000, caller.signal)
  caller.abort()
  expect((await waiting).synced).toBe(false)
  expect([waits.size, clock.armed]).toEqual([0, 0])
})
