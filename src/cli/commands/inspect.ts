import { apiClient } from '../../lab/lab-clients.js'
import { LABEL } from '../../model/labels.js'
import { type Command, type Context, type Flag, type Input, LAB_FLAG, OUTPUT_FLAG, TENANT_FLAG } from '../command.js'
import { componentNamed, openLab, tenantOf } from '../lab-access.js'
import { sidecarSyncs, zoneSyncs } from '../lab-status.js'
import { printList } from '../output.js'
import { age, duration } from '../quantities.js'
import { matrixColumns, matrixRows, stateCell, summaryColumns, ZONES_ACROSS_MAX } from '../sync-tables.js'
import { watching } from '../watching.js'

const WATCH_FLAG: Flag = { name: 'watch', short: 'w', doc: 'Draw it again and again until Ctrl-C' }
const FLAGS: readonly Flag[] = [WATCH_FLAG, TENANT_FLAG, LAB_FLAG, OUTPUT_FLAG]

export const inspectSync: Command = {
  name: 'inspect sync',
  group: 'Seeing',
  summary: 'Zones × types: state, how far behind, age of the last message',
  details: 'SYNCED, PENDING (-N: revisions behind), NACKED, STALE (no answer for 10 s), OFFLINE.',
  flags: FLAGS,
  examples: ['zonelab inspect sync -w', 'zonelab inspect sync -o json'],
  run: (context, input) => watching(context, input, () => printSync(context, input)),
}

async function printSync(context: Context, input: Input): Promise<void> {
  const lab = await openLab(context, input)
  const tenant = input.text('tenant')
  const zones = (await zoneSyncs(lab, context)).filter((zone) => tenant === undefined || zone.tenant === tenant)
  const format = input.output()
  const foreign = lab.view.spec.global.kind === 'foreign'
  const none = foreign ? 'what another global holds of its zones is not observable' : 'no zone has ever connected'
  if (format === 'table' && zones.length > 0 && zones.length <= ZONES_ACROSS_MAX) {
    printList(context.io, format, {
      items: matrixRows(zones),
      columns: matrixColumns(zones, context.io.paint),
      name: ({ type }) => type,
      none,
    })
  } else {
    const columns = summaryColumns(context.io.paint)
    printList(context.io, format, { items: zones, columns, name: ({ zone }) => zone, none })
  }
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
  flags: FLAGS,
  examples: ['zonelab inspect zones', 'zonelab inspect zones -o wide'],
  run: (context, input) => watching(context, input, () => printZones(context, input)),
}

async function printZones(context: Context, input: Input): Promise<void> {
  const lab = await openLab(context, input)
  const api = apiClient(lab.view, componentNamed(lab, 'global', undefined), context.clock, tenantOf(lab, input))
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
    none: 'no zone has ever connected',
  })
}

interface DataplaneOverview {
  readonly mesh: string
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
}

export const inspectDataplanes: Command = {
  name: 'inspect dataplanes',
  group: 'Seeing',
  summary: 'Sidecars: their zone, whether they have what is newest for them, what they refused',
  flags: FLAGS,
  examples: ['zonelab inspect dataplanes', 'zonelab inspect dataplanes -o wide'],
  run: (context, input) => watching(context, input, () => printDataplanes(context, input)),
}

async function printDataplanes(context: Context, input: Input): Promise<void> {
  const lab = await openLab(context, input)
  const tenant = tenantOf(lab, input)
  const api = apiClient(lab.view, componentNamed(lab, 'global', undefined), context.clock, tenant)
  const [known, syncs] = await Promise.all([api.list<DataplaneOverview>('/dataplanes'), sidecarSyncs(lab, context)])
  const bySidecar = new Map(syncs.map((sync) => [`${sync.zone}/${sync.mesh}/${sync.name}`, sync]))
  const items = known.map(({ mesh, name, labels = {} }) => {
    const zone = labels[LABEL.zone] ?? ''
    const displayed = labels[LABEL.displayName] ?? name
    const sync = bySidecar.get(`${zone}/${mesh}/${displayed}`)
    const isZoneProxy = LABEL.zoneIngress in labels || LABEL.zoneEgress in labels
    return {
      zone,
      mesh,
      name: displayed,
      workload: labels[LABEL.workload] ?? (isZoneProxy ? 'zone proxy' : ''),
      state: sync?.state ?? ('OFFLINE' as const),
      messageAgeMs: sync?.messageAgeMs,
      detail: sync?.types.find(({ detail }) => detail !== undefined)?.detail,
    }
  })
  const { paint } = context.io
  printList(context.io, input.output(), {
    items,
    columns: [
      { header: 'ZONE', value: ({ zone }) => zone },
      { header: 'MESH', value: ({ mesh }) => mesh },
      { header: 'NAME', value: ({ name }) => name },
      { header: 'WORKLOAD', value: ({ workload }) => workload },
      { header: 'SYNC', value: ({ state }) => stateCell(state, undefined, paint) },
      {
        header: 'LAST MESSAGE',
        value: ({ messageAgeMs }) => (messageAgeMs === undefined ? '' : duration(messageAgeMs)),
      },
      { header: 'DETAIL', value: ({ detail }) => detail ?? '', wide: true },
    ],
    name: ({ zone, name }) => `dp/${zone}/${name}`,
    none: 'there is no sidecar',
  })
}
