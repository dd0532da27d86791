/**
 * The delta protocol's messages, free of protobuf. What a publisher sends is already encoded: the engine needs the
 * names and versions that a batch carries, never the bodies.
 */

/** Names a response; fresh on each stream, given back by its answer. */
export type Nonce = string

export interface DeltaRequest {
  readonly type: string
  /** The responding peer's word on the response it names; empty means a new or repeated subscription. */
  readonly nonce: Nonce
  readonly subscribe: readonly string[]
  readonly unsubscribe: readonly string[]
  /** name → content version that the subscriber holds; only in the first request of a type on a stream. */
  readonly initialVersions: ReadonlyMap<string, string>
  /** Present in a NACK: why the response was (partly) refused. */
  readonly error: string | undefined
  /** Who is asking, as far as the message says; opaque to the engine. */
  readonly node: unknown
}

/** What a subscriber receives. */
export interface DeltaResponse<P> {
  readonly type: string
  readonly nonce: Nonce
  readonly resources: readonly DeltaResource<P>[]
  readonly removed: readonly string[]
}

export interface DeltaResource<P> {
  readonly name: string
  readonly version: string
  readonly payload: P
}

/** What a publisher sends: one message, encoded once, the same Buffer for every stream that stands at the same cursor. */
export interface EncodedResponse {
  readonly type: string
  readonly nonce: Nonce
  readonly bytes: Uint8Array
}
