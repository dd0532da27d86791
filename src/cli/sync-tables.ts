import type { SyncState } from '../insights/sync-report.js'
import type { Colour, Paint } from './io.js'
import { age } from './quantities.js'
import type { ZoneSync } from './sync-matrix.js'
import type { Column } from './table.js'

/** With more zones than this side by side a terminal is too narrow; each gets a line then. */
export const ZONES_ACROSS_MAX = 6

const COLOURS: Readonly<Record<SyncState, Colour>> = {
  SYNCED: 'green',
  PENDING: 'yellow',
  NACKED: 'red',
  STALE: 'red',
  OFFLINE: 'dim',
}

/** `PENDING -3`: three revisions behind. */
export function stateCell(state: SyncState, behind: number | undefined, paint: Paint): string {
  const text = behind === undefined || behind === 0 || state === 'OFFLINE' ? state : `${state} -${behind}`
  return paint(COLOURS[state], text)
}

/** A line of the matrix: a type, or with an empty type the zone as a whole. */
export interface MatrixRow {
  readonly type: string
}

const WHOLE: MatrixRow = { type: '(zone)' }

export function matrixRows(zones: readonly ZoneSync[]): MatrixRow[] {
  const types = new Set(zones.flatMap((zone) => zone.types.map(({ type }) => type)))
  return [WHOLE, ...[...types].map((type) => ({ type }))]
}

/** For a screen of so many rows: when not all of them fit, the types that are not in sync somewhere come first. */
export function worstFirst(rows: readonly MatrixRow[], zones: readonly ZoneSync[], screenRows: number): MatrixRow[] {
  // Beside the rows there are the header and the line that the cursor is on.
  if (rows.length + 2 <= screenRows) return [...rows]
  const late = new Set(
    zones.flatMap(({ types }) => types.flatMap(({ type, state }) => (state === 'SYNCED' ? [] : [type]))),
  )
  const isFirst = ({ type }: MatrixRow) => type === WHOLE.type || late.has(type)
  return [...rows.filter(isFirst), ...rows.filter((row) => !isFirst(row))]
}

/** Types down, zones across; on top how each zone is and how long ago it was heard. */
export function matrixColumns(zones: readonly ZoneSync[], paint: Paint): Column<MatrixRow>[] {
  return [
    { header: 'TYPE', value: ({ type }) => type },
    ...zones.map((zone) => ({
      header: labelOf(zone, zones).toUpperCase(),
      value: ({ type }: MatrixRow) => {
        if (type === WHOLE.type) return `${stateCell(zone.state, undefined, paint)}${heard(zone)}`
        const row = zone.types.find((candidate) => candidate.type === type)
        return row ? stateCell(row.state, row.behind, paint) : ''
      },
    })),
  ]
}

/** With its control plane, where there are several. */
function labelOf({ zone, tenant }: ZoneSync, all: readonly ZoneSync[]): string {
  return all.some((other) => other.tenant !== tenant) ? `${zone} ${tenant}` : zone
}

function heard({ messageAgeMs }: ZoneSync): string {
  return messageAgeMs === undefined ? '' : `, heard ${age(messageAgeMs)} ago`
}

/** A line a zone: its state, and the types that are not in sync. */
export function summaryColumns(paint: Paint): Column<ZoneSync>[] {
  return [
    { header: 'ZONE', value: ({ zone }) => zone },
    { header: 'STATE', value: ({ state }) => stateCell(state, undefined, paint) },
    { header: 'LAST MESSAGE', value: ({ messageAgeMs }) => (messageAgeMs === undefined ? '' : age(messageAgeMs)) },
    {
      header: 'TYPES IN SYNC',
      value: ({ types }) => `${types.filter(({ state }) => state === 'SYNCED').length}/${types.length}`,
    },
    { header: 'NOT IN SYNC', value: ({ state, types }) => (state === 'OFFLINE' ? '' : notInSync(types)) },
    { header: 'WHY', value: whyNot, wide: true },
  ]
}

/** Of zones on another's global: what they themselves know of their connection to it. */
export function linkColumns(paint: Paint): Column<ZoneSync>[] {
  return [
    { header: 'NAME', value: ({ zone }) => zone },
    {
      header: 'STATUS',
      value: ({ state }) => {
        if (state === 'STALE') return paint('yellow', 'Unknown')
        return state === 'OFFLINE' ? paint('red', 'Offline') : paint('green', 'Online')
      },
    },
    { header: 'LAST MESSAGE', value: ({ messageAgeMs }) => (messageAgeMs === undefined ? '' : age(messageAgeMs)) },
    { header: 'WHY', value: ({ detail }) => detail ?? '' },
  ]
}

function whyNot({ detail, types }: ZoneSync): string {
  return detail ?? types.find((type) => type.detail !== undefined)?.detail ?? ''
}

const TYPES_SHOWN_MAX = 3

function notInSync(types: ZoneSync['types']): string {
  const late = types.filter(({ state }) => state !== 'SYNCED')
  const shown = late.slice(0, TYPES_SHOWN_MAX).map(({ type, state }) => `${type} ${state}`)
  return late.length > shown.length ? `${shown.join(', ')} and ${late.length - shown.length} more` : shown.join(', ')
}
