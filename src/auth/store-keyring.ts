import { createPublicKey, type KeyObject } from 'node:crypto'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { Resource, ResourceKey } from '../model/resource.js'
import { type KeyLookup, keyNotFoundText, type PublicKeys, type SigningKey, type SigningKeys } from './keyring.js'
import { parsePrivateKey, parsePublicKey } from './rsa-key.js'
import type { SecretMirror } from './secret-mirror.js'
import { type KeyPlace, keyOfKid, kidOfName, secretData, serialOfKid } from './token-secrets.js'

/**
 * Keys kept in a tenant's secrets; rotation is adding one with a higher serial and later deleting the old one.
 * Cheap to make: what is costly is remembered with the secrets.
 */
export class StoreKeyring implements PublicKeys, SigningKeys {
  readonly #mirror: SecretMirror
  readonly #place: KeyPlace
  readonly #log: Logger

  constructor(mirror: SecretMirror, place: KeyPlace, log: Logger) {
    this.#mirror = mirror
    this.#place = place
    this.#log = log
  }

  async publicKey(kid: string): Promise<KeyLookup> {
    const key = keyOfKid(this.#place, kid)
    const secret = await this.#mirror.get(key)
    if (secret === undefined) return { kind: 'missing', text: keyNotFoundText(kid, describe(key)) }
    const parsed = this.#parse(secret)
    if (parsed.kind === 'unusable') return { kind: 'missing', text: `${describe(key)} is unusable: ${parsed.fault}` }
    return { kind: 'found', key: parsed.publicKey }
  }

  async latest(): Promise<SigningKey> {
    const secrets = await this.#mirror.list(this.#place.type, this.#place.mesh)
    const newest = newestKey(this.#place, secrets)
    if (newest === undefined) {
      throw new AppError('not-found', keyNotFoundText(DEFAULT_KID, describe(keyOfKid(this.#place, DEFAULT_KID))))
    }
    const parsed = this.#parse(newest.secret)
    if (parsed.kind === 'unusable') {
      throw new AppError('invalid-resource', `${describe(newest.secret)} is unusable: ${parsed.fault}`)
    }
    if (parsed.privateKey === undefined) {
      throw new AppError('invalid-resource', 'this control plane has public keys only; issue the token on the global')
    }
    return { kid: newest.kid, privateKey: parsed.privateKey }
  }

  #parse(secret: Resource): ParsedKey {
    let parsed = parsedKeys.get(secret)
    if (parsed === undefined) {
      parsed = parseKey(secretData(secret), this.#place.holds)
      parsedKeys.set(secret, parsed)
      if (parsed.kind === 'unusable') {
        this.#log.warn('signing key is unusable', { type: secret.type, name: secret.name, reason: parsed.fault })
      }
    }
    return parsed
  }
}

/**
 * Of the secrets of the place's type and mesh, the key with the highest serial; among equal ones the smallest name, so
 * that every replica picks the same. Undefined when none of them is a key of this place.
 */
export function newestKey(
  place: KeyPlace,
  secrets: readonly Resource[],
): { readonly kid: string; readonly secret: Resource } | undefined {
  let newest: { readonly kid: string; readonly secret: Resource } | undefined
  for (const secret of secrets) {
    const kid = kidOfName(place, secret.name)
    if (kid === undefined) continue
    const lead = newest === undefined ? 1 : serialOfKid(kid) - serialOfKid(newest.kid)
    if (newest === undefined || lead > 0 || (lead === 0 && secret.name < newest.secret.name)) newest = { kid, secret }
  }
  return newest
}

/** The serial of the key that every control plane makes at its start. */
export const DEFAULT_KID = '1'

type ParsedKey =
  | { readonly kind: 'usable'; readonly publicKey: KeyObject; readonly privateKey: KeyObject | undefined }
  | { readonly kind: 'unusable'; readonly fault: string }

/** By secret value: a changed secret is another object, so a key is parsed once and never outlives its secret. */
const parsedKeys = new WeakMap<Resource, ParsedKey>()

function parseKey(data: Buffer, holds: KeyPlace['holds']): ParsedKey {
  try {
    if (holds === 'public') return { kind: 'usable', publicKey: parsePublicKey(data), privateKey: undefined }
    const privateKey = parsePrivateKey(data)
    return { kind: 'usable', publicKey: createPublicKey(privateKey), privateKey }
  } catch (thrown) {
    return { kind: 'unusable', fault: AppError.from(thrown).message }
  }
}

function describe({ type, mesh, name }: ResourceKey): string {
  return `${type} of name "${name}"${mesh === undefined ? '' : ` in mesh "${mesh}"`}`
}
