import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withChildren } from '../child.js'
import { openLoop, systemTime } from '../open-loop.js'
import { runBench } from '../report.js'
import { write } from '../rest.js'
import { groupsOf, policyOf } from './change.js'
import { arrivals, deliveriesOf, report, type Written } from './deliveries.js'
import { sizeOf, Tiers, until } from './tiers.js'

/** From the instant that a write was due to each sidecar that it alters having accepted it, over both hops. */
const SIZE = sizeOf(process.argv[2], { zones: 20, sidecars: 50 })
const GROUPS = groupsOf(SIZE)
const EVERY_MS = 100
/** Of each group as many. */
const CHANGES = 150
const SETTLE_MS = 3_000
/** After the start, which may take two minutes: the changes and what is late have their time after it. */
const WARM_WITHIN_MS = 15_000
/** What has not come by then is told as late: before the run's own limit, which leaves no report. */
const END_MS = systemTime.nowMs() + 160_000

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
      const arrived = await arrivals(SIZE, [...written.keys()], () => tiers.take(), END_MS)
      const used = await tiers.cpuMs()
      const { bars, figures, notes = [] } = report(SIZE, written, arrived)
      const costs = Object.entries(used).map(([tier, ms]) => {
        return [
          `ms of CPU a delivery, ${tier}`,
          (ms - (before[tier] ?? 0)) / deliveriesOf(SIZE, written.keys()),
        ] as const
      })
      return { bars, figures: { ...SIZE, ...figures, ...Object.fromEntries(costs) }, notes }
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
