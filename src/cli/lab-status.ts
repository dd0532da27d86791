import type { SyncRow } from '../insights/sync-report.js'
import { placeOf } from '../lab/components.js'
import { shardOf } from '../lab/lab-clients.js'
import type { ComponentView } from '../lab/lab-view.js'
import { SILENT } from '../lab/sync-wait.js'
import type { Context } from './command.js'
import { diagnosticsOf, type LabAccess } from './lab-access.js'
import { syncMatrix, worstOf, type ZoneSync } from './sync-matrix.js'

/** What a lab's zone says of itself. */
interface ZoneStatus {
  readonly zone: string
  /** Its connection to its global. */
  readonly link: { readonly state: string; readonly why?: string; readonly messageAgeMs?: number }
  /** How far the global is with what the zone sends. */
  readonly up: readonly SyncRow[]
  readonly dataplanes: readonly SyncRow[]
}

/** What the lab's global says of its zones. */
interface GlobalStatus {
  readonly zones: readonly SyncRow[]
  readonly refused: readonly { readonly tenant: string; readonly zone: string; readonly reason: string }[]
  /** Shards of which no instance answers, while others do. */
  readonly silent: readonly string[]
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

/**
 * How far every zone, or every zone of a tenant, is: as the global sees it, and when the lab's zone itself does not answer,
 * STALE whatever the global still believes. Zones of another's global say themselves what can be known: their link, and
 * what that global acknowledged of what they send. Throws `unavailable` when the lab's global does not answer.
 */
export async function zoneSyncs(lab: LabAccess, context: Context, tenant?: string): Promise<readonly ZoneSync[]> {
  if (lab.view.spec.global.kind === 'foreign') return (await zoneStatuses(lab, context, tenant)).map(syncOfItself)
  const [status, silent] = await Promise.all([globalStatus(lab, context, tenant), silentZones(lab, context, tenant)])
  const known = syncMatrix(status.zones)
    .filter((zone) => tenant === undefined || zone.tenant === tenant)
    .map((zone): ZoneSync => {
      const isSilent = zone.state !== 'OFFLINE' && silent.has(placeOf(zone.tenant, zone.zone))
      return isSilent ? { ...zone, state: 'STALE', detail: SILENT } : zone
    })
  return [...known, ...zonesWithoutGlobal(lab, status.silent, tenant)]
}

/** Nobody tells of the zones of a shard whose global is away. */
function zonesWithoutGlobal(lab: LabAccess, silent: readonly string[], tenant: string | undefined): ZoneSync[] {
  return zonesOf(lab, tenant).flatMap((zone) => {
    const shard = shardOf(lab.view, zone.tenant)
    if (!silent.includes(shard)) return []
    const detail = `global/${shard} does not answer`
    return [
      { zone: zone.name, tenant: zone.tenant ?? '', state: 'OFFLINE', messageAgeMs: undefined, detail, types: [] },
    ]
  })
}

/** How far every connected sidecar is, as its zone sees it. Zones that do not answer are left out. */
export async function sidecarSyncs(lab: LabAccess, context: Context, tenant?: string): Promise<SidecarSync[]> {
  return (await zoneStatuses(lab, context, tenant)).flatMap(({ status }) => {
    if (status === undefined) return []
    const { zone, dataplanes } = status
    return syncMatrix(dataplanes).map(({ zone: peer, types, messageAgeMs }): SidecarSync => {
      const [mesh = '', ...name] = peer.split('/')
      return { zone, mesh, name: name.join('/'), state: worstOf(types.map(({ state }) => state)), messageAgeMs, types }
    })
  })
}

/** What the user should know of the lab's zones beyond the states of their processes. */
export async function linkNotices(lab: LabAccess, context: Context): Promise<string[]> {
  if (lab.view.spec.global.kind === 'foreign') {
    const zones = (await zoneStatuses(lab, context)).map(syncOfItself)
    return zones.flatMap(({ zone, state, detail }) =>
      state === 'OFFLINE' ? [`${zone} is not connected to its global: ${detail}`] : [],
    )
  }
  const { refused } = await globalStatus(lab, context, undefined).catch(() => ({ refused: [] }))
  return refused.map(({ zone, reason }) => `${zone} is refused by the global: ${reason}${REMEDIES[reason] ?? ''}`)
}

/** By the reason of a refusal. */
const REMEDIES: Readonly<Record<string, string>> = {
  'no-token': '; a kuma-cp that cannot send a token gets in with: zonelab up --auth none',
  'bad-signature':
    '; its token is not of a key of this global, which has new ones after each start with --db memory: issue another with "zonelab token issue zone"',
}

/** Of several instances each tells of the zones that it has, and all of those that none has; of several shards, each of its own. */
async function globalStatus(lab: LabAccess, context: Context, tenant: string | undefined): Promise<GlobalStatus> {
  const { view } = lab
  const shards = tenant === undefined ? view.spec.topology.shards : [shardOf(view, tenant)]
  const answers = await answersOf(shards.map((shard) => shardStatus(lab, context, shard)))
  return {
    zones: answers.flatMap((answer) => answer?.zones ?? []),
    refused: answers.flatMap((answer) => answer?.refused ?? []),
    silent: shards.filter((_shard, index) => answers[index] === undefined),
  }
}

type ShardStatus = Omit<GlobalStatus, 'silent'>

/** Throws `unavailable` when none of its instances answers. */
async function shardStatus(lab: LabAccess, context: Context, shard: string): Promise<ShardStatus> {
  const clients = lab.view.components
    .filter((component) => component.kind === 'global' && component.shard === shard)
    .flatMap((global) => diagnosticsOf(lab, global, context) ?? [])
  const answers = await answersOf(clients.map((client) => client.status<ShardStatus>(STATUS_WITHIN_MS)))
  return {
    zones: withoutRepetition(answers.flatMap((answer) => answer?.zones ?? [])),
    refused: answers.flatMap((answer) => answer?.refused ?? []),
  }
}

/** Undefined for each that fails. Throws when all of them do. */
async function answersOf<T>(asked: readonly Promise<T>[]): Promise<readonly (T | undefined)[]> {
  const settled = await Promise.allSettled(asked)
  const failures = settled.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as Error] : []))
  if (failures[0] && failures.length === settled.length) throw failures[0]
  return settled.map((answer) => (answer.status === 'fulfilled' ? answer.value : undefined))
}

