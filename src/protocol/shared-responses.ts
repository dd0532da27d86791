import type { EncodedResponse, Nonce } from './messages.js'

/** Makes one response of already encoded resources. */
export type EncodeResponse = (
  type: string,
  nonce: Nonce,
  resources: readonly Uint8Array[],
  removed: readonly string[],
) => Uint8Array

/** What one response carries, beside its nonce. */
export interface Contents {
  readonly type: string
  readonly resources: readonly Uint8Array[]
  readonly removed: readonly string[]
}

/** Its nonce is its number. */
export interface NumberedResponse extends EncodedResponse {
  readonly number: number
}

interface Made extends NumberedResponse, Contents {}

/**
 * Responses of all peers of one control plane: those who are sent the same resources are sent the same message, encoded
 * once. Numbers only grow, and a stream is given one above its last, so a nonce is fresh on each stream (P10).
 */
export class SharedResponses {
  readonly #encode: EncodeResponse
  /** The newest that begins with a resource. Weak: who has one in flight keeps it, and nobody else does. */
  readonly #newest = new WeakMap<Uint8Array, WeakRef<Made>>()
  #number = 0

  constructor(encode: EncodeResponse) {
    this.#encode = encode
  }

  /** A response with these contents, whose number is above `last`. */
  get(contents: Contents, last: number): NumberedResponse {
    const [first] = contents.resources
    if (first === undefined) return this.#make(contents)
    const newest = this.#newest.get(first)?.deref()
    if (newest && newest.number > last && carries(newest, contents)) return newest
    const made = this.#make(contents)
    this.#newest.set(first, new WeakRef(made))
    return made
  }

  #make(contents: Contents): Made {
    const { type, resources, removed } = contents
    this.#number += 1
    const nonce = String(this.#number)
    return { ...contents, number: this.#number, nonce, bytes: this.#encode(type, nonce, resources, removed) }
  }
}

function carries(made: Made, { type, resources, removed }: Contents): boolean {
  return made.type === type && same(made.resources, resources) && same(made.removed, removed)
}

function same<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index])
}
