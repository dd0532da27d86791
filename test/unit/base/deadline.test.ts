import { expect, test } from 'vitest'
import { Deadline } from '../../../src/base/deadline.js'
import { FakeClock } from '../../support/fake-clock.js'

function deadline() {
  const clock = new FakeClock()
  const over: number[] = []
  return { clock, over, deadline: new Deadline(clock, 1000, () => over.push(clock.monotonicMs())) }
}

test('is over when its delay has passed since the last start', () => {
  const { clock, over, deadline: it } = deadline()
  it.start()
  clock.step(600)
  it.start()
  clock.step(999)
  expect(over).toEqual([])
  clock.step(1)
  expect(over).toEqual([1600])
  expect(clock.armed).toBe(0)
})

test('that was stopped is not over, however often it began, and keeps one timer at most', () => {
  const { clock, over, deadline: it } = deadline()
  for (let count = 0; count < 100; count += 1) {
    it.start()
    clock.step(50)
    it.stop()
    expect(clock.armed).toBeLessThanOrEqual(1)
  }
  clock.step(10_000)
  expect([over, clock.armed]).toEqual([[], 0])
})

test('that is released leaves nothing armed', () => {
  const { clock, over, deadline: it } = deadline()
  it.start()
  it.release()
  expect(clock.armed).toBe(0)
  clock.step(10_000)
  expect(over).toEqual([])
})