/** That a zone is offline is what every instance says of it, unless one knows better. */
function withoutRepetition(rows: readonly SyncRow[]): SyncRow[] {
  const known = new Map<string, SyncRow>()
  for (const row of rows) {
    const place = `${row.tenant}/${row.peer}/${row.type}`
    if (!known.has(place) || row.state !== 'OFFLINE') known.set(place, row)
  }
  return [...known.values()]
}

interface SaidByZone {
  readonly component: ComponentView
  /** Undefined: it does not answer. */
  readonly status: ZoneStatus | undefined
}

function zoneStatuses(lab: LabAccess, context: Context, tenant?: string): Promise<readonly SaidByZone[]> {
  return Promise.all(
    zonesOf(lab, tenant).map(async (component) => {
      const status = diagnosticsOf(lab, component, context)?.status<ZoneStatus>(STATUS_WITHIN_MS)
      return { component, status: await status?.catch(() => undefined) }
    }),
  )
}

async function silentZones(lab: LabAccess, context: Context, tenant?: string): Promise<ReadonlySet<string>> {
  const answers = await Promise.all(
    zonesOf(lab, tenant).map(async (zone) => {
      const answering = await (diagnosticsOf(lab, zone, context)?.answers(STATUS_WITHIN_MS) ?? true)
      return answering ? [] : [placeOf(zone.tenant, zone.name)]
    }),
  )
  return new Set(answers.flat())
}

function zonesOf({ view }: LabAccess, tenant: string | undefined): readonly ComponentView[] {
  return view.components.filter(
    ({ kind, state, tenant: of }) => kind === 'zone' && state !== 'external' && (tenant === undefined || of === tenant),
  )
}

function syncOfItself({ component, status }: SaidByZone): ZoneSync {
  const zone = { zone: component.name, tenant: component.tenant ?? '' }
  if (!status) return { ...zone, state: 'STALE', messageAgeMs: undefined, detail: SILENT, types: [] }
  const { state, why = state, messageAgeMs } = status.link
  const types = status.up.map((row) => ({ ...row, peer: component.name }))
  if (state !== 'streaming') return { ...zone, state: 'OFFLINE', messageAgeMs: undefined, detail: why, types: [] }
  return { ...zone, state: worstOf(types.map((row) => row.state)), messageAgeMs, types }
}
