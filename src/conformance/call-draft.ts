/** A metadata field as it goes onto the wire: a name may repeat, and a value may be bytes that no text has. */
export type Field = readonly [name: string, value: string | Buffer]

/** One call, said completely; the RPC gives the path. */
export interface CallDraft {
  readonly fields: readonly Field[]
  /** Of another method than that of the RPC. */
  readonly path?: string
  /** Behind the path, after a question mark. */
  readonly query?: string
  /** Before the host of the authority, with an at sign. */
  readonly userinfo?: string
  /** The zone that the messages name; the legal one unless said otherwise. */
  readonly node?: string
  /** What GlobalToZoneSync is asked for; one type that every global has unless said otherwise. */
  readonly resourceType?: string
  /** Fields after the body, where metadata has no business. */
  readonly trailers?: readonly Field[]
}
