import { AppError } from '../../base/errors.js'
import { readLabState } from '../../lab/lab-state.js'
import type { ComponentView } from '../../lab/lab-view.js'
import { leftoversOf } from '../../lab/leftovers.js'
import { type Command, type Context, LAB_FLAG, OUTPUT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import type { Colour } from '../io.js'
import { openLab, pathsOf } from '../lab-access.js'
import { linkNotices } from '../lab-status.js'
import { printList, printObject } from '../output.js'
import { age } from '../quantities.js'
import type { Column } from '../table.js'

export const status: Command = {
  name: 'status',
  group: 'Seeing',
  summary: "What each of a lab's components does, and where it serves",
  flags: [LAB_FLAG, OUTPUT_FLAG],
  examples: ['zonelab status', 'zonelab status -o json'],
  async run(context, input) {
    const format = input.output()
    const lab = await openLab(context, input).catch((thrown: unknown) => {
      reportLeftovers(context, pathsOf(context, input))
      throw AppError.from(thrown)
    })
    const notices = [...lab.view.notices, ...(await linkNotices(lab, context))]
    if (format === 'json' || format === 'yaml') {
      printObject(context.io, format, { ...lab.view, notices })
      return EXIT.ok
    }
    const { packed, components } = lab.view
    if (format !== 'name') {
      context.io.err(`lab "${lab.view.lab}" ${lab.view.state}, supervisor ${lab.view.pid}, in ${lab.view.dir}`)
      if (packed) context.io.err('zones and sidecars share processes, one a core; --isolate gives each its own')
      for (const notice of notices) context.io.err(`${context.io.paint('yellow', '!')} ${notice}`)
    }
    printList(context.io, format, {
      items: components,
      columns: columns(context, lab.view.spec.topology.tenants.length > 1),
      name: ({ name }) => name,
      none: 'the lab has no components',
    })
    return EXIT.ok
  },
}

function reportLeftovers(context: Context, paths: ReturnType<typeof pathsOf>): void {
  const state = readLabState(paths)
  const left = state ? leftoversOf(state) : []
  if (left.length === 0) return
  const pids = left.map(({ pid }) => pid).join(', ')
  context.io.err(`its supervisor died and left processes ${pids}; "zonelab down" ends them`)
}

const COLOURS: Readonly<Record<ComponentView['state'], Colour>> = {
  ready: 'green',
  starting: 'yellow',
  paused: 'yellow',
  stopping: 'yellow',
  stopped: 'dim',
  died: 'red',
  external: 'cyan',
}

function columns({ io, clock }: Context, tenants: boolean): Column<ComponentView>[] {
  return [
    { header: 'COMPONENT', value: ({ name }) => name },
    ...(tenants ? [{ header: 'TENANT', value: ({ tenant }: ComponentView) => tenant ?? '' }] : []),
    { header: 'STATE', value: ({ state }) => io.paint(COLOURS[state], state) },
    { header: 'PID', value: ({ pid }) => String(pid ?? '') },
    {
      header: 'UP',
      value: ({ readySinceMs }) => (readySinceMs === undefined ? '' : age(clock.nowMs() - readySinceMs)),
    },
    { header: 'SERVES', value: ({ endpoints, detail }) => detail ?? mainEndpoints(endpoints) },
    { header: 'DIAGNOSTICS', value: ({ endpoints }) => endpoints.diagnostics ?? '', wide: true },
    { header: 'LOG', value: ({ log }) => log, wide: true },
  ]
}

function mainEndpoints({ api, kds, xds, admin }: Readonly<Record<string, string>>): string {
  return [api, kds, xds, admin].filter((url) => url !== undefined).join('  ')
}
