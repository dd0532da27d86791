import type { Answer } from '../answer.js'
import type { CallDraft } from '../call-draft.js'
import type { Stage } from '../stage.js'
import { timesApart } from '../times-apart.js'

/** Chance goes so far in one of fifteen thousand comparisons. */
const Z_MAX = 4
/** Well within what a case may take; a target that refuses no faster is judged by the calls that there was time for. */
const SAMPLED_FOR_S = 220
/** Below this nobody tells times apart over a network, however often he asks. */
const APART_MS_MIN = 0.05

/** Calls of each kind in turns, all refused so, and of no kind sooner or later than of another. */
export async function sameTimes(
  stage: Stage,
  kinds: Readonly<Record<string, () => CallDraft>>,
  answers: readonly Answer[],
): Promise<void> {
  const samples = Object.entries(kinds).map(([name, make]) => ({ name, make, times: [] as number[] }))
  const { bench, timedCalls } = stage
  const endS = bench.nowS + SAMPLED_FOR_S
  for (let turn = 0; turn < timedCalls && bench.nowS < endS; turn++) {
    // None of them is always the one after the pause.
    for (const at of samples.keys()) {
      const sample = samples[(turn + at) % samples.length]
      if (sample === undefined) continue
      const exchange = await stage.call('HealthCheck', sample.make())
      if (turn === 0) stage.expect(sample.name, exchange, answers)
      sample.times.push(exchange.elapsedMs)
    }
  }
  const [first, ...others] = samples
  for (const other of others) {
    const { z, apartMs } = timesApart(first?.times ?? [], other.times)
    const said = `medians ${apartMs.toFixed(3)} ms apart, z ${z.toFixed(1)}`
    const name = `${first?.name} and ${other.name}: the same time over ${other.times.length} calls of each`
    stage.check(name, Math.abs(z) < Z_MAX || apartMs < APART_MS_MIN, said)
  }
}
