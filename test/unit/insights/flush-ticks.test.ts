import { expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.js'
import { FlushTicks } from '../../../src/insights/flush-ticks.js'
import { FakeClock } from '../../support/fake-clock.js'

test('whoever asks between two ticks is told the same instant, and the next is an interval later', async () => {
  const clock = new FakeClock()
  const ticks = new FlushTicks(clock, seededRandom(1), 10_000)
  const firstMs = clock.monotonicMs() + ticks.untilNextMs()
  await clock.stepAsync(ticks.untilNextMs() / 2)
  expect(clock.monotonicMs() + ticks.untilNextMs()).toBeCloseTo(firstMs)
  await clock.stepAsync(ticks.untilNextMs() + 1)
  expect(clock.monotonicMs() + ticks.untilNextMs()).toBeCloseTo(firstMs + 10_000)
})

test('control planes write at instants of their own', () => {
  const [clock, random] = [new FakeClock(), seededRandom(1)]
  const waits = [1, 2, 3].map(() => new FlushTicks(clock, random, 10_000).untilNextMs())
  expect(new Set(waits).size).toBe(3)
})
