import { expect, test } from 'vitest'
import { originMs, systemClock } from '../../../src/base/clock.js'

test('a process that is held up while it reads the two clocks still knows where its own began', () => {
  // The host's clock is 1,000 ms ahead. Each reading takes 0.001 ms, and some find the process held up for long.
  let nowMs = 5
  let readings = 0
  const pass = () => {
    readings += 1
    nowMs += [1, 2, 3, 4, 5, 8, 11].includes(readings) ? 7 : 0.001
    return nowMs
  }
  expect(
    originMs(
      () => pass() + 1_000,
      () => pass(),
    ),
  ).toBeCloseTo(1_000, 2)
})

test('times of this process are those of its host, so that other processes may compare theirs', () => {
  const hostMs = () => Number(process.hrtime.bigint()) / 1e6
  const apart = Array.from({ length: 100 }, () => {
    const before = hostMs()
    const own = systemClock.monotonicMs()
    return { gap: hostMs() - before, before, own }
  })
  const { before, own, gap } = apart.reduce((closest, one) => (one.gap < closest.gap ? one : closest))
  expect(own).toBeGreaterThan(before - 0.1)
  expect(own).toBeLessThan(before + gap + 0.1)
})
