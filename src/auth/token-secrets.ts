import { canonicalJson, type JsonText } from '../model/json.js'
import { type ResourceKey, specOf } from '../model/resource.js'

/**
 * Which secrets hold signing keys and revocation lists (kuma `pkg/core/resources/apis/system/constants.go`).
 * Zone and user tokens have theirs in GlobalSecrets, dataplane tokens in Secrets of the mesh.
 */
export interface KeyPlace {
  readonly type: 'GlobalSecret' | 'Secret'
  readonly mesh: string | undefined
  /** Key names are `<prefix>-<kid>`; the bare prefix is the key with kid 0. */
  readonly prefix: string
  readonly holds: 'private' | 'public'
}

export const ZONE_KEYS: KeyPlace = globalPlace('zone-token-signing-key', 'private')
/** What a zone has of them: the global never hands out the private ones. */
export const ZONE_PUBLIC_KEYS: KeyPlace = globalPlace('zone-token-signing-public-key', 'public')
export const USER_KEYS: KeyPlace = globalPlace('user-token-signing-key', 'private')

export function dataplaneKeys(mesh: string): KeyPlace {
  return { type: 'Secret', mesh, prefix: `dataplane-token-signing-key-${mesh}`, holds: 'private' }
}

export const ZONE_REVOCATIONS: ResourceKey = globalSecret('zone-token-revocations')
export const USER_REVOCATIONS: ResourceKey = globalSecret('user-token-revocations')
export const ADMIN_USER_TOKEN: ResourceKey = globalSecret('admin-user-token')

export function dataplaneRevocations(mesh: string): ResourceKey {
  return { type: 'Secret', mesh, name: `dataplane-token-revocations-${mesh}` }
}

/** kid 0 is the un-suffixed name of Kuma 1.3 (kumahq/kuma#4006). */
const UNSUFFIXED_KID = '0'

export function keyOfKid(place: KeyPlace, kid: string): ResourceKey {
  const name = kid === UNSUFFIXED_KID ? place.prefix : `${place.prefix}-${kid}`
  return { type: place.type, mesh: place.mesh, name }
}

/**
 * The kid of a secret in this place, undefined when it is no key. The raw suffix is kept: Kuma renders it anew from its
 * number, so that its tokens from a key `…-0002` never verify (docs/DIFFERENCES.md).
 */
export function kidOfName(place: KeyPlace, name: string): string | undefined {
  if (name === place.prefix) return UNSUFFIXED_KID
  if (!name.startsWith(`${place.prefix}-`)) return undefined
  const kid = name.slice(place.prefix.length + 1)
  return kid === '' || kid === UNSUFFIXED_KID ? undefined : kid
}

/** What new keys are ordered by; a kid that is no number counts as 0, as in Kuma. */
export function serialOfKid(kid: string): number {
  return /^\d{1,15}$/.test(kid) ? Number(kid) : 0
}

/** The secrets that authentication reads: the ones that a mirror keeps. */
export function isTokenSecret({ type, name }: ResourceKey): boolean {
  if (type === 'Secret') return /^dataplane-token-(?:signing-key|revocations)-/.test(name)
  if (type !== 'GlobalSecret') return false
  return /^(?:zone|user)-token-(?:signing-(?:public-)?key(?:-|$)|revocations$)/.test(name)
}

/** The bytes of a secret's `data`; empty when there is none. */
export function secretData(secret: { readonly spec: JsonText }): Buffer {
  const { data } = specOf<{ data?: unknown }>(secret)
  return typeof data === 'string' ? Buffer.from(data, 'base64') : Buffer.alloc(0)
}

export function secretSpec(data: string | Buffer): JsonText {
  return canonicalJson({ data: Buffer.from(data).toString('base64') })
}

function globalPlace(prefix: string, holds: KeyPlace['holds']): KeyPlace {
  return { type: 'GlobalSecret', mesh: undefined, prefix, holds }
}

function globalSecret(name: string): ResourceKey {
  return { type: 'GlobalSecret', mesh: undefined, name }
}
