import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.js'
import { machineChecks } from '../../../src/cli/checks-machine.js'
import { type Context, Input } from '../../../src/cli/command.js'
import { get } from '../../../src/cli/commands/get.js'
import { logs } from '../../../src/cli/commands/logs.js'
import { up } from '../../../src/cli/commands/up.js'
import { ControlServer } from '../../../src/lab/control-server.js'
import { type LabView, labView } from '../../../src/lab/lab-view.js'
import { labPaths } from '../../../src/lab/paths.js'
import { KUMA_PORTS } from '../../../src/lab/ports.js'
import { FakeClock } from '../../support/fake-clock.js'
import { labSpec } from '../lab/specs.js'
import { FakeIo } from './fake-io.js'

/** Commands beside a lab that runs already: a supervisor that only tells what it has. */

let home: string
let server: ControlServer
let context: Context
let io: FakeIo
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'zonelab-running-'))
  const env = { XDG_DATA_HOME: home }
  const view = viewOf(labPaths('default', env))
  server = new ControlServer(labPaths('default', env).socket, {
    view: () => view,
    act: async () => {},
    forget: async () => {},
    down: async () => {},
  })
  await server.start()
  io = new FakeIo()
  const random = seededRandom(1)
  context = { io, env, random, clock: new FakeClock(), program: 'zonelab', signal: new AbortController().signal }
})
afterEach(async () => {
  await server.stop()
  rmSync(home, { recursive: true, force: true })
})

function viewOf(paths: ReturnType<typeof labPaths>): LabView {
  return labView({
    paths,
    spec: labSpec(1, { processes: 'inline' }),
    // Nobody listens there.
    ports: { platform: { diagnosticsPort: 1 } },
    components: [{ kind: 'platform', key: 'platform', name: 'platform' }],
    packed: false,
    database: 'memory',
    stateOfComponent: () => ({ kind: 'stopped' }),
    state: 'ready',
    pid: 1,
    notices: [],
    controlPlanes: {},
  })
}

test('`up --apply` applies on a lab that runs already', async () => {
  const applied = up.run(context, new Input([], { apply: join(home, 'none.yaml'), detach: true }))
  await expect(applied).rejects.toThrow('none.yaml: there is no such file')
  expect(io.errLines).toEqual(['zonelab: lab "default" runs already'])
})

test('`logs` of a lab in one process says where they are', async () => {
  await expect(logs.run(context, new Input([], {}))).rejects.toThrow('is one process (--inline), which logs where')
})

test('a platform that does not answer is not taken for a lab that does not run', async () => {
  await expect(get.run(context, new Input(['meshes'], { tenant: 'team-a' }))).rejects.toThrow(
    'platform cannot be reached at http://127.0.0.1:1',
  )
})

test('`check` does not count the ports of the lab itself as taken', async () => {
  const port = KUMA_PORTS.diagnosticsPort
  const holder = createServer()
  // Taken by somebody else it is as good.
  await new Promise<void>((resolve) => holder.once('error', () => resolve()).listen(port, '127.0.0.1', resolve))
  const found = async (own: readonly number[]) =>
    (await machineChecks({ zones: 1, dataplanes: 1 }, new Set(own), {})).find(({ name }) => name === 'ports')
  try {
    expect(await found([])).toMatchObject({ verdict: 'warning', found: expect.stringContaining(String(port)) })
    expect(await found(Object.values(KUMA_PORTS))).toMatchObject({ verdict: 'ok' })
  } finally {
    holder.close()
  }
})
