import type { TenantId } from '../model/tenant.js'

/** Of a leader: the role that it leads, and since which change of leaders. */
export interface Fence {
  readonly role: string
  readonly term: number
}

/** What only one of the processes over a database does at a time. Started and stopped in turn, never both at once. */
export interface LeaderJob {
  start(fence: Fence): Promise<void>
  /** This process leads no more, or ends; another may lead already, which the fence keeps from doing harm. */
  stop(): Promise<void>
}

/** The processes that share a database, as one of them sees the others. */
export interface Peers {
  /** Runs the job whenever this process leads that role, for as long as the store is open. */
  lead(role: string, job: LeaderJob): void
  /** Which instances hold a session with the database now. Throws `unavailable`. */
  present(): Promise<Presence>
  /** How calls of other instances are answered. */
  answer(handler: CallHandler): void
  /** Throws what the handler there throws, and `timed-out`. */
  call(instance: string, tenant: TenantId, request: Uint8Array): Promise<Uint8Array>
  /** Calls `listener` when the set of tenants may have changed. Returns the unsubscriber. */
  watchTenants(listener: () => void): () => void
}

export interface Presence {
  has(instance: string): boolean
}

export type CallHandler = (tenant: TenantId, request: Uint8Array) => Promise<Uint8Array>

/** Which other instances are there now; none where there can be none. */
export async function othersPresent(peers: Peers | undefined, own: string): Promise<(instance: string) => boolean> {
  const present = await peers?.present()
  return (instance) => instance !== own && present?.has(instance) === true
}
