import { apiClient, globalOf } from '../../lab/lab-clients.js'
import { LABEL } from '../../model/labels.js'
import type { Command, Context, Input } from '../command.js'
import { type LabAccess, openLab, tenantOf } from '../lab-access.js'
import { sidecarSyncs } from '../lab-status.js'
import { printList } from '../output.js'
import { duration } from '../quantities.js'
import { stateCell } from '../sync-tables.js'
import { INSPECT_FLAGS, watching } from '../watching.js'

interface DataplaneOverview {
  readonly mesh: string
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
}

export const inspectDataplanes: Command = {
  name: 'inspect dataplanes',
  group: 'Seeing',
  summary: 'Sidecars: their zone, whether they have what is newest for them, what they refused',
  flags: INSPECT_FLAGS,
  examples: ['zonelab inspect dataplanes', 'zonelab inspect dataplanes -o wide'],
  run: (context, input) => watching(context, input, (on) => printDataplanes(on, input)),
}

async function printDataplanes(context: Context, input: Input): Promise<void> {
  const lab = await openLab(context, input)
  const tenant = tenantOf(lab, input)
  const [known, syncs] = await Promise.all([knownDataplanes(lab, context, tenant), sidecarSyncs(lab, context, tenant)])
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

/** As the global holds them; those of another's global as each zone of the lab holds its own. */
async function knownDataplanes(
  lab: LabAccess,
  context: Context,
  tenant: string,
): Promise<readonly DataplaneOverview[]> {
  const { view } = lab
  if (view.spec.global.kind === 'own') {
    return apiClient(view, globalOf(view, tenant), context.clock, tenant).list<DataplaneOverview>('/dataplanes')
  }
  const zones = view.components.filter(({ kind, state }) => kind === 'zone' && state !== 'external')
  const lists = await Promise.all(
    zones.map((zone) =>
      apiClient(view, zone, context.clock, undefined)
        .list<DataplaneOverview>('/dataplanes')
        .catch(() => []),
    ),
  )
  return lists.flat()
}
