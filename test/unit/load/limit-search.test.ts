import { describe, expect, test } from 'vitest'
import { type StepOutcome, searchLimit } from '../../../src/load/limit-search.js'

/** Searches for a limit that is known, and tells which steps were taken. */
async function search(limit: number, { from = 10, max = 1_000, unknownFrom = Number.POSITIVE_INFINITY } = {}) {
  const steps: number[] = []
  const attempt = async (value: number): Promise<StepOutcome> => {
    steps.push(value)
    if (value >= unknownFrom) return 'unknown'
    return value <= limit ? 'held' : 'broke'
  }
  return { steps, limit: await searchLimit({ from, max, attempt }) }
}

describe('the search for a limit', () => {
  test('doubles until a step breaks, then halves what lies between', async () => {
    const { steps, limit } = await search(130)
    expect(steps).toEqual([10, 20, 40, 80, 160, 120, 140, 130])
    expect(limit).toEqual({ held: 130, broke: 140, unknown: undefined })
  })

  test('ends at the largest value that may be tried', async () => {
    const { steps, limit } = await search(10_000, { max: 50 })
    expect(steps).toEqual([10, 20, 40, 50])
    expect(limit).toEqual({ held: 50, broke: undefined, unknown: undefined })
  })

  test('ends at once when not even the first step holds', async () => {
    expect(await search(5)).toEqual({ steps: [10], limit: { held: undefined, broke: 10, unknown: undefined } })
  })

  test('ends when a step cannot be judged: a larger one would not be clearer', async () => {
    const { steps, limit } = await search(1_000, { unknownFrom: 40 })
    expect([steps, limit.held, limit.unknown]).toEqual([[10, 20, 40], 20, 40])
  })
})
