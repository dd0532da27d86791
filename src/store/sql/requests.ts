import { AppError, type ErrorCode } from '../../base/errors.js'
import type { ResourceType } from '../../model/registry.js'
import type { Resource, ResourceKey } from '../../model/resource.js'
import type { TenantId } from '../../model/tenant.js'
import type { Fence } from '../peers.js'
import type { Change, ChangesSince, Head, ListFilter, Listing, Write, WriteOutcome } from '../store.js'

/** What the store asks of the thread that holds the database: plain data, so that it crosses threads. */
export interface CommitRequest {
  readonly kind: 'commit'
  readonly tenant: TenantId
  /** The tenant's epoch if it has no row yet. */
  readonly freshEpoch: string
  readonly nowMs: number
  readonly uids: readonly string[]
  readonly writes: readonly Write[]
  /** Checked where several processes share the database. */
  readonly fence?: Fence | undefined
}

export interface DeleteTenantRequest {
  readonly kind: 'delete-tenant'
  readonly tenant: TenantId
  readonly nextEpoch: string
}

export type WriteRequest = CommitRequest | DeleteTenantRequest

export function writesOf(request: WriteRequest): number {
  return request.kind === 'commit' ? request.writes.length : 1
}

/**
 * Writes in a transaction of tenants who share the disk. So many take about as long as making them durable, so that they
 * get half of its best rate at the least, and wait for little more than it.
 */
export const SHARED_WRITES_MAX = 16

export interface Committed {
  readonly outcomes: readonly WriteOutcome[]
  readonly changes: readonly Change[]
  readonly head: Head
}

/** Each kind of read with its answer. */
export interface Reads {
  readonly get: { readonly tenant: TenantId; readonly key: ResourceKey; readonly answer: Resource | undefined }
  readonly list: {
    readonly tenant: TenantId
    readonly freshEpoch: string
    readonly types: readonly ResourceType[]
    readonly filter: ListFilter
    readonly answer: Listing
  }
  readonly 'changes-since': {
    readonly tenant: TenantId
    readonly freshEpoch: string
    readonly epoch: string
    readonly revision: number
    readonly answer: ChangesSince
  }
  readonly tenants: { readonly answer: readonly TenantId[] }
}

export type ReadKind = keyof Reads
export type ReadRequest<K extends ReadKind = ReadKind> = {
  [Kind in K]: { readonly kind: Kind } & Omit<Reads[Kind], 'answer'>
}[K]
export type ReadAnswer<K extends ReadKind = ReadKind> = Reads[K]['answer']

/** An AppError as plain data. */
export interface Failure {
  readonly code: ErrorCode
  readonly message: string
}

/** `failed`: nothing was written. `stopped`: the disk can no longer be trusted, and what was not answered is unknown. */
export type Reply<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'stopped'; readonly failure: Failure }

export function failureOf(error: AppError): Failure {
  return { code: error.code, message: error.message }
}

/** What a runner that breaks off has answered. */
export function stoppedBy(thrown: unknown): Reply<never> {
  return { kind: 'stopped', failure: failureOf(AppError.from(thrown)) }
}

export function errorOf(failure: Failure): AppError {
  return new AppError(failure.code, failure.message)
}

/** Runs requests against the database, in this thread or in another. */
export interface SqlRunner {
  /**
   * One transaction. Each request succeeds or fails for itself; all that are answered are durable when the promise
   * resolves. Those at the end that are not answered were not begun, for it was hurried.
   */
  write(group: readonly WriteRequest[]): Promise<readonly Reply<Committed>[]>
  /** Another tenant waits: what `write` was asked for until now goes on to `SHARED_WRITES_MAX`, and no further. */
  hurry?(): void
  /** Sees every group that was resolved before. */
  read(request: ReadRequest): Promise<Reply<ReadAnswer>>
  /** After what was asked before. */
  close(): Promise<void>
}
