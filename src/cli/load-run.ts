import { appendFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { AppError } from '../base/errors.js'
import type { Random } from '../base/random.js'
import { CrewProcess } from '../load/crew-channel.js'
import { type LoadResult, loadResult } from '../load/load-result.js'
import { LoadRun } from '../load/load-run.js'
import { machine } from '../load/machine.js'
import { type LoadPlan, planLoad } from '../load/plan.js'
import { LOAD_REPORTS } from '../load/reports.js'
import { requireFreeNames, requireTokens } from '../load/run-guard.js'
import { RUN_KIND, type RunLine, type StartLine } from '../load/run-lines.js'
import type { ExportedResource } from '../load/run-setup.js'
import { type Scenario, tierOf } from '../load/scenario.js'
import type { LoadTarget } from '../load/target.js'
import { versionOf } from '../load/target-health.js'
import { TargetWatch } from '../load/target-watch.js'
import type { Verdict } from '../load/verdict.js'
import { CONTROL_PLANE_VERSION } from '../sync/sync-node.js'
import { keptFetch } from '../transport/http/kept-fetch.js'
import type { Context, Input } from './command.js'
import { EXIT } from './exit-codes.js'
import { readExport } from './load-export.js'
import { type Reporting, reportingOf, writeLoadReports, writeRawFile } from './load-reporting.js'
import { LoadScreen } from './load-screen.js'
import { type OpenTarget, openTarget } from './load-target.js'
import { plural } from './quantities.js'

export interface RunEnd {
  readonly result: LoadResult | undefined
  readonly exitCode: number
}

const EXIT_OF: Readonly<Record<Verdict['outcome'], number>> = {
  passed: EXIT.ok,
  crossed: EXIT.thresholdCrossed,
  inconclusive: EXIT.inconclusive,
  failed: EXIT.unreachable,
  interrupted: EXIT.interrupted,
}

/** One run from its plan to its reports. Throws what keeps it from starting. */
export async function runOnce(
  context: Context,
  input: Input,
  scenario: Scenario,
  workers: number,
  reporting: Reporting = reportingOf(input),
): Promise<RunEnd> {
  const exported = await readExport(input, context)
  const opened = await openTarget(context, input, scenario.topology.tenants)
  try {
    const tenants = tenantsOf(opened.target, scenario)
    const open = { ...opened, target: { ...opened.target, tenants } }
    const run = runNamed(input) ?? runName(context.random)
    const plan = planLoad({ scenario, run, tenants })
    await requireFreeNames(plan, open.target)
    printPlan(context, scenario, plan, open.target)
    if (input.given('zone-token-dir')) await requireTokens(plan, open.target)
    if (input.switch('dry-run')) return { result: undefined, exitCode: EXIT.ok }
    const result = await measured(context, { scenario, plan, open, exported, workers, rawFile: reporting.rawFile })
    writeLoadReports(context, result, reporting)
    if (reporting.isPrinted) context.io.out(LOAD_REPORTS.text(result).trimEnd())
    const interruption = context.signal.aborted ? (context.signal.reason as number) : undefined
    return { result, exitCode: interruption ?? EXIT_OF[result.verdict.outcome] }
  } finally {
    await opened.close()
  }
}

interface Work {
  readonly scenario: Scenario
  readonly plan: LoadPlan
  readonly open: OpenTarget
  readonly exported: readonly ExportedResource[]
  readonly workers: number
  readonly rawFile: string | undefined
}

async function measured(
  context: Context,
  { scenario, plan, open, exported, workers, rawFile }: Work,
): Promise<LoadResult> {
  const { clock, io, signal } = context
  const { target } = open
  const count = Math.min(workers, plan.zones.length)
  const crews = Array.from({ length: count }, (_, place) => {
    const name = `zones-${place + 1}`
    return { name, crew: new CrewProcess(name) }
  })
  const lines: RunLine[] = []
  const screen = new LoadScreen(io, clock, { zoneNames: plan.zones.map((zone) => zone.name), name: scenario.name })
  if (rawFile !== undefined) writeRawFile(rawFile, [])
  const record = (line: RunLine) => {
    lines.push(line)
    screen.show(line)
    if (rawFile !== undefined) appendFileSync(rawFile, `${JSON.stringify(line)}\n`)
  }
  const version = await versionOf(target)
  record(startLine(context, scenario, plan, target, count, version))
  const { metricsUrl, pid } = target
  const watch = new TargetWatch({ metricsUrl, pid, clock, fetch: keptFetch(undefined) })
  const cleanCommand = `${context.program} load clean ${plan.run} ${open.flags}`.trim()
  await new LoadRun({ scenario, plan, target, watch, crews, exported, clock, record, cleanCommand, signal }).run()
  screen.end()
  return loadResult(lines)
}

function startLine(
  context: Context,
  scenario: Scenario,
  plan: LoadPlan,
  target: LoadTarget,
  workers: number,
  version: string | undefined,
): StartLine {
  const sidecars = plan.zones.reduce((sum, zone) => sum + zone.sidecars.length, 0)
  return {
    kind: RUN_KIND,
    run: plan.run,
    startedAt: new Date(context.clock.nowMs()).toISOString(),
    zonelab: CONTROL_PLANE_VERSION.version,
    scenario: JSON.parse(JSON.stringify(scenario)) as StartLine['scenario'],
    target: {
      name: target.name,
      ...(version !== undefined && { version }),
      tenants: [...target.tenants],
      writes: target.api !== undefined,
      intervals: target.intervals ?? 'unknown',
      showsHops: target.diagnostics !== undefined,
    },
    machine: machine(),
    workers,
    zones: plan.zones.map(({ name, tenant }) => (target.tenants.length > 1 ? `${tenant}/${name}` : name)),
    sidecars: tierOf(scenario.topology) === 'full' ? sidecars : 0,
    writesPlanned: plan.writes.filter(({ atMs }) => atMs !== undefined).length,
    notes: notesOf(scenario, plan, target),
  }
}

/** What a reader has to know before he believes a figure. */
function notesOf(scenario: Scenario, plan: LoadPlan, target: LoadTarget): string[] {
  const { cores } = machine()
  const sidecars = plan.zones.reduce((sum, zone) => sum + zone.sidecars.length, 0)
  const full = tierOf(scenario.topology) === 'full'
  return [
    ...(target.pid === undefined
      ? []
      : [`The target and the generator share this machine's ${cores} cores: what one takes the other lacks.`]),
    ...(full
      ? ['Zones are whole zone control planes packed into few processes; what they take is counted as the generator’s.']
      : [
          'Zones are light: they speak all of KDS and keep versions, not resources; a whole zone also writes its store before it answers.',
        ]),
    ...(!full && sidecars > 0
      ? [
          'Sidecars are Dataplanes and insights that zones send up; none runs, so that what reaches a sidecar is not observable.',
        ]
      : []),
    ...(target.api ? [] : ['There is no API: nothing is written, and zones send nothing up.']),
  ]
}

function printPlan({ io }: Context, scenario: Scenario, plan: LoadPlan, target: LoadTarget): void {
  const sidecars = plan.zones.reduce((sum, zone) => sum + zone.sidecars.length, 0)
  const writes = plan.writes.filter(({ atMs }) => atMs !== undefined).length
  const { load, topology } = scenario
  io.err(`zonelab: run ${plan.run} of ${scenario.name} (seed ${scenario.seed}) against ${target.name}`)
  io.err(
    `  ${plural(plan.zones.length, 'zone')} zl-${plan.run}-z1 … (${tierOf(topology)}), ${plural(sidecars, 'sidecar')}, mesh ${plan.mesh}`,
  )
  io.err(
    target.api
      ? `  ${plural(writes, 'write')} at ${load.writes}/s for ${load.duration / 1_000} s to ${plural(plan.resources.length, 'resource')}; the mesh and they reach every zone of the target, also those that are not the run's`
      : '  without --api nothing is written: the zones connect, resync and reconnect',
  )
  for (const { kind, atMs, durationMs, zones } of plan.strikes) {
    io.err(
      `  fault ${kind} on ${plural(zones.length, 'zone')}, ${atMs / 1_000} s into the load, for ${durationMs / 1_000} s`,
    )
  }
}

function tenantsOf(target: LoadTarget, { topology }: Scenario): readonly string[] {
  if (topology.tenants > target.tenants.length) {
    throw new AppError(
      'invalid-argument',
      `the scenario wants ${topology.tenants} control planes, and ${target.name} has ${target.tenants.length}`,
    )
  }
  return target.tenants.slice(0, topology.tenants)
}

const RUN_NAME = /^[a-z0-9]{4,12}$/

/** Throws `invalid-argument` for what no run is called. */
export function parseRunName(text: string): string {
  if (RUN_NAME.test(text)) return text
  throw new AppError('invalid-argument', `"${text}" is no name of a run: 4 to 12 lower-case letters and digits`)
}

function runNamed(input: Input): string | undefined {
  const text = input.text('run')
  return text === undefined ? undefined : parseRunName(text)
}

/** Letters and digits that cannot be taken for one another. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'
const RUN_NAME_LENGTH = 6

function runName(random: Random): string {
  return Array.from({ length: RUN_NAME_LENGTH }, () => ALPHABET[Math.floor(random.next() * ALPHABET.length)]).join('')
}

export function workersOf(input: Input): number {
  return input.whole('workers', 1, 64) ?? Math.max(1, availableParallelism() - 1)
}
