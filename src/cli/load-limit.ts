import { type Limit, type StepOutcome, searchLimit } from '../load/limit-search.js'
import { loadResult } from '../load/load-result.js'
import type { RunLine, StepLine } from '../load/run-lines.js'
import type { Scenario } from '../load/scenario.js'
import type { Context, Input } from './command.js'
import { EXIT } from './exit-codes.js'
import { KNOBS, type Knob } from './load-flags.js'
import { reportingOf, UNREPORTED, writeLoadReports, writeRawFile } from './load-reporting.js'
import { runOnce, workersOf } from './load-run.js'
import { scenarioOf } from './load-scenario.js'

const WHERE: Readonly<Record<Knob, (scenario: Scenario, value: number) => Scenario>> = {
  zones: (scenario, zones) => ({ ...scenario, topology: { ...scenario.topology, zones } }),
  writes: (scenario, writes) => ({ ...scenario, load: { ...scenario.load, writes } }),
  dataplanes: (scenario, dataplanes) => ({ ...scenario, topology: { ...scenario.topology, dataplanes } }),
}

/** Runs the scenario larger and larger; resolves to the exit code. */
export async function findLimit(context: Context, input: Input): Promise<number> {
  const scenario = scenarioOf(input)
  const knob = input.word('knob', KNOBS) ?? 'zones'
  const reporting = reportingOf(input)
  const steps: StepLine[] = []
  let last: readonly RunLine[] = []
  const attempt = async (value: number): Promise<StepOutcome> => {
    context.io.err(`zonelab: ${value} ${knob}`)
    const { result } = await runOnce(context, input, WHERE[knob](scenario, value), workersOf(input), UNREPORTED)
    if (!result) return 'unknown'
    const { latency } = result.summary
    const p99 = latency.zone.count === 0 ? {} : { p99Ms: latency.zone.percentile(99) }
    steps.push({ kind: 'step', knob, value, outcome: result.verdict.outcome, ...p99 })
    last = result.lines
    return OUTCOMES[result.verdict.outcome]
  }
  const limit = await searchLimit({
    from: input.whole('from', 1, 100_000) ?? 10,
    max: input.whole('max', 1, 100_000) ?? 1_000,
    attempt,
  })
  const lines = [...last, ...steps]
  if (reporting.rawFile !== undefined) writeRawFile(reporting.rawFile, lines)
  writeLoadReports(context, loadResult(lines), reporting)
  tell(context, limit, knob, steps)
  if (context.signal.aborted) return context.signal.reason as number
  return limit.unknown === undefined ? EXIT.ok : EXIT.inconclusive
}

const OUTCOMES = {
  passed: 'held',
  crossed: 'broke',
  inconclusive: 'unknown',
  failed: 'broke',
  interrupted: 'unknown',
} as const

function tell({ io }: Context, { held, broke, unknown }: Limit, knob: Knob, steps: readonly StepLine[]): void {
  for (const { value, outcome, p99Ms } of steps) {
    io.out(
      `${String(value).padStart(7)} ${knob}  ${outcome.padEnd(12)} zone p99 ${p99Ms === undefined ? 'not observable' : `${p99Ms.toFixed(1)} ms`}`,
    )
  }
  const none = broke === undefined ? 'unknown' : `not even ${steps[0]?.value} ${knob} hold`
  const reached = held === undefined ? none : `${held} ${knob} hold`
  const beyond = broke === undefined ? '' : `, ${broke} do not`
  const wasStopped = steps.at(-1)?.outcome === 'interrupted'
  const why = wasStopped ? 'the search was interrupted' : 'the generator was the bottleneck, and nobody can say'
  const end = unknown === undefined ? '' : `; at ${unknown} ${why}`
  io.out(`limit: ${reached}${beyond}${end}`)
}
