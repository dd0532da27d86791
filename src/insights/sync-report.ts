/** How far one type of one peer has got, as its publisher sees it. Shared by global, zone and those who read their status. */
export type SyncState =
  /** Has acknowledged what is newest for it. */
  | 'SYNCED'
  /** Something newer is on its way or waiting for its turn. */
  | 'PENDING'
  /** Has refused part of what it was sent. */
  | 'NACKED'
  /** Was sent something and has not answered for longer than any honest apply takes. */
  | 'STALE'
  | 'OFFLINE'

export interface SyncRow {
  readonly tenant: string
  /** A zone, or a sidecar as `mesh/name`. */
  readonly peer: string
  readonly type: string
  readonly state: SyncState
  /** Revisions between what the peer acknowledged and the newest that concerns it; undefined where nothing counts them. */
  readonly behind: number | undefined
  /** Since the peer's last message on the stream; undefined while offline. */
  readonly messageAgeMs: number | undefined
  /** Why it is not synced, in words. */
  readonly detail: string | undefined
}

/** Who keeps a `wait` from ending. `component` is as the command line names it: `zone-2`, `dp/zone-2/NAME`. */
export interface Laggard {
  readonly component: string
  /** Which control plane it belongs to, where that is known. */
  readonly tenant?: string | undefined
  readonly type: string | undefined
  readonly why: string
}

/** What the diagnostics ports answer to `GET /synced`. */
export interface SyncedAnswer {
  readonly synced: boolean
  readonly laggards: readonly Laggard[]
}

/** An answer that is out for longer makes a peer STALE: ten times what the slowest healthy zone was seen to need. */
export const STALE_AFTER_MS = 10_000

export interface SyncFacts {
  readonly refusals: readonly { readonly name: string; readonly reason: string }[]
  readonly behind: boolean
  readonly awaitingMs: number | undefined
  readonly withheld: string | undefined
}

export function syncState(facts: SyncFacts): { readonly state: SyncState; readonly detail: string | undefined } {
  if (facts.withheld !== undefined) return { state: 'PENDING', detail: facts.withheld }
  const [refusal] = facts.refusals
  if (refusal) return { state: 'NACKED', detail: `${refusal.name}: ${refusal.reason}` }
  if (facts.awaitingMs !== undefined && facts.awaitingMs > STALE_AFTER_MS) {
    return { state: 'STALE', detail: `no answer for ${Math.round(facts.awaitingMs)} ms` }
  }
  if (facts.behind)
    return { state: 'PENDING', detail: facts.awaitingMs === undefined ? 'not sent yet' : 'not answered yet' }
  return { state: 'SYNCED', detail: undefined }
}
