import type { LabView } from '../../lab/lab-view.js'
import { labChecks, runningLab } from '../checks-lab.js'
import { type CheckResult, machineChecks, parsePlan } from '../checks-machine.js'
import { type Command, LAB_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import type { Colour } from '../io.js'
import { pathsOf } from '../lab-access.js'

const MARKS: Readonly<Record<CheckResult['verdict'], readonly [mark: string, colour: Colour]>> = {
  ok: ['✓', 'green'],
  warning: ['!', 'yellow'],
  failed: ['✗', 'red'],
}

export const check: Command = {
  name: 'check',
  group: 'Other',
  summary: 'Whether this machine can run a lab, and whether the lab that runs is well',
  flags: [{ name: 'for', value: 'PLAN', doc: 'Size to check for, such as zones=500,dataplanes=10' }, LAB_FLAG],
  examples: ['zonelab check', 'zonelab check --for zones=500,dataplanes=10'],
  async run(context, input) {
    const plan = parsePlan(input.text('for'))
    const paths = pathsOf(context, input)
    const lab = await runningLab(paths)
    const results = [
      ...(await machineChecks(plan, new Set(lab ? portsOf(lab.view) : []), context.env)),
      ...(await labChecks(paths, lab, context)),
    ]
    const width = Math.max(...results.map(({ name }) => name.length))
    for (const { verdict, name, found, hint } of results) {
      const [mark, colour] = MARKS[verdict]
      context.io.out(` ${context.io.paint(colour, mark)} ${name.padEnd(width)}  ${found}`)
      if (hint !== undefined && verdict !== 'ok')
        context.io.out(`   ${' '.repeat(width)}  ${context.io.paint('cyan', 'hint')}: ${hint}`)
    }
    return results.some(({ verdict }) => verdict === 'failed') ? EXIT.error : EXIT.ok
  },
}

function portsOf({ components }: LabView): number[] {
  return components.flatMap(({ endpoints }) => Object.values(endpoints).map((url) => Number(new URL(url).port)))
}
