import { apiClient, globalOf } from '../../lab/lab-clients.js'
import type { Command, Context, Input } from '../command.js'
import { openLab, tenantAsked, tenantOf } from '../lab-access.js'
import { zoneSyncs } from '../lab-status.js'
import { printList } from '../output.js'
import { age } from '../quantities.js'
import { linkColumns, matrixColumns, matrixRows, summaryColumns, worstFirst, ZONES_ACROSS_MAX } from '../sync-tables.js'
import { table, visibleLength } from '../table.js'
import { INSPECT_FLAGS, watching } from '../watching.js'

export const inspectSync: Command = {
  name: 'inspect sync',
  group: 'Seeing',
  summary: 'Zones × types: state, how far behind, age of the last message',
  details:
    'SYNCED, PENDING (-N: revisions behind), NACKED, STALE (no answer for 10 s, or the zone is silent), OFFLINE.\n' +
    "Of another's global: what it acknowledged of what the lab's zones send up; the way down is not observable.",

  flags: INSPECT_FLAGS,
  examples: ['zonelab inspect sync -w', 'zonelab inspect sync -o json'],
  run: (context, input) => watching(context, input, (on) => printSync(on, input)),
}

async function printSync(context: Context, input: Input): Promise<void> {
  const lab = await openLab(context, input)
  const zones = await zoneSyncs(lab, context, tenantAsked(lab, input))
  const format = input.output()
  const { io } = context
  if (format === 'table' && zones.length > 0 && zones.length <= ZONES_ACROSS_MAX) {
    const columns = matrixColumns(zones, io.paint)
    const items = matrixRows(zones)
    const screen = io.terminal()
    if (!screen || width(table(columns, items)) <= screen.columns) {
      const shown = input.switch('watch') && screen ? worstFirst(items, zones, screen.rows) : items
      printList(io, format, { items: shown, columns, name: ({ type }) => type, none: NO_ZONE })
      return
    }
  }
  const columns = summaryColumns(io.paint)
  printList(io, format, { items: zones, columns, name: ({ zone }) => zone, none: NO_ZONE })
}

const NO_ZONE = 'no zone has ever connected'

function width(text: string): number {
  return Math.max(...text.split('\n').map(visibleLength))
}

interface ZoneOverview {
  readonly name: string
  readonly zone?: { readonly enabled?: boolean }
  readonly zoneInsight?: { readonly subscriptions?: readonly Subscription[] }
}

interface Subscription {
  readonly connectTime?: string
  readonly disconnectTime?: string
  readonly status?: {
    readonly total?: { readonly responsesAcknowledged?: string; readonly responsesRejected?: string }
  }
  readonly version?: { readonly kumaCp?: { readonly version?: string } }
}

export const inspectZones: Command = {
  name: 'inspect zones',
  group: 'Seeing',
  summary: 'Zones as the global holds them: online or not, since when, what they acknowledged and refused',
  flags: INSPECT_FLAGS,
  examples: ['zonelab inspect zones', 'zonelab inspect zones -o wide'],
  run: (context, input) => watching(context, input, (on) => printZones(on, input)),
}

async function printZones(context: Context, input: Input): Promise<void> {
  const lab = await openLab(context, input)
  if (lab.view.spec.global.kind === 'foreign') {
    const zones = await zoneSyncs(lab, context)
    printList(context.io, input.output(), {
      items: zones,
      columns: linkColumns(context.io.paint),
      name: ({ zone }) => zone,
      none: 'the lab runs no zone',
    })
    return
  }
  const tenant = tenantOf(lab, input)
  const api = apiClient(lab.view, globalOf(lab.view, tenant), context.clock, tenant)
  const zones = await api.list<ZoneOverview>('/zones/_overview')
  const last = ({ zoneInsight }: ZoneOverview) => zoneInsight?.subscriptions?.at(-1)
  const isOnline = (zone: ZoneOverview) => {
    const subscription = last(zone)
    return subscription?.connectTime !== undefined && subscription.disconnectTime === undefined
  }
  const since = (time: string | undefined) => (time === undefined ? '' : age(context.clock.nowMs() - Date.parse(time)))
  const sum = (zone: ZoneOverview, count: 'responsesAcknowledged' | 'responsesRejected') =>
    String(
      (zone.zoneInsight?.subscriptions ?? []).reduce((all, { status }) => all + Number(status?.total?.[count] ?? 0), 0),
    )
  const { paint } = context.io
  printList(context.io, input.output(), {
    items: zones,
    columns: [
      { header: 'NAME', value: ({ name }) => name },
      { header: 'STATUS', value: (zone) => (isOnline(zone) ? paint('green', 'Online') : paint('red', 'Offline')) },
      { header: 'ENABLED', value: ({ zone }) => String(zone?.enabled !== false) },
      { header: 'LAST CONNECTED', value: (zone) => since(last(zone)?.connectTime) },
      { header: 'ACKNOWLEDGED', value: (zone) => sum(zone, 'responsesAcknowledged') },
      { header: 'REFUSED', value: (zone) => sum(zone, 'responsesRejected') },
      { header: 'VERSION', value: (zone) => last(zone)?.version?.kumaCp?.version ?? '' },
      {
        header: 'SUBSCRIPTIONS',
        value: ({ zoneInsight }) => String(zoneInsight?.subscriptions?.length ?? 0),
        wide: true,
      },
    ],
    name: ({ name }) => name,
    none: NO_ZONE,
  })
}
