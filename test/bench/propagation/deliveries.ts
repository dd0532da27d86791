import { Deliveries, type OpenLoopTime, systemTime } from '../open-loop.js'
import type { Report } from '../report.js'
import { quantile } from '../statistics.js'
import { type Applied, groupsOf } from './change.js'
import type { Size } from './tiers.js'

/** When a change was due, and when its write was answered. */
export interface Written {
  readonly dueMs: number
  readonly acceptedMs: number
}

export interface Arrivals {
  readonly applied: readonly Applied[]
  /** Why nobody waits any longer: nothing is missing, nothing came for a while, or time was over while it still came. */
  readonly ended: 'complete' | 'silent' | 'time-over'
  readonly endedMs: number
}

const POLL_MS = 500
/** Far longer than anything takes that is on its way. */
const SILENT_AFTER_MS = 15_000

/** Sidecars of the groups that these changes alter, each as often as there are changes of its group. */
export function deliveriesOf(size: Size, numbers: Iterable<number>): number {
  let sum = 0
  for (const number of numbers) sum += altered(size, number)
  return sum
}

/** Takes what sidecars apply until each has the last change of its group, or waiting is of no use. */
export async function arrivals(
  size: Size,
  numbers: readonly number[],
  take: () => Promise<readonly Applied[]>,
  endMs: number,
  time: OpenLoopTime = systemTime,
): Promise<Arrivals> {
  const lasts = [
    ...new Map(numbers.toSorted((a, b) => a - b).map((number) => [number % groupsOf(size), number])).values(),
  ]
  const last = new Set(lasts)
  const applied: Applied[] = []
  const finished = new Set<string>()
  for (let heardMs = time.nowMs(); ; ) {
    const taken = await take()
    const nowMs = time.nowMs()
    if (taken.length > 0) heardMs = nowMs
    for (const each of taken) {
      applied.push(each)
      if (last.has(each.number)) finished.add(each.sidecar)
    }
    if (finished.size >= deliveriesOf(size, lasts)) return { applied, ended: 'complete', endedMs: nowMs }
    if (nowMs - heardMs > SILENT_AFTER_MS) return { applied, ended: 'silent', endedMs: nowMs }
    if (nowMs > endMs) return { applied, ended: 'time-over', endedMs: nowMs }
    await time.sleep(POLL_MS)
  }
}

/**
 * A change counts as had by a sidecar when that has it or a later one of its group: what merges on the way is had with
 * the newest. What is missing while others still come is late, and counts as if it came at the end; what is missing
 * after a silence is lost, and fails the bench.
 */
export function report(size: Size, written: ReadonlyMap<number, Written>, arrived: Arrivals): Report {
  const late = new Map<number, number>()
  const groups = groupsOf(size)
  const bySidecar = new Map<string, Applied[]>()
  for (const each of arrived.applied) {
    const had = bySidecar.get(each.sidecar)
    if (had) had.push(each)
    else bySidecar.set(each.sidecar, [each])
  }
  const deliveries = new Deliveries(deliveriesOf(size, written.keys()))
  const last = new Map<number, number>()
  for (const [number, { dueMs }] of written) {
    let missing = altered(size, number)
    const count = (latencyMs: number) => {
      missing -= 1
      deliveries.arrived(latencyMs)
      last.set(number, Math.max(last.get(number) ?? 0, latencyMs))
    }
    for (const had of bySidecar.values()) {
      if (had[0] === undefined || had[0].number % groups !== number % groups) continue
      const at = had.find((each) => each.number >= number)?.atMs
      if (at !== undefined) count(at - dueMs)
    }
    if (missing === 0 || arrived.ended === 'silent') continue
    late.set(number, missing)
    while (missing > 0) count(arrived.endedMs - dueMs)
  }
  const latencies = deliveries.latencies()
  const times = [...written.values()]
  const accepted = times.map(({ dueMs, acceptedMs }) => acceptedMs - dueMs)
  const lastDueMs = Math.max(...times.map(({ dueMs }) => dueMs))
  const lastAtMs = arrived.applied.reduce((at, { atMs }) => Math.max(at, atMs), 0)
  const missing = [...late.values()].reduce((sum, count) => sum + count, 0)
  return {
    bars: [
      { what: 'ms p50, write due to sidecar ACK', value: quantile(latencies, 0.5), atMost: 20 },
      { what: 'ms p99, write due to sidecar ACK', value: quantile(latencies, 0.99), atMost: 100 },
    ],
    figures: {
      'ms p99.9': quantile(latencies, 0.999),
      'ms max': quantile(latencies, 1),
      'ms p50, write due to last ACK of a change': quantile([...last.values()], 0.5),
      'ms p99, write due to last ACK of a change': quantile([...last.values()], 0.99),
      'ms p50, write due to accepted': quantile(accepted, 0.5),
      'ms p99, write due to accepted': quantile(accepted, 0.99),
      's from the last write due to the last delivery seen': (lastAtMs - lastDueMs) / 1e3,
      deliveries: latencies.length,
      'deliveries not come at the end': missing,
    },
    notes:
      missing === 0
        ? []
        : [
            `${missing} deliveries of ${late.size} changes had not come ${seconds(arrived.endedMs - lastDueMs)} s after the last write was due, while others still came: each counts as if it came then`,
          ],
  }
}

function altered(size: Size, number: number): number {
  const groups = groupsOf(size)
  return size.zones * Math.max(0, Math.ceil((size.sidecars - (number % groups)) / groups))
}

function seconds(ms: number): string {
  return (ms / 1e3).toFixed(1)
}
