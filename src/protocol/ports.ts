import type { CloseReason } from './close-reason.js'
import type { DeltaResource, EncodedResponse, Nonce } from './messages.js'

/** How far one reader has got; only the source that made it can read it. */
export type Cursor = object

/** What a peer has of a type, as the publisher knows it. */
export type Since =
  /** Nothing is known: the next batch is the whole truth (a receiver deletes what it lacks). */
  | { readonly kind: 'nothing' }
  /** The subscriber said what it holds: the next batch is an increment against it. */
  | { readonly kind: 'versions'; readonly versions: ReadonlyMap<string, string> }
  | { readonly kind: 'cursor'; readonly cursor: Cursor }

/** Which names of a type a peer wants. KDS peers always want all. */
export interface Subscription {
  readonly wildcard: boolean
  readonly names: ReadonlySet<string>
  /**
   * Names to be told anew whatever `since` says: asked for since the last response, or given up beneath a wildcard.
   * The next batch carries each of them, as a resource or as removed. Always empty for KDS peers.
   */
  readonly anew: ReadonlySet<string>
}

/** Whether removals may be part of the batch. `later`: leave them out, they stay known to the cursor and come another time. */
export type Removals = 'now' | 'later'

/**
 * One message that takes a peer from `since` to `cursor`. `entries` and `removed` say what it carries, for status and
 * refusals; the bytes are opaque.
 */
export interface Batch {
  readonly cursor: Cursor
  readonly response: EncodedResponse
  readonly entries: readonly { readonly name: string; readonly version: string }[]
  readonly removed: readonly string[]
}

export type Next =
  | { readonly kind: 'batch'; readonly batch: Batch }
  /** The peer is at the newest state. `cursor` is where it stands now. */
  | { readonly kind: 'nothing'; readonly cursor: Cursor }
  /** The source is not complete yet (first read under way): nothing may be sent; a `changed` will follow. */
  | { readonly kind: 'not-ready' }
  /**
   * The cursor is too old or of another epoch. The removals that the peer lacks are lost, and only the first response
   * of a type on a stream can make up for them, so the stream ends and is opened again.
   */
  | { readonly kind: 'start-over' }
  /** The batch would be over the peer's message limit; it is withheld and named, other types flow. */
  | { readonly kind: 'withheld'; readonly reason: string }

/** The publisher's port: where what is to be sent comes from. Synchronous and in memory. */
export interface Source {
  /**
   * For `nothing` and `versions` the answer is a batch, even an empty one, unless it is not ready or withheld: the first
   * response of a type always comes. `removals` is `later` only where the stream's order asks for it (`order.ts`).
   */
  next(type: string, subscription: Subscription, since: Since, removals: Removals): Next
  /** Tells that `next` may have more for these types. Returns the unsubscriber. */
  onChange(listener: (types: readonly string[]) => void): () => void
}

/** What became of one received batch. */
export type Outcome =
  /** Durable at the receiver; → ACK. */
  | { readonly kind: 'applied' }
  /** The valid part is durable, these are not; → NACK, the stream goes on. */
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] }
  /** Our own trouble; → the stream ends and is opened again later. */
  | { readonly kind: 'failed'; readonly detail: string }

export interface Refusal {
  readonly name: string
  readonly version: string
  readonly reason: string
}

export interface ReceivedBatch<P> {
  readonly type: string
  /** The first response of a type to a request without initial versions: what it lacks is to be deleted. */
  readonly wholeTruth: boolean
  readonly resources: readonly DeltaResource<P>[]
  readonly removed: readonly string[]
}

/** The subscriber's port: applies received batches, one at a time per stream. */
export interface Sink<P> {
  apply(batch: ReceivedBatch<P>): Promise<Outcome>
}

/** Who wants to know what a publisher's stream does: status, metrics, the event stream of hops. All optional, all cheap. */
export interface PublisherObserver {
  onRequest?(type: string, node: unknown): void
  onSent?(type: string, batch: Batch): void
  /** `sentAtMs`: monotonic time at which the batch was sent. */
  onAnswered?(type: string, batch: Batch, error: string | undefined, sentAtMs: number): void
  onStaleNonce?(type: string, nonce: Nonce): void
  onWithheld?(type: string, reason: string): void
  /** An answer is overdue: the peer took the message and says nothing. */
  onOverdue?(type: string, waitedMs: number): void
  onEnd?(reason: CloseReason): void
}

export interface SubscriberObserver {
  onReceived?(type: string, nonce: Nonce, count: number): void
  onOutcome?(type: string, nonce: Nonce, outcome: Outcome): void
  onEnd?(reason: CloseReason): void
}
