import { beforeEach, describe, expect, test } from 'vitest'
import { Arrivals } from '../../../src/load/arrivals.js'
import { LatencyHistogram } from '../../../src/load/histogram.js'

/** Two recipients and two resources. Writes 1 and 2 make the resources; 3, 4 and 5 are due 100 ms after one another. */
const SCHEDULE = {
  startMs: 1_000,
  measuredFromMs: 0,
  writes: [
    { resource: 0, atMs: undefined },
    { resource: 1, atMs: undefined },
    { resource: 0, atMs: 0 },
    { resource: 0, atMs: 100 },
    { resource: 1, atMs: 200 },
  ],
}

const NEVER = Number.NEGATIVE_INFINITY

let arrivals: Arrivals

beforeEach(() => {
  arrivals = new Arrivals(2, 2)
  arrivals.begin(SCHEDULE)
})

const samples = (text: string) => {
  const histogram = LatencyHistogram.decode(text)
  return { count: histogram.count, max: Math.round(histogram.maxMs) }
}

describe('arrivals', () => {
  test('are timed from the instant at which the write was due', () => {
    arrivals.arrived(0, 3, 1_040, NEVER)
    expect(samples(arrivals.take().latency)).toEqual({ count: 1, max: 40 })
  })

  test('of a later write are the arrival of those that it took the place of', () => {
    arrivals.arrived(0, 4, 1_150, NEVER)
    const { latency, writes } = arrivals.take()
    expect(samples(latency)).toEqual({ count: 2, max: 150 })
    expect(writes.map(({ number }) => number)).toEqual([3, 4])
  })

  test('count once, however often a zone is sent the same', () => {
    expect(arrivals.arrived(0, 3, 1_040, NEVER)).toBe(true)
    expect(arrivals.arrived(0, 3, 1_900, NEVER)).toBe(false)
    expect(samples(arrivals.take().latency)).toEqual({ count: 1, max: 40 })
  })

  test('know the first and the last recipient of a write', () => {
    arrivals.arrived(0, 5, 1_210, NEVER)
    arrivals.arrived(1, 5, 1_290, NEVER)
    expect(arrivals.take().writes).toEqual([{ number: 5, recipients: 2, firstMs: 1_210, lastMs: 1_290 }])
  })

  test('at a zone under a fault are kept apart, and it is named all the same', () => {
    arrivals.arrived(0, 3, 1_500, Number.POSITIVE_INFINITY)
    const { latency, faulted, slowest } = arrivals.take()
    expect([samples(latency).count, samples(faulted)]).toEqual([0, { count: 1, max: 500 }])
    expect(slowest).toEqual([[0, 500]])
  })

  test('that a fault has held up are kept apart though they come after it, and what was due after it is not', () => {
    const faultedUntilMs = 1_150
    arrivals.arrived(0, 4, 1_900, faultedUntilMs)
    arrivals.arrived(0, 5, 1_910, faultedUntilMs)
    const { latency, faulted } = arrivals.take()
    expect([samples(latency), samples(faulted)]).toEqual([
      { count: 1, max: 710 },
      { count: 2, max: 900 },
    ])
  })

  test('of what was written before the load, or to warm up, are no samples', () => {
    arrivals.begin({ ...SCHEDULE, measuredFromMs: 150 })
    arrivals.arrived(0, 1, 1_010, NEVER)
    arrivals.arrived(0, 4, 1_150, NEVER)
    expect(samples(arrivals.take().latency).count).toBe(0)
    expect(arrivals.last(0, 0)).toBe(4)
  })

  test('name the slowest of each recipient', () => {
    arrivals.arrived(1, 3, 1_010, NEVER)
    arrivals.arrived(1, 5, 1_260, NEVER)
    expect(arrivals.take().slowest).toEqual([[1, 60]])
  })
})
