import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.js'
import { interleaved } from '../../bench/abba.js'
import { changed } from '../../bench/fan-out/message.js'
import { Deliveries, type OpenLoopTime, openLoop } from '../../bench/open-loop.js'
import { PerZoneSnapshots } from '../../bench/replica/snapshots.js'
import { reaches, table } from '../../bench/report.js'
import { estimate, quantile, ratios } from '../../bench/statistics.js'
import { smallPolicies } from '../../bench/workload.js'

/** The benches are believed, so they must be seen to fail (performance.md §6). */

/** Time that moves when someone sleeps in it, or when the one who is measured stalls it. */
class FakeTime implements OpenLoopTime {
  #nowMs = 1_000
  nowMs = () => this.#nowMs
  sleep = async (ms: number) => this.stall(ms)
  stall(ms: number): void {
    this.#nowMs += ms
  }
}

describe('an open loop', () => {
  const latenciesWith = async (stallMs: number) => {
    const time = new FakeTime()
    const deliveries = new Deliveries(1_000)
    await openLoop(
      { count: 1_000, everyMs: 5 },
      (index, dueMs) => {
        if (index === 500) time.stall(stallMs)
        time.stall(0.1)
        deliveries.arrived(time.nowMs() - dueMs)
      },
      time,
    )
    return deliveries.latencies()
  }

  test('shows a stall of 50 ms in the p99, for all whom it delayed', async () => {
    const [calm, stalled] = [await latenciesWith(0), await latenciesWith(50)]
    expect(quantile(calm, 0.99)).toBeLessThan(1)
    expect(quantile(stalled, 0.99)).toBeGreaterThan(1)
    expect(quantile(stalled, 1)).toBeGreaterThan(49)
    // The one that stalled, and those that fell due meanwhile.
    expect(stalled.filter((ms) => ms > 1).length).toBeGreaterThanOrEqual(10)
  })
})

describe('deliveries', () => {
  test('of which one in 10,000 was dropped fail the run', () => {
    const deliveries = new Deliveries(10_000)
    for (let count = 0; count < 9_999; count += 1) deliveries.arrived(1)
    expect(deliveries.complete).toBe(false)
    expect(() => deliveries.latencies()).toThrow('9999 of 10000 deliveries were seen')
    deliveries.arrived(1)
    expect(deliveries.latencies()).toHaveLength(10_000)
  })

  test('of which one came twice fail the run', () => {
    const deliveries = new Deliveries(1)
    deliveries.arrived(1)
    deliveries.arrived(1)
    expect(() => deliveries.latencies()).toThrow('2 of 1 deliveries')
  })
})

describe('interleaved turns', () => {
  /** A machine that gets slower all the time, and noisy. */
  const machine = () => {
    const random = seededRandom(7)
    let turns = 0
    return (cost: number) => {
      turns += 1
      return cost * (1 + turns / 20) * (0.9 + random.next() / 5)
    }
  }
  const NAMES = ['a', 'again', 'half'] as const
  const run = () => {
    const slowing = machine()
    const options = { pairs: 20, pairsMin: 20, withinMs: 0, nowMs: () => 0, ticks: () => ({ stolen: 0, all: 0 }) }
    return interleaved(NAMES, async (name) => slowing(name === 'half' ? 50 : 100), options)
  }

  test('of A against A give 1.0 within the interval', async () => {
    const { a, again } = await run()
    const { low, high } = estimate(ratios(a, again))
    expect([low <= 1, high >= 1]).toEqual([true, true])
    expect(high - low).toBeLessThan(0.2)
  })

  test('tell what costs half', async () => {
    const { a, half } = await run()
    const { median } = estimate(ratios(half, a))
    expect(Math.abs(median - 0.5)).toBeLessThan(0.05)
  })

  /** Every pair takes a second of two cores, of which the host has taken so much. */
  const besides = async (shares: readonly number[], withinMs: number) => {
    let [turns, readings, stolen] = [0, 0, 0]
    const ticks = () => {
      if (readings % 2 === 1) stolen += 200 * (shares[(readings - 1) / 2] ?? 0)
      readings += 1
      return { stolen, all: 200 * Math.ceil(readings / 2) + (readings % 2 === 0 ? 200 : 0) }
    }
    const nowMs = () => (readings / 2) * 1_000
    const turn = async () => {
      turns += 1
      return turns - 1
    }
    return (await interleaved(['a'], turn, { pairs: 2, pairsMin: 2, withinMs, nowMs, ticks })).a
  }

  test('are taken again while the host of the machine gives its cores to others', async () => {
    expect(await besides([0, 0.3, 0.01, 0.3], 10_000)).toEqual([1, 3])
  })

  test('count where the host took least when there is no more time', async () => {
    expect(await besides([0.4, 0.2, 0.3, 0.5, 0.6], 3_000)).toEqual([2, 3])
  })
})

describe('the replica of the per-zone snapshot algorithm', () => {
  const hashesOfOneChange = (resources: number, zones: number) => {
    const replica = new PerZoneSnapshots(smallPolicies(resources), zones)
    expect(replica.change(changed(1_024, 1))).toBe(zones)
    return replica.hashes
  }

  test('costs in proportion to what there is, times the zones', () => {
    const [few, many] = [hashesOfOneChange(9, 3), hashesOfOneChange(999, 3)]
    expect([few, many]).toEqual([30, 3_000])
    expect(hashesOfOneChange(9, 6)).toBe(2 * few)
  })
})

describe('the table', () => {
  test('shows each bar with ours, the peer, the limit and whether it was reached', () => {
    const value = { median: 0.7512, low: 0.6, high: 0.9 }
    const against = { ours: 40, peer: 30, unit: 'µs' }
    const bar = { what: 'speed over bare', value, against, atLeast: 0.7 }
    const missed = { what: 'ms p50', value: 36.59, atMost: 20 }
    expect([reaches(bar), reaches(missed)]).toEqual([true, false])
    expect(table([{ bench: 'fan-out', report: { bars: [bar, missed], figures: {} } }]).split('\n')).toEqual([
      'bench    metric           ours   peer   limit  ratio or value',
      'fan-out  speed over bare  40 µs  30 µs  ≥ 0.7  0.751 [0.6 – 0.9]  reached',
      'fan-out  ms p50                         ≤ 20   36.6               missed',
    ])
  })
})
