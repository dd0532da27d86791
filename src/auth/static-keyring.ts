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

/** A configured key that was read and found usable. */
export interface PublicKeyEntry {
  readonly kid: string
  readonly key: KeyObject
  readonly mesh: string | undefined
}

/** Throws `invalid-argument` for a key that cannot be read, is too weak, or has no or a repeated kid. */
export function readPublicKeys(configured: readonly ConfiguredKey[]): readonly PublicKeyEntry[] {
  const seen = new Set<string>()
  return configured.map(({ kid, key, mesh }) => {
    if (kid === '') throw new AppError('invalid-argument', 'a public key needs a kid')
    const where = mesh === undefined || mesh === '' ? undefined : mesh
    const id = JSON.stringify([kid, where])
    if (seen.has(id)) throw new AppError('invalid-argument', `the public key with kid "${kid}" is configured twice`)
    seen.add(id)
    return { kid, key: parseConfigured(kid, key), mesh: where }
  })
}

/** Those for a mesh, its own before those for any; without a mesh, all. */
export function staticKeyring(entries: readonly PublicKeyEntry[], mesh?: string): PublicKeys {
  const suits = (entry: PublicKeyEntry) => mesh === undefined || entry.mesh === undefined || entry.mesh === mesh
  return {
    async publicKey(kid) {
      const fitting = entries.filter((entry) => entry.kid === kid && suits(entry))
      const found = fitting.find((entry) => entry.mesh !== undefined) ?? fitting[0]
      if (found !== undefined) return { kind: 'found', key: found.key }
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
