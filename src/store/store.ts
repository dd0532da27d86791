import type { ResourceType } from '../model/registry.js'
import type { Resource, ResourceDraft, ResourceKey } from '../model/resource.js'
import type { TenantId } from '../model/tenant.js'
import type { Fence, Peers } from './peers.js'

/**
 * The port to kept resources. Contract (`test/contract/store-contract.ts` runs it against every implementation):
 *
 * - Every commit that changes something takes the next `revision` of its tenant: gapless, in the same transaction,
 *   together with the changed keys in that tenant's change log (trimmed by the writer to `CHANGE_LOG_MAX` entries).
 * - A commit is durable before its promise resolves; watchers see it after it is durable and before the promise resolves,
 *   in revision order, each exactly once.
 * - The writes of one commit are applied in order in one transaction. A write whose expectation fails has the outcome
 *   `conflict` or `absent` and changes nothing; the others take effect.
 * - A put that changes nothing (labels, spec, status, owner and syncedVersion equal) is `unchanged` and takes no revision.
 * - A delete also deletes what the resource owns, transitively, in the same revision. An owner need not be there: a
 *   zone's resources may arrive before their mesh.
 * - A failed commit rejects with `store-full` or `overloaded` (nothing was written), `unavailable` (closed or stopped
 *   after a disk error: the outcome is unknown until the store is opened again) or `internal` (a key that breaks the
 *   model; that commit alone is refused).
 */
export interface ResourceStore {
  /** Tenants that have changed something and were not deleted since, sorted. Reading a tenant does not make one. */
  tenants(): Promise<readonly TenantId[]>
  /** The store bound to one tenant: all that upper layers ever see. The same object for the same tenant. */
  tenant(tenant: TenantId): TenantStore
  /**
   * Removes every trace of a tenant. Its epoch ends: each watcher is called with a Commit of the next epoch, revision 0
   * and no changes, and stays registered.
   */
  deleteTenant(tenant: TenantId): Promise<void>
  /** The other processes over the same database; undefined where there can be none. */
  readonly peers: Peers | undefined
  close(): Promise<void>
}

export interface TenantStore {
  readonly tenant: TenantId
  get(key: ResourceKey): Promise<Resource | undefined>
  /** Sorted by mesh, then name (code units). A consistent read: `revision` is the one that it shows. */
  list(type: ResourceType, filter?: ListFilter): Promise<Listing>
  /** One consistent read of several types, in the order given, each sorted as by `list`: a view's first complete read. */
  listAll(types: readonly ResourceType[]): Promise<Listing>
  /** `fence`: refused with `superseded` when another leads by then. */
  commit(writes: readonly Write[], fence?: Fence): Promise<CommitResult>
  /**
   * Calls `listener` for each commit from now on, synchronously after it is durable. Returns the unsubscriber.
   * Watchers hear of a commit before any read that shows it resolves. A listener that throws is logged and harms nobody
   * else.
   */
  watch(listener: (commit: Commit) => void): () => void
  /**
   * Keys changed after `revision`, each once and in no particular order, or `start-over` when the log does not reach back
   * that far, the epoch is another, or the revision has not been yet.
   */
  changesSince(epoch: string, revision: number): Promise<ChangesSince>
  head(): Promise<Head>
}

/**
 * Keys that one tenant's change log remembers: some MB at most, and hours of hand-made changes. Whole revisions are
 * dropped, oldest first; one commit that changes more leaves an empty log.
 */
export const CHANGE_LOG_MAX = 10_000

/** How far a tenant's history has got. A restore from a backup starts a new epoch. */
export interface Head {
  readonly epoch: string
  readonly revision: number
}

export interface ListFilter {
  readonly mesh?: string
  /** Substring of the name. */
  readonly nameContains?: string
  /** All must be equal. */
  readonly labels?: Readonly<Record<string, string>>
}

export interface Listing {
  readonly head: Head
  readonly resources: readonly Resource[]
}

/** `any`: no matter what is there. `absent`: only create. `{version}`: only replace or delete that version. */
export type Expect = 'any' | 'absent' | { readonly version: number }

export type Write =
  | { readonly kind: 'put'; readonly resource: ResourceDraft; readonly expect: Expect }
  | { readonly kind: 'delete'; readonly key: ResourceKey; readonly expect: Expect }

export type WriteOutcome =
  | { readonly kind: 'created' | 'updated' | 'unchanged'; readonly resource: Resource }
  | { readonly kind: 'deleted'; readonly resource: Resource }
  /** `actual` is what is there instead. */
  | { readonly kind: 'conflict'; readonly actual: Resource }
  /** An update or delete of what is not there. */
  | { readonly kind: 'absent' }

export interface CommitResult {
  readonly outcomes: readonly WriteOutcome[]
  /** The commit's own revision; the tenant's head when nothing changed. */
  readonly revision: number
}

/** One committed change of a tenant, as watchers see it. Another epoch than before: what was known is void, read anew. */
export interface Commit {
  readonly epoch: string
  readonly revision: number
  readonly changes: readonly Change[]
}

/** `before` undefined: created. `after` undefined: deleted. */
export interface Change {
  readonly key: ResourceKey
  readonly before: Resource | undefined
  readonly after: Resource | undefined
}

export type ChangesSince =
  | { readonly kind: 'changes'; readonly head: Head; readonly keys: readonly ResourceKey[] }
  | { readonly kind: 'start-over'; readonly head: Head }
