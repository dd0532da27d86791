import type { Resource } from '../../model/resource.js'
import type { Committed, Failure, ReadAnswer, ReadRequest, Reply, WriteRequest } from './requests.js'
import type { Synchronous } from './sqlite.js'

/** How the store and its worker thread talk. Answers come in the order of the asks. */
export interface WorkerInput {
  readonly path: string
  readonly synchronous: Synchronous
}

export type ToWorker =
  | { readonly kind: 'write'; readonly group: readonly WriteRequest[] }
  | { readonly kind: 'read'; readonly request: ReadRequest }
  | { readonly kind: 'close' }

export type FromWorker =
  | { readonly kind: 'opened' }
  | { readonly kind: 'not-opened'; readonly failure: Failure }
  | { readonly kind: 'written'; readonly replies: readonly Reply<Committed>[] }
  /** Part of a listing, before its `read`: a large one would hold up the event loop that unpacks it. */
  | { readonly kind: 'page'; readonly resources: readonly Resource[] }
  | { readonly kind: 'read'; readonly reply: Reply<ReadAnswer> }
  | { readonly kind: 'closed' }

/** Unpacking a resource of 1 KB takes about 10 µs, so a page holds up streams for some milliseconds. */
export const PAGE_SIZE = 500
