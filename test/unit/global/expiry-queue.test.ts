import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ExpiryQueue } from '../../../src/global/expiry-queue.js'
import { FakeClock } from '../../support/fake-clock.js'

const DAY_MS = 24 * 3_600_000

test('each thing is called for when its time has come, and not before, whatever is added and removed', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('add' as const), inMs: fc.integer({ min: -5, max: 3 * DAY_MS }) }),
      fc.record({ kind: fc.constant('remove' as const), index: fc.nat(50) }),
      fc.record({ kind: fc.constant('step' as const), forMs: fc.integer({ min: 0, max: DAY_MS }) }),
    ),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(steps, (list) => {
      const clock = new FakeClock()
      const called: number[] = []
      const queue = new ExpiryQueue<number>(clock, (what) => called.push(what))
      const alive = new Map<number, number>()
      const expected = () => [...alive].filter(([, atMs]) => atMs <= clock.nowMs()).map(([what]) => what)
      for (const [what, step] of list.entries()) {
        if (step.kind === 'add') {
          alive.set(what, clock.nowMs() + step.inMs)
          queue.add(what, clock.nowMs() + step.inMs)
        } else if (step.kind === 'remove') {
          const victim = [...alive.keys()][step.index]
          if (victim === undefined) continue
          alive.delete(victim)
          queue.remove(victim)
        } else clock.step(step.forMs)
        clock.step(0)
        expect(called.splice(0).sort()).toEqual(expected().sort())
        for (const [other, atMs] of alive) if (atMs <= clock.nowMs()) alive.delete(other)
      }
      expect(clock.armed).toBeLessThanOrEqual(1)
    }),
  )
})

test('a time a year away is waited for, though no timer reaches so far', () => {
  const clock = new FakeClock()
  const called: string[] = []
  const queue = new ExpiryQueue<string>(clock, (what) => called.push(what))
  queue.add('far', clock.nowMs() + 365 * DAY_MS)
  clock.step(364 * DAY_MS)
  expect(called).toEqual([])
  clock.step(DAY_MS)
  expect(called).toEqual(['far'])
})

test('what comes and goes leaves no timer behind', () => {
  const clock = new FakeClock()
  const queue = new ExpiryQueue<object>(clock, () => {})
  for (let made = 0; made < 1_000; made += 1) {
    const what = {}
    queue.add(what, clock.nowMs() + DAY_MS)
    queue.remove(what)
  }
  expect(clock.armed).toBe(0)
})
