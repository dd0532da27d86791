import { AppError } from '../../base/errors.js'
import {
  CONTROL_PLANES,
  type ControlPlaneRow,
  createControlPlane,
  listControlPlanes,
} from '../../lab/control-planes.js'
import { operatorClient, platformClient } from '../../lab/lab-clients.js'
import type { LabView } from '../../lab/lab-view.js'
import { DEFAULT_SHARD, regionOf, regionsOf } from '../../lab/shards.js'
import { type Command, type Context, type Input, LAB_FLAG, OUTPUT_FLAG } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { type LabAccess, openLab } from '../lab-access.js'
import { printList, printObject } from '../output.js'
import { age } from '../quantities.js'
import type { Column } from '../table.js'

interface Shown extends ControlPlaneRow {
  readonly description: string
  readonly labels: Readonly<Record<string, string>>
  readonly created_at: string
}

const NAME = { name: 'name', doc: 'Of the control plane', required: true } as const

export const tenantCreate: Command = {
  name: 'tenant create',
  group: 'Resources',
  summary: 'Make a virtual global control plane at the platform',
  args: [NAME],
  flags: [
    { name: 'description', value: 'TEXT', doc: 'What it is for' },
    { name: 'label', value: 'KEY=VALUE', doc: 'Label to find it by', repeatable: true },
    {
      name: 'shard',
      value: 'SHARD',
      doc: 'Global deployment that is to hold it',
      fallback: 'the emptiest of the first region',
    },
    {
      name: 'zone-credentials',
      value: 'WHAT',
      doc: 'What its zones may present',
      fallback: 'both',
      words: ['sat', 'zone-token', 'both'],
    },
    LAB_FLAG,
    OUTPUT_FLAG,
  ],
  examples: [
    'zonelab tenant create team-a',
    'zonelab tenant create team-a-prod --label env=prod --zone-credentials sat',
    'zonelab tenant create team-b --shard us-1',
  ],
  async run(context, input) {
    const credentials = input.word('zone-credentials', ['sat', 'zone-token', 'both'])
    const description = input.text('description')
    const wanted = {
      name: input.args[0] ?? '',
      labels: labelsOf(input),
      ...(description !== undefined && { description }),
    }
    const { view } = await openLab(context, input)
    const shard = input.text('shard')
    const platform = platformClient(view, context.clock, regionAsked(view, shard))
    const made = await createControlPlane(platform, wanted, shard)
    if (credentials !== undefined) await platform.patch(`${CONTROL_PLANES}/${made.id}/zone-access`, { credentials })
    print(context, input, made as Shown)
    return EXIT.ok
  },
}

export const tenantList: Command = {
  name: 'tenant list',
  group: 'Resources',
  summary: 'Virtual global control planes; with -o wide those of every organisation, and how they are doing',
  flags: [LAB_FLAG, OUTPUT_FLAG],
  examples: ['zonelab tenant list', 'zonelab tenant list -o wide'],
  async run(context, input) {
    const lab = await openLab(context, input)
    const format = input.output()
    const listing = { name: ({ name }: ControlPlaneRow) => name, none: 'there is no control plane' }
    if (format === 'wide') {
      const operator = operatorClient(lab.view, context.clock)
      const { items } = await operator.get<{ items: Operated[] }>('/control-planes')
      printList(context.io, format, { ...listing, items, columns: wideColumns(context) })
    } else {
      const items = (await inEachRegion(lab, context)).flatMap(({ rows }) => rows)
      printList(context.io, format, { ...listing, items, columns: COLUMNS })
    }
    return EXIT.ok
  },
}

export const tenantGet: Command = {
  name: 'tenant get',
  group: 'Resources',
  summary: 'One virtual global control plane',
  args: [NAME],
  flags: [LAB_FLAG, OUTPUT_FLAG],
  examples: ['zonelab tenant get team-a -o yaml'],
  async run(context, input) {
    const { found } = await named(await openLab(context, input), context, input.args[0] ?? '')
    print(context, input, found)
    return EXIT.ok
  },
}

