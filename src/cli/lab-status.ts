import type { SyncRow } from '../insights/sync-report.js'
import type { Context } from './command.js'
import { diagnosticsOf, type LabAccess } from './lab-access.js'
import { syncMatrix, worstOf, type ZoneSync } from './sync-matrix.js'

/** What a lab's zone says of itself. */
interface ZoneStatus {
  readonly zone: string
  /** State of its link to the global. */
  readonly link: string
  readonly dataplanes: readonly SyncRow[]
}

export interface SidecarSync {
  readonly zone: string
  readonly mesh: string
  readonly name: string
  readonly state: SyncRow['state']
  readonly messageAgeMs: number | undefined
  readonly types: readonly SyncRow[]
}

/** A process that answers answers at once; one that is paused must not hold up a screen. */
const STATUS_WITHIN_MS = 1_500

/** How far every zone is, as the global sees it. Throws `unavailable` when there is no global that could tell. */
export async function zoneSyncs(lab: LabAccess, context: Context): Promise<ZoneSync[]> {
  const global = lab.view.components.find(({ kind }) => kind === 'global')
  const client = global && diagnosticsOf(lab, global, context)
  if (!client) return []
  const { zones } = await client.status<{ zones: readonly SyncRow[] }>(STATUS_WITHIN_MS)
  return syncMatrix(zones)
}

/** How far every connected sidecar is, as its zone sees it. Zones that do not answer are left out. */
export async function sidecarSyncs(lab: LabAccess, context: Context): Promise<SidecarSync[]> {
  const zones = lab.view.components.filter(({ kind }) => kind === 'zone')
  const statuses = await Promise.allSettled(
    zones.map((zone) => diagnosticsOf(lab, zone, context)?.status<ZoneStatus>(STATUS_WITHIN_MS)),
  )
  return statuses.flatMap((outcome) => {
    if (outcome.status === 'rejected' || outcome.value === undefined) return []
    const { zone, dataplanes } = outcome.value
    return syncMatrix(dataplanes).map(({ zone: peer, types, messageAgeMs }): SidecarSync => {
      const [mesh = '', ...name] = peer.split('/')
      return { zone, mesh, name: name.join('/'), state: worstOf(types.map(({ state }) => state)), messageAgeMs, types }
    })
  })
}
