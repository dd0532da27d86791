import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withChildren } from '../child.js'
import { Deliveries, openLoop, systemTime } from '../open-loop.js'
import { type Report, runBench } from '../report.js'
import { write } from '../rest.js'
import { quantile } from '../statistics.js'
import { type Applied, groupsOf, policyOf } from './change.js'
import { type Size, sizeOf, Tiers, until } from './tiers.js'

/** From the instant that a write was due to each sidecar that it alters having accepted it, over both hops. */
const SIZE = sizeOf(process.argv[2], { zones: 20, sidecars: 50 })
const GROUPS = groupsOf(SIZE)
const EVERY_MS = 100
/** Of each group as many. */
const CHANGES = 150
const SETTLE_MS = 3_000
const WARM_WITHIN_MS = 60_000

interface Written {
  readonly dueMs: number
  readonly acceptedMs: number
}

await runBench(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zonelab-bench-'))
  const tiers = new Tiers(1)
  try {
    return await withChildren(tiers.children, async () => {
      const port = await tiers.start(join(folder, 'store.db'), SIZE)
      for (let number = 0; number < GROUPS; number += 1) await write(port, policyOf(number, GROUPS))
      const warm = new Set<string>()
      await until(async () => {
        for (const { sidecar } of await tiers.take()) warm.add(sidecar)
        const all = SIZE.zones * SIZE.sidecars
        return warm.size === all ? undefined : `${warm.size} of ${all} sidecars have the policy of their group`
      }, WARM_WITHIN_MS)
      await systemTime.sleep(SETTLE_MS)
      await tiers.take()
      const before = await tiers.cpuMs()
      const written = await writeAll(port)
      await systemTime.sleep(SETTLE_MS)
      const used = await tiers.cpuMs()
      const { bars, figures } = report(SIZE, written, await tiers.take())
      const costs = Object.entries(used).map(([tier, ms]) => {
        return [`ms of CPU a delivery, ${tier}`, (ms - (before[tier] ?? 0)) / deliveriesOf(SIZE, CHANGES)] as const
      })
      return { bars, figures: { ...SIZE, ...figures, ...Object.fromEntries(costs) } }
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

/** Writes on schedule, whether or not the one before has been answered. */
async function writeAll(port: number): Promise<ReadonlyMap<number, Written>> {
  const written = new Map<number, Written>()
  const writes: Promise<void>[] = []
  await openLoop({ count: CHANGES, everyMs: EVERY_MS }, (index, dueMs) => {
    const number = GROUPS + index
    const accepted = () => void written.set(number, { dueMs, acceptedMs: systemTime.nowMs() })
    writes.push(write(port, policyOf(number, GROUPS)).then(accepted))
  })
  await Promise.all(writes)
  return written
}

/** Changes times sidecars of the group that each alters. */
function deliveriesOf({ zones, sidecars }: Size, changes: number): number {
  const altered = Array.from({ length: changes }, (_, index) => {
    const group = (GROUPS + index) % GROUPS
    return zones * Math.max(0, Math.ceil((sidecars - group) / GROUPS))
  })
  return altered.reduce((sum, count) => sum + count, 0)
}

/** A change counts as had by a sidecar when that has it or a later one of its group. */
function report(size: Size, written: ReadonlyMap<number, Written>, applied: readonly Applied[]): Report {
  const bySidecar = new Map<string, Applied[]>()
  for (const each of applied) bySidecar.set(each.sidecar, [...(bySidecar.get(each.sidecar) ?? []), each])
  const deliveries = new Deliveries(deliveriesOf(size, written.size))
  const last = new Map<number, number>()
  for (const [number, { dueMs }] of written) {
    for (const [, had] of bySidecar) {
      const [first] = had
      if (!first || first.number % GROUPS !== number % GROUPS) continue
      const at = had.find((each) => each.number >= number)?.atMs
      if (at === undefined) continue
      deliveries.arrived(at - dueMs)
      last.set(number, Math.max(last.get(number) ?? 0, at - dueMs))
    }
  }
  const latencies = deliveries.latencies()
  const accepted = [...written.values()].map(({ dueMs, acceptedMs }) => acceptedMs - dueMs)
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
      deliveries: latencies.length,
    },
  }
}
