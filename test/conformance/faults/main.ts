import type { ConformanceResult } from '../../../src/conformance/result.js'
import { runZoneFault } from '../zone-faults/zone-fault-bench.js'
import { ZONE_FAULTS } from '../zone-faults/zone-fault-table.js'
import { FaultBench, redCases } from './fault-bench.js'
import { FAULTS } from './fault-table.js'

/**
 * `npm run conformance:faults`: each planted fault against every case that docs/conformance-faults.md says catches it. With
 * `-- --all` against every case that there is, which takes an hour and more and prints all that turn red.
 */
const AT_ONCE = 6
const all = process.argv.includes('--all')

const bench = await FaultBench.start()
const cases = (caughtBy: readonly string[]) => (all ? [] : caughtBy)
const queue: Job[] = [
  ...FAULTS.map((fault) => ({ ...fault, what: 'target', run: () => bench.run(fault, cases(fault.caughtBy)) })),
  ...ZONE_FAULTS.map((fault) => ({ ...fault, what: 'zone', run: () => runZoneFault(fault, cases(fault.caughtBy)) })),
]
const count = queue.length
let missed = 0
await Promise.all(Array.from({ length: AT_ONCE }, work))
await bench.stop()
console.log(`${count} faults, ${missed} of them missed by a case that should catch them`)
process.exitCode = missed === 0 ? 0 : 1

interface Job {
  readonly what: string
  readonly name: string
  readonly caughtBy: readonly string[]
  readonly run: () => Promise<ConformanceResult>
}

async function work(): Promise<void> {
  for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
    const { what, name, caughtBy, run } = job
    const red = redCases(await run())
    const blind = caughtBy.filter((id) => !red.includes(id))
    if (blind.length > 0) missed += 1
    const note = blind.length > 0 ? ` NOT CAUGHT BY ${blind.join(' ')}` : ''
    console.log(`a ${what} that ${name}: ${red.join(' ') || 'nothing turns red'}${note}`)
  }
}
