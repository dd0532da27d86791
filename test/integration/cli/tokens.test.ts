import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { systemRandom } from '../../../src/base/random.js'
import { type Command, type Context, Input } from '../../../src/cli/command.js'
import { tokenIssue } from '../../../src/cli/commands/token-issue.js'
import { tokenRevoke, tokenRotate } from '../../../src/cli/commands/token-keys.js'
import { tokenVerify } from '../../../src/cli/commands/token-verify.js'
import { componentsOf } from '../../../src/lab/components.js'
import { ControlServer } from '../../../src/lab/control-server.js'
import { labView } from '../../../src/lab/lab-view.js'
import { labPaths } from '../../../src/lab/paths.js'
import { FakeIo } from '../../unit/cli/fake-io.js'
import { labSpec } from '../../unit/lab/specs.js'
import { ControlPlanes } from '../kds/control-planes.js'

/** The life of tokens by the command line, over a real global: what it says of a token is what the global does. */

vi.setConfig({ testTimeout: 120_000 })

let planes: ControlPlanes
let server: ControlServer
let context: Context
let io: FakeIo

beforeEach(async () => {
  planes = new ControlPlanes()
  const { endpoints } = await planes.global()
  const env = { XDG_DATA_HOME: planes.directory }
  const paths = labPaths('default', env)
  const spec = labSpec(0)
  const view = labView({
    paths,
    spec,
    ports: { global: { apiHttpPort: endpoints.apiHttp, kdsPort: endpoints.kds } },
    components: componentsOf(spec),
    packed: false,
    database: 'memory',
    stateOfComponent: () => ({ kind: 'stopped' }),
    state: 'ready',
    pid: 1,
    notices: [],
    controlPlanes: {},
  })
  server = new ControlServer(paths.socket, {
    view: () => view,
    act: async () => {},
    forget: async () => {},
    down: async () => {},
  })
  await server.start()
  io = new FakeIo()
  const signal = new AbortController().signal
  context = { io, env, random: systemRandom, clock: systemClock, program: 'zonelab', signal }
})

afterEach(async () => {
  await server.stop()
  await planes.close()
})

async function run(command: Command, args: readonly string[], flags: Record<string, string | readonly string[]> = {}) {
  io.outLines.length = 0
  return { code: await command.run(context, new Input(args, flags)), out: io.outLines.join('\n') }
}

const issue = async (name: string, ...args: readonly string[]) =>
  planes.file(`${name}.jwt`, (await run(tokenIssue, args)).out)

/** What `verify` says, in one word. */
const verdict = async (file: string) => {
  const { code, out } = await run(tokenVerify, [file])
  return code === 0 ? 'holds' : out.split(':')[1]?.trim()
}

test('a token is issued, verified, revoked by itself, and revoked only once', async () => {
  const [one, two] = [await issue('one', 'zone', 'zone-1'), await issue('two', 'zone', 'zone-1')]
  expect([await verdict(one), await verdict(two)]).toEqual(['holds', 'holds'])
  expect((await run(tokenRevoke, [one])).out).toMatch(/is revoked \(GlobalSecret zone-token-revocations\)/)
  expect([await verdict(one), await verdict(two)]).toEqual(['revoked', 'holds'])
  expect((await run(tokenRevoke, [one])).out).toMatch(/is revoked already/)
  await run(tokenRevoke, [two])
  expect([await verdict(one), await verdict(two)]).toEqual(['revoked', 'revoked'])
})

test('keys of each kind rotate: both hold, new tokens have the new key, and the old goes when it is retired', async () => {
  for (const [kind, ...name] of [['zone', 'zone-1'], ['user', 'ann'], ['dataplane']] as const) {
    const old = await issue('old', kind, ...name)
    expect((await run(tokenRotate, [], { kind })).out).toMatch(new RegExp(`^${kind} tokens are signed with key 2`))
    const fresh = await issue('fresh', kind, ...name)
    expect([await verdict(old), await verdict(fresh)]).toEqual(['holds', 'holds'])
    await expect(run(tokenRotate, [], { kind, retire: '2' })).rejects.toThrowError(/is the newest/)
    await run(tokenRotate, [], { kind, retire: '1' })
    expect([await verdict(old), await verdict(fresh)]).toEqual(['unknown-key', 'holds'])
  }
})
