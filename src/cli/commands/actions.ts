import type { ComponentAction } from '../../lab/supervisor.js'
import { type Command, LAB_FLAG, TENANT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { openLab } from '../lab-access.js'

const ACTIONS: readonly { readonly action: ComponentAction; readonly summary: string; readonly done: string }[] = [
  { action: 'start', summary: 'Start a component that is stopped or dead', done: 'is ready' },
  { action: 'stop', summary: 'End a component in order (SIGTERM)', done: 'is stopped' },
  { action: 'kill', summary: 'End a component as a crash would (SIGKILL)', done: 'is killed' },
  { action: 'restart', summary: 'Stop a component and start it again', done: 'is ready again' },
  {
    action: 'pause',
    summary: 'Freeze a component (SIGSTOP): its connections stay, it answers nobody',
    done: 'is paused',
  },
  { action: 'resume', summary: 'Let a paused component go on (SIGCONT)', done: 'goes on' },
]

/** `start`, `stop`, `kill`, `restart`, `pause`, `resume`: one command each, all of one form. */
export const actions: readonly Command[] = ACTIONS.map(({ action, summary, done }) => ({
  name: action,
  group: 'Breaking',
  summary,
  args: [{ name: 'component', doc: 'global, zone-2, dataplanes/zone-2', required: true }],
  flags: [TENANT_FLAG, LAB_FLAG],
  examples: [`zonelab ${action} zone-2`],
  async run(context, input) {
    const lab = await openLab(context, input)
    const [component = ''] = input.args
    await lab.control.act(action, component, input.text('tenant'))
    context.io.err(`zonelab: ${component} ${done}`)
    return EXIT.ok
  },
}))
