import type { SyncRow, SyncState } from '../insights/sync-report.js'

/** A zone's row of the matrix. */
export interface ZoneSync {
  readonly zone: string
  readonly tenant: string
  readonly state: SyncState
  /** Since the zone's last message; undefined while it is offline. */
  readonly messageAgeMs: number | undefined
  /** Of the zone as a whole: why it is not in sync. */
  readonly detail?: string
  readonly types: readonly SyncRow[]
}

/** Worst first: what a zone is as a whole is the worst that any of its types is. */
const WORST_FIRST: readonly SyncState[] = ['OFFLINE', 'NACKED', 'STALE', 'PENDING', 'SYNCED']

export function syncMatrix(rows: readonly SyncRow[]): ZoneSync[] {
  const zones = new Map<string, SyncRow[]>()
  for (const row of rows) {
    const key = `${row.tenant}/${row.peer}`
    const types = zones.get(key)
    if (types) types.push(row)
    else zones.set(key, [row])
  }
  return [...zones.values()].map((types) => {
    const [first] = types as [SyncRow, ...SyncRow[]]
    const ages = types.flatMap(({ messageAgeMs }) => messageAgeMs ?? [])
    return {
      zone: first.peer,
      tenant: first.tenant,
      state: worstOf(types.map(({ state }) => state)),
      messageAgeMs: ages.length > 0 ? Math.min(...ages) : undefined,
      types,
    }
  })
}

export function worstOf(states: readonly SyncState[]): SyncState {
  return WORST_FIRST.find((state) => states.includes(state)) ?? 'SYNCED'
}
