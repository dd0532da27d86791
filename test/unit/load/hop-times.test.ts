import { beforeEach, expect, test } from 'vitest'
import type { Hop, HopKind } from '../../../src/base/hops.js'
import { HopTimes } from '../../../src/load/hop-times.js'
import type { LoadPlan } from '../../../src/load/plan.js'
import { hashedName, wireName } from '../../../src/model/naming.js'

const MESH = 'zl-test01'
const RESOURCE = { index: 0, tenant: 'default', type: 'MeshTimeout', name: 'mt-1', group: undefined } as const
const PLAN: LoadPlan = {
  run: 'test01',
  mesh: MESH,
  zones: [],
  resources: [RESOURCE],
  writes: [],
  churn: [],
  strikes: [],
}
const ORIGINAL = wireName(MESH, 'mt-1')
const COPY = wireName(MESH, hashedName({ mesh: MESH, name: 'mt-1', labels: {} }))

let times: HopTimes
beforeEach(() => {
  times = new HopTimes(PLAN)
})

function take(at: number, hop: HopKind, of: Partial<Hop> = {}): void {
  const name = hop === 'accepted' ? ORIGINAL : COPY
  times.take({ at, hop, tenant: 'default', peer: undefined, type: 'MeshTimeout', name, version: 'v1', ...of })
}

/** Each hop that was seen, with its samples from the shortest to the longest, in whole milliseconds. */
function seen(): Record<string, number[]> {
  const samplesOf = ([name, histogram]: [string, { count: number; percentile(percentile: number): number }]) => {
    const percentiles = Array.from({ length: histogram.count }, (_, place) => ((place + 1) / histogram.count) * 100)
    return [name, percentiles.map((percentile) => Math.round(histogram.percentile(percentile)))]
  }
  return Object.fromEntries([...times.seen].map((entry) => samplesOf(entry)))
}

test('a write waits for the feed, is encoded, waits to be sent, is sent to each zone and answered', () => {
  take(100, 'accepted')
  take(105, 'kds-encoded', { tookMs: 3 })
  take(112, 'kds-sent', { peer: 'z1' })
  take(116, 'kds-sent', { peer: 'z2' })
  take(131, 'kds-acked', { peer: 'z1' })
  take(140, 'kds-nacked', { peer: 'z2' })
  expect(seen()).toEqual({ feed: [2], encode: [3], queue: [7], wait: [12], send: [0, 4], answer: [19, 24] })
})

test('of a target that does not tell what it encoded, that is not seen, and the whole wait is', () => {
  take(100, 'accepted')
  take(112, 'kds-sent', { peer: 'z1' })
  expect(seen()).toEqual({ wait: [12], send: [0] })
})

test('classes of zones that are sent different bytes are timed each by its own', () => {
  take(100, 'accepted')
  take(103, 'kds-encoded', { tookMs: 3, version: 'new' })
  take(107, 'kds-encoded', { tookMs: 4, version: 'old' })
  take(110, 'kds-sent', { peer: 'z1', version: 'new' })
  take(120, 'kds-sent', { peer: 'z2', version: 'old' })
  take(125, 'kds-sent', { peer: 'z3', version: 'new' })
  take(126, 'kds-sent', { peer: 'z4', version: 'old' })
  expect(seen()).toEqual({ feed: [0, 3], encode: [3, 4], queue: [7, 13], wait: [10, 20], send: [0, 0, 6, 15] })
})

test('a write that comes to what an earlier one wrote is timed by itself', () => {
  for (const start of [100, 200]) {
    take(start, 'accepted')
    take(start + 2, 'kds-encoded', { tookMs: 1 })
    take(start + 5, 'kds-sent', { peer: 'z1' })
    take(start + 9, 'kds-acked', { peer: 'z1' })
  }
  expect(seen()).toEqual({ feed: [1, 1], encode: [1, 1], queue: [3, 3], wait: [5, 5], send: [0, 0], answer: [4, 4] })
})

test('a zone that is sent all it had once more is not timed, nor what another control plane or run wrote', () => {
  take(100, 'accepted')
  take(101, 'kds-sent', { peer: 'z1' })
  take(102, 'kds-acked', { peer: 'z1' })
  take(900, 'kds-sent', { peer: 'z1' })
  take(990, 'kds-acked', { peer: 'z1' })
  take(991, 'kds-sent', { peer: 'z1', tenant: 'other' })
  take(992, 'accepted', { name: 'theirs.default' })
  take(993, 'kds-encoded', { name: 'theirs.default', tookMs: 1 })
  expect(seen()).toEqual({ wait: [1], send: [0], answer: [1] })
})
