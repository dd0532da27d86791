import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { systemRandom } from '../../../src/base/random.js'
import { Input } from '../../../src/cli/command.js'
import { down } from '../../../src/cli/commands/down.js'
import { writeLabState } from '../../../src/lab/lab-state.js'
import { labPaths } from '../../../src/lab/paths.js'
import { labSpec } from '../lab/specs.js'
import { FakeIo } from './fake-io.js'

test.runIf(process.platform === 'linux')('a lab whose supervisor died goes down on a full disk too', async () => {
  const home = mkdtempSync(join(tmpdir(), 'zonelab-down-'))
  try {
    const env = { XDG_DATA_HOME: home }
    const paths = labPaths('default', env)
    const gone = { pid: 2 ** 22 + 1, birth: 'long ago' }
    writeLabState(paths, { format: 1, spec: labSpec(1), ports: {}, supervisor: gone, children: [] })
    // The next draft of the state goes to the device that is always full.
    symlinkSync('/dev/full', `${paths.stateFile}.${process.pid}.tmp`)
    const io = new FakeIo()
    const { signal } = new AbortController()
    const context = { io, clock: systemClock, random: systemRandom, env, program: 'zonelab', signal }
    expect(await down.run(context, new Input([], {}))).toBe(0)
    expect(io.errLines).toEqual([
      expect.stringContaining('that it is stopped is not kept: no space is left'),
      'zonelab: lab "default" was not running',
    ])
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})
