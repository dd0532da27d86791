import { expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { seededRandom } from '../../../src/base/random.js'
import { Input } from '../../../src/cli/command.js'
import { loadCommands } from '../../../src/cli/commands/load.js'
import { FakeIo } from './fake-io.js'

const IN_LAB = { lab: 'default', 'upgrade-command': 'true' }

test.each([
  [{ 'upgrade-command': 'true' }, 'needs --lab or --target'],
  [{ ...IN_LAB, report: 'html=x.html' }, 'name a directory with --report DIR'],
  [{ ...IN_LAB, raw: 'x.ndjson' }, '--report DIR has both'],
  [{ ...IN_LAB, 'upgrade-timeout': '5' }, '--upgrade-timeout 5: use a whole number with a unit'],
  [{ ...IN_LAB, 'fail-on': ['zone.propagation'] }, '--fail-on "zone.propagation"'],
  [{ lab: 'default', 'fail-on': ['nack:count>+1%'] }, '--fail-on is for a run with --upgrade-command'],
])('%j is refused before anything runs', async (flags, why) => {
  const run = loadCommands.find(({ name }) => name === 'load run')
  const context = {
    io: new FakeIo(),
    clock: systemClock,
    random: seededRandom(1),
    env: {},
    program: 'zonelab',
    signal: new AbortController().signal,
  }
  await expect(run?.run(context, new Input(['upgrade-global'], flags))).rejects.toThrow(why)
})
