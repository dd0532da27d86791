import { expect, test } from 'vitest'
import { Input } from '../../../src/cli/command.js'
import { scenarioOf } from '../../../src/cli/load-scenario.js'

test.each([
  ['slow-zone', { duration: '5s' }, 'slow-zone, as the flags change it: faults.0.at: is after the end of the load'],
  ['upgrade-global', { tier: 'full' }, 'topology.release: whole zone control planes are of release 3.0'],
  ['fanout', { writes: '10000', duration: '24h' }, 'load.writes: makes 864,000,000 writes in all'],
])('%s with %j contradicts itself and is refused', (name, flags, why) => {
  expect(() => scenarioOf(new Input([name], flags))).toThrow(why)
})

test('a shorter load warms up for a fifth of it, and no other flag changes that', () => {
  expect(scenarioOf(new Input(['fanout'], { duration: '10s' })).load.warmup).toBe(2_000)
  expect(scenarioOf(new Input(['fanout'], { zones: '2' })).load.warmup).toBe(5_000)
})
