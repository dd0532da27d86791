import { AppError } from '../base/errors.js'
import { STEP_OUTCOMES, searchLimit } from '../load/limit-search.js'
import { loadResult } from '../load/load-result.js'
import type { RunLine, StepLine } from '../load/run-lines.js'
import { requireSound, type Scenario } from '../load/scenario.js'
import { limitTable, textTable } from '../load/text-report.js'
import type { Context, Input } from './command.js'
import { EXIT, exitCodeOf } from './exit-codes.js'
import { KNOBS, type Knob } from './load-flags.js'
import { reportingOf, UNREPORTED, writeLoadReports, writeRawFile } from './load-reporting.js'
import { runOnce, workersOf } from './load-run.js'
import { scenarioOf } from './load-scenario.js'

const WHERE: Readonly<Record<Knob, (scenario: Scenario, value: number) => Scenario>> = {
  zones: (scenario, zones) => ({ ...scenario, topology: { ...scenario.topology, zones } }),
  writes: (scenario, writes) => ({ ...scenario, load: { ...scenario.load, writes } }),
  dataplanes: (scenario, dataplanes) => ({ ...scenario, topology: { ...scenario.topology, dataplanes } }),
}

/** One run of the search. */
interface Attempt {
  readonly step: StepLine
  /** None when it could not even begin. */
  readonly lines: readonly RunLine[]
  readonly exitCode: number
}

/** Runs the scenario larger and larger; resolves to the exit code. Throws what keeps the first step from starting. */
export async function findLimit(context: Context, input: Input): Promise<number> {
  const scenario = scenarioOf(input)
  const knob = input.word('knob', KNOBS) ?? 'zones'
  const [from, max] = [input.whole('from', 1, 100_000) ?? 10, input.whole('max', 1, 100_000) ?? 1_000]
  if (from > max)
    throw new AppError('invalid-argument', `--from ${from} is above --max ${max}: there is nothing to try`)
  requireSound(WHERE[knob](scenario, max))
  const reporting = reportingOf(input)
  const attempts: Attempt[] = []
  await searchLimit({
    from,
    max,
    attempt: async (value) => {
      context.io.err(`zonelab: ${value} ${knob}`)
      const attempt = await attempted(context, input, WHERE[knob](scenario, value), { knob, value }, attempts.length)
      attempts.push(attempt)
      return STEP_OUTCOMES[attempt.step.outcome]
    },
  })
  const steps = attempts.map(({ step }) => step)
  const lines = [...shownOf(attempts), ...steps]
  if (reporting.rawFile !== undefined) writeRawFile(reporting.rawFile, lines)
  writeLoadReports(context, loadResult(lines), reporting)
  context.io.out(textTable(limitTable(steps)))
  return exitCode(context, attempts)
}

async function attempted(
  context: Context,
  input: Input,
  scenario: Scenario,
  at: { readonly knob: Knob; readonly value: number },
  before: number,
): Promise<Attempt> {
  try {
    const { result, exitCode: code } = await runOnce(context, input, scenario, workersOf(input), UNREPORTED)
    if (!result) throw new AppError('internal', 'a step of a search is a run')
    const { summary, verdict } = result
    const why = verdict.outcome === 'inconclusive' ? verdict.generatorFaults.join('; ') : summary.end.message
    const zone = summary.latency.zone
    const step: StepLine = {
      kind: 'step',
      ...at,
      outcome: verdict.outcome,
      ...(zone.count > 0 && { p99Ms: zone.percentile(99) }),
      ...(why !== '' && { why }),
    }
    return { step, lines: result.lines, exitCode: code }
  } catch (thrown) {
    if (before === 0) throw thrown
    // What is known of the smaller ones is not thrown away because the target did not survive a larger one.
    const { code, message } = AppError.from(thrown)
    context.io.err(`zonelab: ${at.value} ${at.knob}: ${message}`)
    return { step: { kind: 'step', ...at, outcome: 'not run', why: message }, lines: [], exitCode: exitCodeOf(code) }
  }
}

/** The run that reports show beside the steps: the largest that held, else the last one that there was. */
function shownOf(attempts: readonly Attempt[]): readonly RunLine[] {
  const held = attempts.filter(({ step }) => step.outcome === 'passed')
  const [largest] = held.sort((a, b) => b.step.value - a.step.value)
  return (largest ?? attempts.findLast(({ lines }) => lines.length > 0))?.lines ?? []
}

/** 0: there is a limit. Else why there is none: that of the step that nobody could judge, or of the first that did not hold. */
function exitCode({ signal }: Context, attempts: readonly Attempt[]): number {
  if (signal.aborted) return signal.reason as number
  const last = attempts.at(-1)
  const isKnown = attempts.some(({ step }) => step.outcome === 'passed')
  if (last && (!isKnown || STEP_OUTCOMES[last.step.outcome] === 'unknown')) return last.exitCode
  return EXIT.ok
}
