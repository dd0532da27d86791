import { rmSync } from 'node:fs'
import { sleep } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import { ControlClient } from '../../lab/control-client.js'
import { type LabState, readLabState, writeLabState } from '../../lab/lab-state.js'
import { endLeftovers } from '../../lab/leftovers.js'
import type { LabPaths } from '../../lab/paths.js'
import { isAlive } from '../../lab/process-id.js'
import { type Command, type Context, LAB_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { pathsOf } from '../lab-access.js'

export const down: Command = {
  name: 'down',
  group: 'The lab',
  summary: 'End every process of a lab; its data stays unless you purge it',
  flags: [{ name: 'purge', doc: 'Remove everything that the lab has: data, keys, logs' }, LAB_FLAG],
  examples: ['zonelab down', 'zonelab down --purge --lab demo'],
  async run(context, input) {
    const paths = pathsOf(context, input)
    const state = stateIfReadable(paths, input.switch('purge'))
    const ran = await stopRunning(paths, state, context, input.switch('purge'))
    if (input.switch('purge')) {
      rmSync(paths.dir, { recursive: true, force: true })
      rmSync(paths.socket, { force: true })
    }
    context.io.err(`zonelab: lab "${paths.name}" ${said(state, ran, input.switch('purge'))}`)
    return EXIT.ok
  },
}

/** A state file that cannot be read must not keep a lab from being removed. */
function stateIfReadable(paths: LabPaths, purge: boolean): LabState | undefined {
  try {
    return readLabState(paths)
  } catch (thrown) {
    if (purge) return undefined
    throw thrown
  }
}

async function stopRunning(
  paths: LabPaths,
  state: LabState | undefined,
  context: Context,
  purge: boolean,
): Promise<boolean> {
  const supervisor = state?.supervisor
  try {
    await new ControlClient(paths.socket).down()
  } catch (thrown) {
    if (AppError.from(thrown).code !== 'unavailable') throw thrown
    if (!state) return false
    const ended = await endLeftovers(state, context.clock)
    if (ended > 0) context.io.err(`zonelab: ended ${ended} processes that a dead supervisor had left`)
    // What is removed next needs no state.
    if (supervisor && !purge) keepStopped(paths, state, context)
    return ended > 0
  }
  if (supervisor) await untilGone(() => isAlive(supervisor), context)
  return true
}

/** A lab is down whether or not its file says so: a full disk must not make that fail. */
function keepStopped(paths: LabPaths, state: LabState, { io }: Context): void {
  try {
    writeLabState(paths, { ...state, supervisor: undefined, children: [] })
  } catch (thrown) {
    io.err(`zonelab: that it is stopped is not kept: ${AppError.from(thrown).message}`)
  }
}

/** After its answer the supervisor only has to close its socket. */
const GONE_WITHIN_MS = 5_000
const LOOK_EVERY_MS = 20

async function untilGone(alive: () => boolean, { clock }: Context): Promise<void> {
  const deadlineMs = clock.monotonicMs() + GONE_WITHIN_MS
  while (alive()) {
    if (clock.monotonicMs() > deadlineMs) throw new AppError('timed-out', "the lab's supervisor does not end")
    await sleep(clock, LOOK_EVERY_MS)
  }
}

function said(state: LabState | undefined, ran: boolean, purged: boolean): string {
  if (state === undefined) return 'is not there'
  if (purged) return 'is gone, with all that it had'
  if (!ran) return 'was not running'
  return state.spec.db === 'memory' ? 'is stopped' : 'is stopped; "zonelab up" goes on with its data'
}
