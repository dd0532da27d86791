/** Why a token was not taken: a closed set, for log fields and counters. */
export type RefusalReason =
  | 'too-large'
  | 'malformed'
  | 'unverifiable'
  | 'unknown-key'
  | 'bad-signature'
  | 'expired'
  | 'not-yet-valid'
  | 'invalid-claims'
  | 'revoked'

/** An expected outcome, so a value and not an exception. `text` is safe to show: it never holds token or key material. */
export interface Refused {
  readonly kind: 'refused'
  readonly reason: RefusalReason
  readonly text: string
  /** The token's id; only told once the signature held. */
  readonly jti?: string
}

export function refused(reason: RefusalReason, text: string, jti?: string): Refused {
  return { kind: 'refused', reason, text, ...(jti === undefined ? {} : { jti }) }
}
