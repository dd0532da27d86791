import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.js'
import { timesApart } from '../../../src/conformance/times-apart.js'

/** Times as a busy machine has them: most are short, some are very long. */
function sample(count: number, seed: number, moreMs = 0): number[] {
  const random = seededRandom(seed)
  return Array.from(
    { length: count },
    () => 1 - Math.log(1 - random.next()) * 2 + (random.next() < 0.02 ? 400 : 0) + moreMs,
  )
}

describe('two samples of times', () => {
  test('of one kind are not told apart, whatever the machine does', () => {
    const seeds = Array.from({ length: 50 }, (_, at) => 2 * at + 1)
    const zs = seeds.map((seed) => Math.abs(timesApart(sample(200, seed), sample(200, seed + 1)).z))
    expect(Math.max(...zs)).toBeLessThan(4)
  })

  test('are told apart by a millisecond, long tails or not', () => {
    const { z, apartMs } = timesApart(sample(200, 1), sample(200, 2, 1))
    expect(z).toBeLessThan(-4)
    expect(apartMs).toBeGreaterThan(0.5)
  })

  test('equal ones share their ranks', () => {
    expect(timesApart([1, 1, 1], [1, 1, 1])).toEqual({ z: 0, apartMs: 0 })
    expect(timesApart([1, 2], [2, 3]).z).toBeCloseTo(-timesApart([2, 3], [1, 2]).z)
  })
})
