import { FaultBench, redCases } from './fault-bench.js'
import { FAULTS } from './fault-table.js'

/**
 * `npm run conformance:faults`: each planted fault against every case that docs/conformance-faults.md says catches it. With
 * `-- --all` against every case that there is, which takes an hour and more and prints all that turn red.
 */
const AT_ONCE = 6
const all = process.argv.includes('--all')

const bench = await FaultBench.start()
const queue = [...FAULTS]
let missed = 0
await Promise.all(Array.from({ length: AT_ONCE }, work))
await bench.stop()
console.log(`${FAULTS.length} faults, ${missed} of them missed by a case that should catch them`)
process.exitCode = missed === 0 ? 0 : 1

async function work(): Promise<void> {
  for (let fault = queue.shift(); fault !== undefined; fault = queue.shift()) {
    const red = redCases(await bench.run(fault, all ? [] : fault.caughtBy))
    const blind = fault.caughtBy.filter((id) => !red.includes(id))
    if (blind.length > 0) missed += 1
    const note = blind.length > 0 ? ` NOT CAUGHT BY ${blind.join(' ')}` : ''
    console.log(`a target that ${fault.name}: ${red.join(' ') || 'nothing turns red'}${note}`)
  }
}
