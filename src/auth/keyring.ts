import type { KeyObject } from 'node:crypto'

/** Where public keys come from. Throws `unavailable` when it cannot know; never guesses. */
export interface PublicKeys {
  /** `kid` is compared exactly: `1`, `01` and `1 ` are three different keys. */
  publicKey(kid: string): Promise<KeyLookup>
}

export type KeyLookup =
  | { readonly kind: 'found'; readonly key: KeyObject }
  /** `text` says where it was looked for, or why what lies there is no key. */
  | { readonly kind: 'missing'; readonly text: string }

/** Where new tokens get their signature. */
export interface SigningKeys {
  /** The key with the highest serial. Throws `not-found` when there is none, `unavailable` when it cannot know. */
  latest(): Promise<SigningKey>
}

export interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
}

/** Asks each in turn; what the last one says is what is reported. Kuma's order: configured keys first, then secrets. */
export function chainKeyrings(first: PublicKeys, ...rest: readonly PublicKeys[]): PublicKeys {
  return {
    async publicKey(kid) {
      let lookup = await first.publicKey(kid)
      for (const keyring of rest) {
        if (lookup.kind === 'found') return lookup
        lookup = await keyring.publicKey(kid)
      }
      return lookup
    },
  }
}

/** Kuma's text for a key that is not there. `secret` is such as `GlobalSecret of name "zone-token-signing-key-9"`. */
export function keyNotFoundText(kid: string, secret: string): string {
  return `there is no signing key with KID ${kid}. ${secret} is not found. If signing key was rotated, regenerate the token`
}
