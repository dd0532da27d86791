import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { sleep } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { compareLoad, type FailOn, type LoadComparison, parseFailOn } from '../load/compare.js'
import type { LoadResult } from '../load/load-result.js'
import type { Scenario } from '../load/scenario.js'
import { whySilent } from '../load/target-health.js'
import { writeReports } from '../report/destinations.js'
import type { Context, Input } from './command.js'
import { EXIT } from './exit-codes.js'
import { reportingIn, reportingOf } from './load-reporting.js'
import { type RunEnd, runOnce, workersOf } from './load-run.js'
import { openTarget } from './load-target.js'
import { parseDuration } from './quantities.js'
import { LOAD_COMPARISONS, outcomeOf } from './report-kinds.js'

interface Upgrade {
  readonly command: string
  /** For `before/`, `after/` and the comparison. */
  readonly folder: string | undefined
  readonly failOn: readonly FailOn[]
  /** Go on after a first run that nothing can be compared with. */
  readonly force: boolean
  readonly backWithinMs: number
}

const BACK_WITHIN_MS = 300_000
const AGAIN_AFTER_MS = 500

/** The same scenario and seed, before a command of the user's and after it; resolves to the exit code. */
export async function runUpgrade(context: Context, input: Input, scenario: Scenario): Promise<number> {
  const upgrade = upgradeOf(input)
  const { io, signal } = context
  const { command, folder } = upgrade
  const run = (part: 'before' | 'after') => {
    const reporting = folder === undefined ? reportingOf(input) : reportingIn(join(folder, part))
    return runOnce(context, input, scenario, workersOf(input), reporting)
  }
  const before = await run('before')
  if (!before.result) return before.exitCode
  const why = whyNoBaseline(before.result, upgrade.force)
  if (why !== undefined) {
    io.err(`zonelab: nothing was upgraded: ${why}`)
    return before.exitCode
  }
  io.err(`zonelab: upgrade: ${command}`)
  const failure = await runCommand(command, signal)
  if (signal.aborted) return signal.reason as number
  if (failure !== undefined) {
    io.err(`zonelab: --upgrade-command ${failure}: there is no second run`)
    return EXIT.error
  }
  await untilBack(context, input, scenario, upgrade.backWithinMs)
  if (signal.aborted) return signal.reason as number
  const after = await run('after')
  if (!after.result) return after.exitCode
  const comparison = compareLoad(before.result, after.result, upgrade.failOn)
  io.out(LOAD_COMPARISONS.text(comparison).trimEnd())
  if (folder !== undefined) writeComparison(context, comparison, folder)
  return exitCodeOf(after, comparison, upgrade.force)
}

/** Throws `invalid-argument`, so that a mistake is told before anything runs. */
function upgradeOf(input: Input): Upgrade {
  const refuse = (why: string) => new AppError('invalid-argument', `--upgrade-command ${why}`)
  if (input.text('lab') === undefined && input.text('target') === undefined) {
    throw refuse('needs --lab or --target: a throw-away lab has nothing to upgrade')
  }
  const report = input.text('report')
  if (report?.includes('=')) throw refuse('makes reports of two runs: name a directory with --report DIR')
  if (input.given('raw')) throw refuse('makes two raw files: --report DIR has both')
  const timeout = input.text('upgrade-timeout')
  return {
    command: input.text('upgrade-command') ?? '',
    folder: report,
    failOn: input.texts('fail-on').map(parseFailOn),
    force: input.switch('force'),
    backWithinMs: timeout === undefined ? BACK_WITHIN_MS : parseDuration('--upgrade-timeout', timeout),
  }
}

/** An old global cannot be measured once it is gone. A crossed threshold is a measurement like any other. */
function whyNoBaseline({ summary, verdict }: LoadResult, force: boolean): string | undefined {
  switch (verdict.outcome) {
    case 'failed':
      return `the run before it could not go on: ${summary.end.message}`
    case 'interrupted':
      return 'the run before it was interrupted'
    case 'inconclusive':
      if (force) return undefined
      return 'the run before it was bound by its generator, and nothing can be compared with it (--force goes on all the same)'
    default:
      return undefined
  }
}

/** How a command ended that did not do what it was to do; undefined: it did. */
type CommandFailure = string | undefined

/** As a shell would, with the terminal to ask at; what it says does not mix with the reports on standard output. */
function runCommand(command: string, signal: AbortSignal): Promise<CommandFailure> {
  // Ctrl-C at a terminal reaches it by itself. Without one it leads a group of its own, to be ended as a whole.
  const leads = process.stdin.isTTY !== true
  return new Promise((resolve) => {
    const child = spawn(command, { shell: true, detached: leads, stdio: ['inherit', process.stderr, 'inherit'] })
    const { pid } = child
    const stop = () => (leads && pid !== undefined ? endGroup(pid) : child.kill('SIGTERM'))
    signal.addEventListener('abort', stop, { once: true })
    child.once('error', ({ message }) => resolve(`could not be started: ${message}`))
    child.once('close', (code, killedBy) => {
      signal.removeEventListener('abort', stop)
      const how = code === null ? `was ended by ${killedBy}` : `ended with exit code ${code}`
      resolve(code === 0 ? undefined : how)
    })
  })
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGTERM')
  } catch {
    // It has ended by itself meanwhile.
  }
}

/** Throws `timed-out` with what was the matter last. Ends early when the signal aborts. */
async function untilBack(context: Context, input: Input, scenario: Scenario, withinMs: number): Promise<void> {
  const { clock, io, signal } = context
  const untilMs = clock.monotonicMs() + withinMs
  for (let told = false; !signal.aborted; told = true) {
    const why = await whyAway(context, input, scenario)
    if (why === undefined) return
    if (clock.monotonicMs() >= untilMs) {
      const limit = `${withinMs / 1_000} s after --upgrade-command (--upgrade-timeout)`
      throw new AppError('timed-out', `the target does not answer ${limit}; there is no second run: ${why}`)
    }
    if (!told) io.err(`zonelab: waiting for the target: ${why}`)
    await sleep(clock, AGAIN_AFTER_MS)
  }
}

/** Opened anew each time: a lab that was restarted may be elsewhere. */
async function whyAway(context: Context, input: Input, { topology }: Scenario): Promise<string | undefined> {
  try {
    const { target, close } = await openTarget(context, input, topology.tenants)
    try {
      return await whySilent(target, context.clock)
    } finally {
      await close()
    }
  } catch (thrown) {
    return AppError.from(thrown).message
  }
}

function writeComparison({ io }: Context, comparison: LoadComparison, folder: string): void {
  const destinations = [
    { format: 'text', path: join(folder, 'comparison.txt') },
    { format: 'md', path: join(folder, 'comparison.md') },
    { format: 'json', path: join(folder, 'comparison.json') },
  ] as const
  writeReports(comparison, LOAD_COMPARISONS, destinations)
  for (const { path } of destinations) io.err(`zonelab: ${path}`)
}

/** That of the second run, unless the comparison says more. */
function exitCodeOf(after: RunEnd, comparison: LoadComparison, force: boolean): number {
  if (after.exitCode !== EXIT.ok) return after.exitCode
  if (comparison.reasons.length > 0 && !force) return EXIT.inconclusive
  return { passed: EXIT.ok, failed: EXIT.thresholdCrossed, unjudged: EXIT.inconclusive }[outcomeOf(comparison)]
}