export const tenantDelete: Command = {
  name: 'tenant delete',
  group: 'Resources',
  summary: 'Remove a virtual global control plane and all that it has; refused while a zone is online',
  args: [NAME],
  flags: [{ name: 'force', doc: "Also while zones are online; their streams end, and the lab's own zones" }, LAB_FLAG],
  examples: ['zonelab tenant delete team-a', 'zonelab tenant delete team-a --force'],
  async run(context, input) {
    const lab = await openLab(context, input)
    const { platform, found } = await named(lab, context, input.args[0] ?? '')
    await platform.delete(`${CONTROL_PLANES}/${found.id}${input.switch('force') ? '?force=true' : ''}`)
    context.io.err(`zonelab: control plane ${found.name} is removed`)
    const own = lab.view.spec.topology.tenants.find((name) => lab.view.controlPlanes[name]?.id === found.id)
    if (own === undefined) return EXIT.ok
    await lab.control.forget(own)
    context.io.err(`zonelab: its zones and what they kept are gone from the lab; the next up makes ${own} anew`)
    return EXIT.ok
  },
}

type Platform = ReturnType<typeof platformClient>

/** A control plane is made at the address of its shard's region. Throws `invalid-argument` for a shard that is not there. */
function regionAsked({ lab, spec }: LabView, shard: string | undefined): string {
  const { shards } = spec.topology
  if (shard !== undefined && !shards.includes(shard)) {
    throw new AppError('invalid-argument', `--shard ${shard}: lab "${lab}" has ${shards.join(', ')}`)
  }
  return regionOf(shard ?? shards[0] ?? DEFAULT_SHARD)
}

function inEachRegion(
  { view }: LabAccess,
  { clock }: Context,
): Promise<readonly { readonly platform: Platform; readonly rows: readonly Shown[] }[]> {
  return Promise.all(
    regionsOf(view.spec.topology).map(async (region) => {
      const platform = platformClient(view, clock, region)
      return { platform, rows: await listControlPlanes<Shown>(platform) }
    }),
  )
}

/** By name or id. Throws `not-found`. */
async function named(
  lab: LabAccess,
  context: Context,
  wanted: string,
): Promise<{ readonly platform: Platform; readonly found: Shown }> {
  for (const { platform, rows } of await inEachRegion(lab, context)) {
    const found = rows.find(({ id, name }) => name === wanted || id === wanted)
    if (found) return { platform, found }
  }
  throw new AppError('not-found', `there is no control plane "${wanted}"; see: zonelab tenant list`)
}

function labelsOf(input: Input): Record<string, string> {
  const labels = input.texts('label').map((text) => {
    const at = text.indexOf('=')
    if (at < 1) throw new AppError('invalid-argument', `--label ${text}: use KEY=VALUE`)
    return [text.slice(0, at), text.slice(at + 1)] as const
  })
  return Object.fromEntries(labels)
}

function print(context: Context, input: Input, controlPlane: Shown): void {
  const format = input.output()
  if (format === 'json' || format === 'yaml') printObject(context.io, format, controlPlane)
  else printList(context.io, format, { items: [controlPlane], columns: COLUMNS, name: ({ name }) => name, none: '' })
}

const COLUMNS: readonly Column<Shown>[] = [
  { header: 'NAME', value: ({ name }) => name },
  { header: 'ID', value: ({ id }) => id },
  {
    header: 'LABELS',
    value: ({ labels }) =>
      Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
  },
  { header: 'CREATED', value: ({ created_at: created }) => created },
]

/** As the platform's operator sees one. What its global would say is missing while that is away. */
interface Operated extends ControlPlaneRow {
  readonly organization: string
  readonly region: string
  readonly shard: string
  readonly phase: string
  readonly zonesOnline?: readonly string[]
  readonly zones?: number
  readonly resources?: number
  readonly revision?: number
  readonly lastWriteMs?: number
}

function wideColumns({ clock }: Context): readonly Column<Operated>[] {
  const known = (value: number | undefined) => (value === undefined ? '?' : String(value))
  return [
    { header: 'NAME', value: ({ name }) => name },
    { header: 'ID', value: ({ id }) => id },
    { header: 'ORGANIZATION', value: ({ organization }) => organization },
    { header: 'SHARD', value: ({ shard, region }) => `${shard} (${region})` },
    { header: 'ZONES', value: ({ zonesOnline, zones }) => `${known(zonesOnline?.length)}/${known(zones)} online` },
    { header: 'RESOURCES', value: ({ resources }) => known(resources) },
    { header: 'REVISION', value: ({ revision }) => known(revision) },
    {
      header: 'LAST WRITE',
      value: ({ lastWriteMs }) => (lastWriteMs ? `${age(clock.nowMs() - lastWriteMs)} ago` : '?'),
    },
  ]
}
