import { hash, type KeyObject } from 'node:crypto'
import type { RegisteredClaims } from './claims.js'
import type { Passed } from './gate.js'

/** What holds for ever of a token, once its signature was verified: what it says, and under which key. */
export interface VerifiedToken<Claims> extends Passed<Claims> {
  /** The very key: when another is found for the kid, the signature is verified anew. */
  readonly key: KeyObject
}

/** Enough for the zones or users of a large lab; each takes about a kilobyte. */
const TOKENS_MAX = 10_000

/**
 * Spares verifying an RSA signature twice. Nothing in here can go stale: time, key, audience and revocation are asked about
 * on every call. By the digest of the whole token, so that no token is kept; whoever came first goes first.
 */
export class VerifiedTokens<Claims extends RegisteredClaims> {
  readonly #tokens = new Map<string, VerifiedToken<Claims>>()
  readonly #max: number

  constructor(max = TOKENS_MAX) {
    this.#max = max
  }

  find(token: string): VerifiedToken<Claims> | undefined {
    return this.#tokens.get(digestOf(token))
  }

  add(token: string, verified: VerifiedToken<Claims>): void {
    this.#tokens.set(digestOf(token), verified)
    if (this.#tokens.size > this.#max) this.#tokens.delete(this.#tokens.keys().next().value ?? '')
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64')
}
