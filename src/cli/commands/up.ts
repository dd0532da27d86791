import { AppError } from '../../base/errors.js'
import { ControlClient } from '../../lab/control-client.js'
import { witnessesOf } from '../../lab/lab-clients.js'
import { keepDatabasePassword } from '../../lab/lab-database.js'
import type { LabSpec } from '../../lab/lab-spec.js'
import { readLabState } from '../../lab/lab-state.js'
import type { LabView } from '../../lab/lab-view.js'
import type { LabPaths } from '../../lab/paths.js'
import { untilSynced } from '../../lab/sync-wait.js'
import { totalsOf } from '../../lab/topology.js'
import { banner } from '../banner.js'
import { type Command, type Context, type Input, LAB_FLAG, OUTPUT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { interrupted, unlessInterrupted } from '../interrupted.js'
import { type LabAccess, pathsOf } from '../lab-access.js'
import { describeLaggard } from '../laggards.js'
import { liveLine } from '../live-line.js'
import { printObject } from '../output.js'
import { startDetached, startHere } from '../start-lab.js'
import { StartReport } from '../start-report.js'
import { databasePassword, defaultSpec, SPEC_FLAGS, sameSpec, specFromFlags } from '../up-spec.js'

export const up: Command = {
  name: 'up',
  group: 'The lab',
  summary: 'Start a lab: a global control plane, zones and sidecars',
  details:
    'Counts are per parent: zones per tenant, sidecars per zone. On a lab that runs it prints the banner and applies; a\n' +
    'lab that was stopped comes back with its data, keys and ports. Ctrl-C stops the lab and keeps its data. Exit code 0\n' +
    'says that all of it runs; `wait --for synced` fails when it is not in sync.',
  flags: [
    ...SPEC_FLAGS,
    { name: 'insecure', doc: 'Allow --listen beyond loopback together with --plaintext or --auth none' },
    { name: 'detach', short: 'd', doc: 'Return once the lab is ready; `down` ends it' },
    { name: 'apply', value: 'PATH', doc: 'Apply this file or directory once the lab is ready' },
    { name: 'explain', doc: 'With --apply: show the way of one change, hop by hop' },
    LAB_FLAG,
    { ...OUTPUT_FLAG, words: ['table', 'json', 'yaml'] },
  ],
  examples: [
    'zonelab up --zones 3 --dataplanes 10',
    'zonelab up --zones 3 --dataplanes 10 --detach -o json',
    'zonelab up -f examples/topology.yaml --apply examples/policies',
    'zonelab up --zones 2 --external zone-2',
  ],
  async run(context, input) {
    const paths = pathsOf(context, input)
    const asked = await specFromFlags(input)
    const running = await runningView(paths)
    if (running) {
      requireSame(running, asked)
      context.io.err(`zonelab: lab "${running.lab}" runs already`)
      await showAndApply(accessOf(paths, running), context, input)
      return EXIT.ok
    }
    const spec = asked ?? readLabState(paths)?.spec ?? (await defaultSpec())
    const report = new StartReport(context.io, context.clock)
    const password = databasePassword(input, context.env)
    if (password !== undefined) keepDatabasePassword(paths, password)
    report.totals({ spec, totals: totalsOf(spec.topology) })
    if (!input.switch('detach')) return inForeground(paths, spec, report, context, input)
    const view = await startDetached(paths, spec, report, context.signal)
    await whenUp(accessOf(paths, view), report, context, input)
    return EXIT.ok
  },
}

async function runningView(paths: LabPaths): Promise<LabView | undefined> {
  try {
    return await new ControlClient(paths.socket).view()
  } catch (thrown) {
    if (AppError.from(thrown).code === 'unavailable') return undefined
    throw thrown
  }
}

function requireSame(view: LabView, asked: LabSpec | undefined): void {
  if (asked !== undefined && !sameSpec(asked, view.spec)) {
    throw new AppError(
      'invalid-argument',
      `lab "${view.lab}" runs already with other flags; end it with "zonelab down", or start another with --lab NAME`,
    )
  }
}

async function inForeground(
  paths: LabPaths,
  spec: LabSpec,
  report: StartReport,
  context: Context,
  input: Input,
): Promise<number> {
  const lab = await startHere(paths, spec, context, report)
  try {
    await whenUp(accessOf(paths, lab.view()), report, context, input)
    const stopLine = liveLine(() => accessOf(paths, lab.view()), context)
    await Promise.race([lab.down, interrupted(context.signal)])
    stopLine()
  } finally {
    if (context.signal.aborted) context.io.err('zonelab: stopping …')
    await lab.stop()
    context.io.err(
      spec.db === 'memory' ? 'zonelab: stopped' : 'zonelab: stopped; its data is kept, "zonelab up" goes on with it',
    )
  }
  return context.signal.aborted ? (context.signal.reason as number) : EXIT.ok
}

/** Long enough for a laptop with hundreds of zones; the lab is up all the same when it is over. */
const FIRST_SYNC_WITHIN_MS = 30_000

async function whenUp(lab: LabAccess, report: StartReport, context: Context, input: Input): Promise<void> {
  const { laggards } = await unlessInterrupted(
    untilSynced(witnessesOf(lab.view, context.clock), FIRST_SYNC_WITHIN_MS, context.clock),
    context.signal,
  )
  report.synced(laggards.map(describeLaggard), lab.view.totals.dataplanes)
  report.ready(laggards.length === 0)
  await showAndApply(lab, context, input)
}

async function showAndApply(lab: LabAccess, context: Context, input: Input): Promise<void> {
  printView(lab.view, context, input)
  const path = input.text('apply')
  if (path === undefined) return
  const { applyFrom } = await import('../apply.js')
  for (const tenant of lab.view.spec.topology.tenants) {
    await applyFrom([path], lab, context, {
      zone: undefined,
      tenant,
      dryRun: false,
      wait: true,
      explain: input.switch('explain'),
      timeoutMs: FIRST_SYNC_WITHIN_MS,
    })
  }
}

function printView(view: LabView, context: Context, input: Input): void {
  const format = input.output()
  if (format === 'json' || format === 'yaml') printObject(context.io, format, view)
  else context.io.out(banner(view, context))
}

function accessOf(paths: LabPaths, view: LabView): LabAccess {
  return { paths, control: new ControlClient(paths.socket), view }
}
