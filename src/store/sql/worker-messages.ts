import type { Resource } from '../../model/resource.js'
import type { Committed, Failure, ReadAnswer, ReadRequest, Reply, WriteRequest } from './requests.js'
import type { Synchronous } from './sqlite.js'

/** How the store and its worker thread talk. Groups are answered in order, reads by their id. */
export interface WorkerInput {
  readonly path: string
  readonly synchronous: Synchronous
  /** Shared with the thread, which is busy while it matters: so many groups, of all that were ever sent, are hurried. */
  readonly hurried: Int32Array<SharedArrayBuffer>
}

export type ToWorker =
  | { readonly kind: 'write'; readonly group: readonly WriteRequest[] }
  | { readonly kind: 'read'; readonly id: number; readonly request: ReadRequest }
  /** Asks for the next page of a listing. */
  | { readonly kind: 'more'; readonly id: number }
  | { readonly kind: 'close' }

export type FromWorker =
  | { readonly kind: 'opened' }
  | { readonly kind: 'not-opened'; readonly failure: Failure }
  | { readonly kind: 'written'; readonly replies: readonly Reply<Committed>[] }
  /** The beginning of a listing whose `read` brings the end. */
  | { readonly kind: 'page'; readonly id: number; readonly resources: readonly Resource[] }
  | { readonly kind: 'read'; readonly id: number; readonly reply: Reply<ReadAnswer> }
  | { readonly kind: 'closed' }

/**
 * Resources that cross at once. A large listing is asked for page by page, as unpacking it whole would hold up every
 * stream (1.5 µs a resource), and sending it whole every commit.
 */
export const PAGE_SIZE = 1_000
