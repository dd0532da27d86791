import type { KeyObject } from 'node:crypto'
import { AppError } from '../base/errors.js'
import { keyNotFoundText, type PublicKeys, type SigningKeys } from './keyring.js'
import { parsePrivateKey, parsePublicKey } from './rsa-key.js'

/** One public key from the configuration: tokens are then issued elsewhere, and this process never sees a private key. */
export interface ConfiguredKey {
  readonly kid: string
  /** PEM. */
  readonly key: string
  /** For dataplane tokens; absent or empty: any mesh. */
  readonly mesh?: string
}

/**
 * Public keys from the configuration. With `mesh`, only those for it or for any mesh.
 * Throws `invalid-argument` at once for a key that cannot be read, is too weak, or has no or a repeated kid.
 */
export function staticKeyring(configured: readonly ConfiguredKey[], mesh?: string): PublicKeys {
  const keys = new Map<string, KeyObject>()
  for (const { kid, key, mesh: keyMesh } of configured) {
    if (kid === '') throw new AppError('invalid-argument', 'a public key needs a kid')
    const parsed = parseConfigured(kid, key)
    if (mesh !== undefined && keyMesh !== undefined && keyMesh !== '' && keyMesh !== mesh) continue
    if (keys.has(kid)) throw new AppError('invalid-argument', `the public key with kid "${kid}" is configured twice`)
    keys.set(kid, parsed)
  }
  return {
    async publicKey(kid) {
      const key = keys.get(kid)
      if (key !== undefined) return { kind: 'found', key }
      return { kind: 'missing', text: keyNotFoundText(kid, `GlobalSecret of name "-${kid}"`) }
    },
  }
}

/** One private key in hand, for issuing without a control plane. Throws `invalid-argument` when it is not usable. */
export function staticSigningKey(kid: string, pem: string): SigningKeys {
  const key = { kid, privateKey: parsePrivateKey(Buffer.from(pem)) }
  return { latest: async () => key }
}

function parseConfigured(kid: string, pem: string): KeyObject {
  try {
    return parsePublicKey(Buffer.from(pem))
  } catch (thrown) {
    throw new AppError('invalid-argument', `public key with kid "${kid}": ${AppError.from(thrown).message}`)
  }
}
