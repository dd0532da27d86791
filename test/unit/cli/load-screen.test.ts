import { beforeEach, describe, expect, test } from 'vitest'
import { LoadScreen } from '../../../src/cli/load-screen.js'
import type { IntervalLine } from '../../../src/load/run-lines.js'
import { FakeClock } from '../../support/fake-clock.js'
import { histogramOf, intervalLine, zoneLatency } from '../load/run-lines.js'
import { FakeIo } from './fake-io.js'

const ZONES = ['zl-k3f9ab-z1', 'zl-k3f9ab-z2']

let io: FakeIo
let clock: FakeClock
let screen: LoadScreen
beforeEach(() => {
  io = new FakeIo()
  clock = new FakeClock()
  screen = new LoadScreen(io, clock, { zoneNames: ZONES, name: 'upgrade-global' })
})

/** A second of a load under which everything is large. */
const busy = (over: Partial<IntervalLine> = {}) =>
  intervalLine({
    atMs: 123_000,
    latency: { ...zoneLatency(1_234, 2_345, 9_876), sidecar: histogramOf(8_765) },
    slowest: [
      [0, 12],
      [1, 9_876],
    ],
    sidecarsLive: 5_000,
    wire: { messagesIn: 120_000, bytesIn: 99_999_999, messagesOut: 0, bytesOut: 0, nacks: 0 },
    writes: { accepted: 1_000, refused: 0, dropped: 7, bytes: 1 },
    target: { cpu: 1.97 },
    losses: { 'the connection was lost: connect ECONNREFUSED 127.0.0.1:5685': 6 },
    ...over,
  })

describe('what a run shows while it goes, on a terminal of 80 columns', () => {
  beforeEach(() => {
    io.size = { columns: 80, rows: 24 }
  })

  test('are percentiles of zones and sidecars, and who is slowest, in rows that fit', () => {
    screen.show(busy())
    const rows = io.drawn.join('').split('\n')
    expect(Math.max(...rows.map((row) => row.length))).toBeLessThanOrEqual(80)
    // A histogram has three digits of what was put into it.
    expect(rows.slice(1).map((row) => row.replaceAll(/\d{4} ms/g, '#### ms'))).toEqual([
      '  latency                     p50        p90        p99        max',
      '  zone has it, now        #### ms    #### ms    #### ms    #### ms',
      '  zone has it, all        #### ms    #### ms    #### ms    #### ms',
      '  sidecar has it, all     #### ms    #### ms    #### ms    #### ms',
      '  to zones 95.4 MiB/s in 120000 messages',
      '  slowest zl-k3f9ab-z2 #### ms   writer lag p99 0.00 ms',
    ])
    expect(rows[0]).toMatch(
      /^upgrade-global load 123s {2}zones 2\/2 {2}sidecars 5000 {2}writes 1000 \(7 dropped\) {2}p9/,
    )
  })

  test('is drawn over what was drawn before, row by row', () => {
    screen.show(busy())
    const height = io.drawn.join('').split('\n').length
    screen.show(busy())
    expect(io.drawn[1]).toBe(`\r\u001b[2K${'\u001b[1A\u001b[2K'.repeat(height - 1)}`)
  })

  test('is no figure where there is none', () => {
    screen.show(intervalLine())
    expect(io.drawn.join('')).toContain('zone has it, all              –          –          –          –\n  to zones')
    expect(io.drawn.join('')).toContain('slowest none')
  })
})

test('without a terminal a line now and then says how it goes, and what makes the resources is no write of the load', () => {
  screen.show(busy({ phase: 'ramp' }))
  clock.step(1_000)
  screen.show(busy())
  expect(io.errLines).toEqual([expect.stringContaining('writes 0 ')])
  clock.step(4_000)
  screen.show(busy())
  expect(io.errLines[1]).toContain('writes 2000 ')
})
