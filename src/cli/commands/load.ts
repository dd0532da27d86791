import { writeFileSync } from 'node:fs'
import { AppError } from '../../base/errors.js'
import { type Command, type Context, type Input, OUTPUT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { RUN_FLAGS, TARGET_FLAGS, UPGRADE_FLAGS } from '../load-flags.js'
import { printList } from '../output.js'

const loadList: Command = {
  name: 'load list',
  group: 'Measuring',
  summary: 'Scenarios that ship with zonelab',
  flags: [{ ...OUTPUT_FLAG, words: ['table', 'name', 'json', 'yaml'] }],
  examples: ['zonelab load list'],
  async run(context, input) {
    const { readyNames, readyScenario } = await import('../../load/ready-scenarios.js')
    printList(context.io, input.output(), {
      items: readyNames().map((name) => readyScenario(name)),
      columns: [
        { header: 'NAME', value: ({ name }) => name },
        { header: 'ZONES', value: ({ topology }) => String(topology.zones * topology.tenants) },
        {
          header: 'SIDECARS',
          value: ({ topology }) => String(topology.zones * topology.tenants * topology.dataplanes),
        },
        { header: 'WRITES', value: ({ load }) => `${load.writes}/s` },
        { header: 'WHAT', value: ({ description }) => description },
      ],
      name: ({ name }) => name,
      none: 'there is no scenario',
    })
    return EXIT.ok
  },
}

const loadInit: Command = {
  name: 'load init',
  group: 'Measuring',
  summary: 'Print a scenario file to begin with',
  args: [{ name: 'scenario', doc: 'A ready one', required: true }],
  flags: [{ name: 'out', value: 'FILE', doc: 'Write it there; an existing file is left alone' }],
  examples: ['zonelab load init fanout > my-fanout.yaml'],
  async run(context, input) {
    const { readyText } = await import('../../load/ready-scenarios.js')
    const text = readyText(input.args[0] ?? '')
    const file = input.text('out')
    if (file === undefined) {
      context.io.out(text.trimEnd())
      return EXIT.ok
    }
    try {
      writeFileSync(file, text, { flag: 'wx' })
    } catch (cause) {
      throw new AppError('invalid-argument', `${file} cannot be written (${(cause as NodeJS.ErrnoException).code})`, {
        cause,
      })
    }
    context.io.err(`zonelab: ${file} is written; run it with: ${context.program} load run -f ${file}`)
    return EXIT.ok
  },
}

const loadRun: Command = {
  name: 'load run',
  group: 'Measuring',
  summary: 'Run a load scenario and judge it by its thresholds',
  details:
    'Writes are made at an even pace, whatever the target does, and timed from the instant at which they were due.\n' +
    'Everything that is made is called zl-RUN and removed again, after Ctrl-C too. Exit code 99: a threshold was crossed\n' +
    'or something was lost; 11: the generator was the bottleneck, and nothing is judged. With --upgrade-command the same load\n' +
    'runs before and after an upgrade: the target is to be the new one, and may still be starting, when the command ends.',
  args: [{ name: 'scenario', doc: 'A ready one' }],
  flags: [...RUN_FLAGS, ...UPGRADE_FLAGS],
  examples: [
    'zonelab load run fanout --zones 50 --report out/',
    'zonelab load run -f my-fanout.yaml --lab default',
    'zonelab load run fanout --target grpcs://127.0.0.1:5685 --ca ca.pem --api https://127.0.0.1:5682 --user-token-file admin.tok',
    "zonelab load run upgrade-global --lab default --upgrade-command 'zonelab restart global' --report out/",
  ],
  async run(context, input) {
    const { runOnce, workersOf } = await import('../load-run.js')
    const { scenarioOf } = await import('../load-scenario.js')
    const scenario = scenarioOf(input)
    if (input.given('upgrade-command')) {
      const { runUpgrade } = await import('../load-upgrade.js')
      return runUpgrade(context, input, scenario)
    }
    const stray = UPGRADE_FLAGS.find(({ name }) => input.given(name))
    if (stray) throw new AppError('invalid-argument', `--${stray.name} is for a run with --upgrade-command`)
    const { exitCode } = await runOnce(context, input, scenario, workersOf(input))
    return exitCode
  },
}

const loadClean: Command = {
  name: 'load clean',
  group: 'Measuring',
  summary: 'Remove what a run has left at its target',
  args: [{ name: 'run', doc: 'As it was printed', required: true }],
  flags: TARGET_FLAGS,
  examples: ['zonelab load clean k3f9 --lab default'],
  async run(context, input) {
    const [run = ''] = input.args
    const { parseRunName } = await import('../load-run.js')
    parseRunName(run)
    if (input.text('lab') === undefined && input.text('target') === undefined) {
      throw new AppError('invalid-argument', 'say where with --lab NAME or --target ADDR --api URL')
    }
    return clean(run, context, input)
  },
}

async function clean(run: string, context: Context, input: Input): Promise<number> {
  const { openTarget } = await import('../load-target.js')
  const { cleanUp } = await import('../../load/cleanup.js')
  const { target, close } = await openTarget(context, input, 1)
  try {
    if (!target.api) throw new AppError('invalid-argument', 'only over its API can anything be removed: --api URL')
    const left = await cleanUp(run, target, context.clock)
    for (const { what, why } of left) context.io.err(`left: ${what}: ${why}`)
    if (left.length === 0) context.io.err(`zonelab: nothing of run ${run} is left at ${target.name}`)
    return left.length === 0 ? EXIT.ok : EXIT.error
  } finally {
    await close()
  }
}

export const loadCommands: readonly Command[] = [loadList, loadInit, loadRun, loadClean]
