import { expect, test } from 'vitest'
import type { OpenLoopTime } from '../../bench/open-loop.js'
import type { Applied } from '../../bench/propagation/change.js'
import { arrivals, report } from '../../bench/propagation/deliveries.js'

/** Two zones of ten sidecars are ten groups of two; change n alters `n % 10`. */
const SIZE = { zones: 2, sidecars: 10 }
const WRITTEN = new Map([10, 11, 20].map((number) => [number, { dueMs: number * 100, acceptedMs: number * 100 + 1 }]))

/** Each step is what has been applied since the one before; nothing comes after the last. */
async function seen(steps: readonly (readonly Applied[])[], endMs = 1e9) {
  let nowMs = 2_000
  const time: OpenLoopTime = {
    nowMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms
    },
  }
  const left = [...steps]
  return report(SIZE, WRITTEN, await arrivals(SIZE, [...WRITTEN.keys()], async () => left.shift() ?? [], endMs, time))
}

const applied = (zone: string, number: number, atMs: number): Applied => ({
  sidecar: `${zone}/web-${number % 10}`,
  number,
  atMs,
})

const ALL_BUT_ONE = [applied('z1', 11, 1_150), applied('z2', 11, 1_150), applied('z1', 20, 2_040)]

test('a change that is merged into a later one of its group is had with that, and latency counts from when it was due', async () => {
  const { figures, notes } = await seen([ALL_BUT_ONE, [applied('z2', 10, 1_030), applied('z2', 20, 2_080)]])
  // Change 10 came to z1 with change 20, 1,040 ms after it was due.
  expect(figures).toMatchObject({ deliveries: 6, 'ms max': 1_040, 'deliveries not come at the end': 0 })
  expect(notes).toEqual([])
})

test('what is missing at the end, while others still come, counts as late and is told', async () => {
  const { figures, notes } = await seen([[], ALL_BUT_ONE], 2_400)
  expect(figures).toMatchObject({ deliveries: 6, 'ms max': 1_500, 'deliveries not come at the end': 2 })
  expect(notes).toEqual([expect.stringMatching(/^2 deliveries of 2 changes had not come 0\.5 s after/)])
})

test('what is missing after a silence is lost, and fails the bench', async () => {
  await expect(seen([ALL_BUT_ONE])).rejects.toThrow('4 of 6 deliveries were seen')
})
