import { type Clock, sleep } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Crew } from './crew-orders.js'
import type { LoadPlan, PlannedStrike } from './plan.js'
import type { RunLine } from './run-lines.js'
import type { LoadTarget } from './target.js'

export interface StrikeOptions {
  readonly plan: LoadPlan
  readonly target: LoadTarget
  /** Monotonic time of the load's start. */
  readonly startMs: number
  readonly clock: Clock
  readonly crews: readonly { readonly crew: Crew }[]
  readonly signal: AbortSignal
  readonly record: (line: RunLine) => void
  /** Milliseconds since the start of the run. */
  readonly sinceStart: () => number
}

/** Puts in each of the plan's faults when it is due. One that cannot be put in is recorded with why. */
export async function strikeAsPlanned(options: StrikeOptions): Promise<void> {
  await Promise.all(options.plan.strikes.map((strike) => strikeOnce(strike, options)))
}

async function strikeOnce(strike: PlannedStrike, options: StrikeOptions): Promise<void> {
  const { clock, startMs, signal, record, sinceStart } = options
  try {
    await sleep(clock, Math.max(0, startMs + strike.atMs - clock.monotonicMs()), signal)
  } catch {
    return
  }
  const { id, kind, durationMs, zones } = strike
  const instead = kind === 'restart-global' && !options.target.restart
  const fault = instead ? 'disconnect, in place of restart-global: the target is not ours to restart' : kind
  const line = { kind: 'fault' as const, id, fault, atMs: sinceStart(), durationMs, zones: zones.length }
  try {
    await act(strike, options)
    record(line)
  } catch (thrown) {
    record({ ...line, failed: AppError.from(thrown).message })
  }
}

async function act(strike: PlannedStrike, { crews, target }: StrikeOptions): Promise<void> {
  const { id, durationMs, zones } = strike
  if (strike.kind === 'restart-global' && target.restart) {
    await target.restart()
    return
  }
  const kind = strike.kind === 'restart-global' ? 'disconnect' : strike.kind
  await Promise.all(
    crews.map(({ crew }, turn) =>
      crew.strike(
        zones.filter((zone) => zone % crews.length === turn).map((zone) => ({ zone, fault: { id, kind, durationMs } })),
      ),
    ),
  )
}
