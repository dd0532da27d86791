import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.js'
import type { Controller, Hook } from '../../../src/conformance/controller.js'
import type { ConformanceResult } from '../../../src/conformance/result.js'
import { Run } from '../../../src/conformance/runner.js'
import { exitCodeOf } from '../../../src/conformance/verdict.js'
import { isHotLoop, waitsGrow, waitsText } from '../../../src/conformance/zone-client/attempts.js'
import { FakeClock } from '../../support/fake-clock.js'

/** Times of attempts with these seconds between them. */
function waiting(...seconds: readonly number[]): readonly number[] {
  const times = [1_000]
  for (const wait of seconds) times.push((times.at(-1) ?? 0) + wait * 1_000)
  return times
}

describe('waits of a zone that is refused', () => {
  test.each([
    ['that double from half a second', [0.5, 1, 2, 4]],
    ['that double and are spread by a half', [0.75, 0.5, 1, 2, 12, 5]],
    ['that double from five seconds', [5, 10, 20]],
    ['that have reached their longest', [0.5, 1, 2, 4, 8, 10, 10]],
  ])('%s grow, and are no hot loop', (_name, seconds) => {
    expect(waitsGrow(waiting(...seconds))).toBe(true)
    expect(isHotLoop(waiting(...seconds))).toBe(false)
  })

  test.each([
    ['of which there are too few', [5, 10]],
    ['that are all alike', [5, 5, 5, 5, 5]],
    ['that get shorter', [20, 10, 5, 2]],
    ['that are no waits but the time an attempt takes', [0.01, 0.01, 0.4, 0.6]],
  ])('%s do not grow', (_name, seconds) => {
    expect(waitsGrow(waiting(...seconds))).toBe(false)
  })

  test('eight attempts within five seconds are a hot loop, wherever in the list they are', () => {
    expect(isHotLoop(waiting(...Array(7).fill(0.7)))).toBe(true)
    expect(isHotLoop(waiting(30, ...Array(7).fill(0.1)))).toBe(true)
    expect(isHotLoop(waiting(...Array(7).fill(0.8)))).toBe(false)
  })

  test('are told in seconds', () => {
    expect(waitsText(waiting(0.5, 12))).toBe('it waited 0.5 s, 12.0 s')
    expect(waitsText(waiting())).toBe('it did not come again')
  })
})

describe('a run that judges a zone', () => {
  test('runs nothing without a hook that starts one, and is no pass', async () => {
    const result = await runOf(controllerOf(['start', 'restart', 'log']))
    expect(new Set(result.cases.map(({ outcome }) => JSON.stringify(outcome)))).toEqual(
      new Set([JSON.stringify({ kind: 'not-run', reason: 'needs client' })]),
    )
    expect(result.verdict.kind).toBe('partial')
    expect(exitCodeOf(result.verdict, result.cases)).toBe(11)
  })

  test('says nothing of a zone that does not start', async () => {
    const startZone: Controller['startZone'] = async () => ({ kind: 'refused', text: 'no such setting' })
    const { verdict } = await runOf(controllerOf(['start-zone'], startZone))
    expect(verdict).toEqual({ kind: 'inconclusive', why: 'the zone does not start: no such setting' })
  })

  test('gives a zone that never dials its time and no more, and stops it', async () => {
    const clock = new FakeClock()
    const ranForMs: number[] = []
    const startZone: Controller['startZone'] = async () => {
      const sinceMs = clock.monotonicMs()
      return {
        kind: 'running',
        log: async () => '',
        stop: async () => void ranForMs.push(clock.monotonicMs() - sinceMs),
      }
    }
    const { verdict } = await runOf(controllerOf(['start-zone'], startZone), clock)
    expect(verdict).toMatchObject({ kind: 'inconclusive', why: expect.stringContaining('no connection came') })
    expect(ranForMs).toEqual([expect.closeTo(75_000, -3)])
  })
})

function controllerOf(hooks: readonly Hook[], startZone?: Controller['startZone']): Controller {
  const never = () => Promise.reject(new Error('nobody asked for that'))
  return { exclusive: true, hooks: new Set(hooks), start: never, startZone: startZone ?? never }
}

/** By a clock that jumps from one waiting to the next. */
async function runOf(controller: Controller, clock = new FakeClock()): Promise<ConformanceResult> {
  let over = false
  const result = new Run({
    target: { name: 'a zone', clock, random: seededRandom(1) },
    controller,
    log: undefined,
    selection: { profiles: ['zone-client'], cases: [], levels: [], safeties: ['safe'] },
    behaviours: { answers: 'zonelab', openStream: 'parity' },
    ratePerSecond: 1,
    callTimeoutMs: 1,
    expectedFailures: new Set(),
    isZonelab: true,
    toolVersion: '0',
    signal: new AbortController().signal,
    observer: { onPlan() {}, onTarget() {}, onAttempt() {}, onCase() {} },
  })
    .run()
    .finally(() => {
      over = true
    })
  while (!over) await clock.stepAsync(1_000)
  return result
}
