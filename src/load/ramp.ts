import { type Clock, sleep } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Crew } from './crew-orders.js'
import type { LoadPlan } from './plan.js'
import type { IntervalLine } from './run-lines.js'
import { type Scenario, tierOf } from './scenario.js'
import { Reasons } from './target-loss.js'

export interface RampOptions {
  readonly plan: LoadPlan
  readonly scenario: Scenario
  readonly crews: readonly { readonly crew: Crew }[]
  /** Records how things are, and tells. */
  readonly interval: () => Promise<IntervalLine>
  readonly clock: Clock
  /** A zone that is not live so long after the last one has dialled is counted as missing, and the run goes on. Default 60 s. */
  readonly liveWithinMs?: number | undefined
  readonly signal: AbortSignal
}

const LIVE_WITHIN_MS = 60_000
/** Of zones that were dialled and are not up: a crew with more of them gets none up, for calls time out and begin anew. */
const DIALLING_MAX = 50
const TURN_MS = 50
const LOOK_MS = 250

/**
 * Zones dial at the ramp's pace, evenly over the crews; then the last ones may take a while. Ends early, without
 * complaint, when the signal aborts. Throws `unavailable` when not one zone came up: there is nobody to measure.
 */
export async function rampUp(options: RampOptions): Promise<void> {
  const { plan, scenario, crews, interval, clock, signal, liveWithinMs = LIVE_WITHIN_MS } = options
  const startMs = clock.monotonicMs()
  const perSecond = rampRate(scenario)
  const losses = new Reasons()
  const look = async () => {
    const line = await interval()
    losses.add(line.losses)
    return line
  }
  let [dialled, up] = [0, 0]
  const waitsUntilMs = startMs + (plan.zones.length / perSecond) * 1_000 + liveWithinMs
  while (dialled < plan.zones.length && !signal.aborted) {
    const paced = Math.ceil(((clock.monotonicMs() - startMs + TURN_MS) / 1_000) * perSecond)
    const room = clock.monotonicMs() < waitsUntilMs ? up + DIALLING_MAX : plan.zones.length
    const due = Math.max(dialled, Math.min(plan.zones.length, paced, room))
    const turn = plan.zones.slice(dialled, due).map(({ index }) => index)
    dialled = due
    await Promise.all(
      crews.map(({ crew }, place) => crew.connect(turn.filter((index) => index % crews.length === place))),
    )
    if (dialled - up >= DIALLING_MAX) up = (await look()).live
    await pause(clock, TURN_MS, signal)
  }
  const wanted =
    tierOf(scenario.topology) === 'full' ? plan.zones.reduce((sum, { sidecars }) => sum + sidecars.length, 0) : 0
  const untilMs = clock.monotonicMs() + liveWithinMs
  for (;;) {
    const { live, sidecarsLive } = await look()
    if ((live === plan.zones.length && sidecarsLive >= wanted) || signal.aborted) return
    if (clock.monotonicMs() > untilMs) {
      if (live > 0) return
      throw new AppError('unavailable', `no zone came up in ${liveWithinMs / 1_000} s${losses.suffix}`)
    }
    await pause(clock, LOOK_MS, signal)
  }
}

/** Zones a second, so slow that their sidecars come no faster than they may. */
function rampRate({ ramp, topology }: Scenario): number {
  if (tierOf(topology) === 'light' || topology.dataplanes === 0) return ramp.zones
  return Math.min(ramp.zones, ramp.dataplanes / topology.dataplanes)
}

/** Whoever waits looks at the signal itself. */
async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await sleep(clock, ms, signal).catch(() => {})
}
