import { AppError } from '../../base/errors.js'
import { FaultClient } from '../../lab/fault-client.js'
import { struckBy } from '../../lab/faults.js'
import { diagnosticsClient } from '../../lab/lab-clients.js'
import type { ComponentView } from '../../lab/lab-view.js'
import { LINK_FAULT_KINDS, LINK_FAULTS, type LinkFault } from '../../sync/link-fault.js'
import { type Command, type Context, type Input, LAB_FLAG, OUTPUT_FLAG, TENANT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { apiOf, type LabAccess, openLab } from '../lab-access.js'
import { printList } from '../output.js'
import { duration, parseDuration, plural } from '../quantities.js'

const faultAdd: Command = {
  name: 'fault add',
  group: 'Breaking',
  summary: "Put a fault on zones' links to the global; it reverts by itself",
  details: `${Object.entries(LINK_FAULTS)
    .map(([kind, what]) => `${kind.padEnd(20)} ${what}`)
    .join('\n')}\n\nOnly zones of zonelab's can be struck: in a kuma-cp there is nothing that could do it.`,
  args: [{ name: 'fault', doc: LINK_FAULT_KINDS.join(', '), required: true }],
  flags: [
    { name: 'zones', value: 'ZONE,…|N%', doc: 'Which zones, by name or by share', fallback: '100%' },
    { name: 'for', value: 'TIME', doc: 'How long it lasts', fallback: '30s' },
    TENANT_FLAG,
    LAB_FLAG,
  ],
  examples: ['zonelab fault add silent-stream --zones zone-2 --for 1m', 'zonelab fault add disconnect --zones 20%'],
  async run(context, input) {
    const kind = LINK_FAULT_KINDS.find((known) => known === input.args[0])
    if (kind === undefined) {
      const list = LINK_FAULT_KINDS.join(', ')
      throw new AppError('invalid-argument', `there is no fault "${input.args[0]}"; there are ${list}`)
    }
    const durationMs = parseDuration('--for', input.text('for') ?? '30s')
    if (durationMs < 1) throw new AppError('invalid-argument', '--for 0s: a fault lasts for a time')
    const lab = await openLab(context, input)
    const struck = chosen(zonesOf(lab, input), input.text('zones') ?? '100%', () => context.random.next())
    const fault: LinkFault = { id: `f-${context.random.uuid().slice(0, 4)}`, kind, durationMs }
    for (const zone of struck) await clientOf(lab, zone, context).add(await withToken(fault, zone, lab, context, input))
    const names = struck.map(({ name }) => name).join(', ')
    context.io.out(fault.id)
    context.io.err(
      `zonelab: ${kind} on ${names} for ${duration(durationMs)}; end it with: zonelab fault rm ${fault.id}`,
    )
    return EXIT.ok
  },
}

/** An expired token of the zone's own is asked of the global: nobody else can make one. */
async function withToken(
  fault: LinkFault,
  zone: ComponentView,
  lab: LabAccess,
  context: Context,
  input: Input,
): Promise<LinkFault> {
  if (fault.kind !== 'token-expire-now') return fault
  if (lab.view.spec.auth === 'none') {
    throw new AppError('invalid-argument', 'zones of this lab need no token, so that none can expire (--auth none)')
  }
  const { askForToken } = await import('../../load/target.js')
  const expiredToken = await askForToken(apiOf(lab, context, input), zone.name, 'expired')
  return { ...fault, expiredToken }
}

const faultList: Command = {
  name: 'fault list',
  group: 'Breaking',
  summary: "Faults that are on zones' links now",
  flags: [OUTPUT_FLAG, TENANT_FLAG, LAB_FLAG],
  examples: ['zonelab fault list'],
  async run(context, input) {
    const lab = await openLab(context, input)
    const found = await Promise.all(
      zonesOf(lab, input).map(async (zone) => {
        const faults = await clientOf(lab, zone, context).list()
        return faults.map((fault) => ({ zone: zone.name, ...fault }))
      }),
    )
    printList(context.io, input.output(), {
      items: found.flat(),
      columns: [
        { header: 'ID', value: ({ id }) => id },
        { header: 'FAULT', value: ({ kind }) => kind },
        { header: 'ZONE', value: ({ zone }) => zone },
        { header: 'LEFT', value: ({ leftMs }) => duration(leftMs) },
      ],
      name: ({ id }) => id,
      none: 'there is no fault',
    })
    return EXIT.ok
  },
}

const faultRm: Command = {
  name: 'fault rm',
  group: 'Breaking',
  summary: 'End a fault before its time',
  args: [{ name: 'id', doc: 'As `fault add` has said; `all` ends every one', required: true }],
  flags: [TENANT_FLAG, LAB_FLAG],
  examples: ['zonelab fault rm f-3b1c', 'zonelab fault rm all'],
  async run(context, input) {
    const lab = await openLab(context, input)
    const [wanted = ''] = input.args
    let ended = 0
    for (const zone of zonesOf(lab, input)) {
      const client = clientOf(lab, zone, context)
      for (const { id } of await client.list()) {
        if (id !== wanted && wanted !== 'all') continue
        await client.remove(id)
        ended += 1
      }
    }
    if (ended === 0 && wanted !== 'all') throw new AppError('not-found', `there is no fault "${wanted}"`)
    context.io.err(`zonelab: ended on ${plural(ended, 'zone')}`)
    return EXIT.ok
  },
}

/** Zones that run, of zonelab's. */
function zonesOf({ view }: LabAccess, input: Input): ComponentView[] {
  const tenant = input.text('tenant')
  return view.components.filter(
    (one) => one.kind === 'zone' && one.state === 'ready' && (tenant === undefined || one.tenant === tenant),
  )
}

/** Throws `invalid-argument` for a zone that is not there. */
function chosen(zones: readonly ComponentView[], text: string, next: () => number): ComponentView[] {
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? []
  if (percent !== undefined) return struckBy({ share: Math.min(1, Number(percent) / 100) }, zones, next)
  return text.split(',').map((name) => {
    const zone = zones.find((one) => one.name === name)
    if (zone) return zone
    const known = zones.map((one) => one.name).join(', ')
    throw new AppError('invalid-argument', `--zones ${name}: no such zone runs; there are ${known || 'none'}`)
  })
}

function clientOf({ view }: LabAccess, zone: ComponentView, context: Context): FaultClient {
  const diagnostics = diagnosticsClient(view, zone, context.clock)
  if (!diagnostics) throw new AppError('invalid-argument', `${zone.name} cannot be struck: the lab does not run it`)
  return new FaultClient(diagnostics)
}

export const faultCommands: readonly Command[] = [faultAdd, faultList, faultRm]
