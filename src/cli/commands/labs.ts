import { ControlClient } from '../../lab/control-client.js'
import { listLabs, readLabState } from '../../lab/lab-state.js'
import { labPaths } from '../../lab/paths.js'
import { totalsOf } from '../../lab/topology.js'
import { type Command, type Context, OUTPUT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { printList } from '../output.js'

interface Lab {
  readonly name: string
  readonly state: string
  readonly zones: number
  readonly dataplanes: number
  readonly dir: string
}

export const labs: Command = {
  name: 'labs',
  group: 'The lab',
  summary: 'All labs of this user, running or not',
  flags: [OUTPUT_FLAG],
  examples: ['zonelab labs'],
  async run(context, input) {
    printList(context.io, input.output(), {
      items: await Promise.all(listLabs(context.env).map((name) => describeLab(name, context))),
      columns: [
        { header: 'LAB', value: ({ name }) => name },
        { header: 'STATE', value: ({ state }) => state },
        { header: 'ZONES', value: ({ zones }) => String(zones) },
        { header: 'SIDECARS', value: ({ dataplanes }) => String(dataplanes) },
        { header: 'DIRECTORY', value: ({ dir }) => dir, wide: true },
      ],
      name: ({ name }) => name,
      none: 'there is no lab yet; make one with: zonelab up',
    })
    return EXIT.ok
  },
}

async function describeLab(name: string, context: Context): Promise<Lab> {
  const paths = labPaths(name, context.env)
  try {
    const state = readLabState(paths)
    const totals = state && totalsOf(state.spec.topology)
    const running = await new ControlClient(paths.socket).view().catch(() => undefined)
    const stopped = state?.supervisor ? 'crashed' : 'stopped'
    const counts = { zones: totals?.zones ?? 0, dataplanes: totals?.dataplanes ?? 0 }
    return { name, state: running?.state ?? stopped, ...counts, dir: paths.dir }
  } catch {
    return { name, state: 'unreadable', zones: 0, dataplanes: 0, dir: paths.dir }
  }
}
