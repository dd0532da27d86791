import type { KeyObject } from 'node:crypto'
import { compactVerify, errors } from 'jose'
import type { Clock } from '../base/clock.js'
import type { ClaimsSchema, RegisteredClaims, VerifiedClaims } from './claims.js'
import { gate } from './gate.js'
import type { PublicKeys } from './keyring.js'
import { type Refused, refused } from './refusal.js'
import type { Revocations } from './revocations.js'
import { decoyPublicKey } from './rsa-key.js'
import type { VerifiedTokens } from './verified-tokens.js'

/** Whose tokens hold: the keys and the revocation list of one kind of token of one tenant (and mesh). */
export interface TokenTrust {
  readonly keys: PublicKeys
  readonly revocations: Revocations
}

export interface VerifyOptions {
  readonly clock: Clock
  /** How far the issuer's clock may be off. Default 0, as Kuma; more keeps expired tokens alive for as long. */
  readonly leewayMs?: number
  /** The audience that a token must name. Default: not checked, for Kuma's tokens have none. */
  readonly audience?: string
}

/** Token, claims and trust of one call. */
export interface VerifyRequest<Claims extends RegisteredClaims> {
  readonly token: string
  readonly schema: ClaimsSchema<Claims>
  readonly trust: TokenTrust
  /** What was verified before, of tokens of the same schema. */
  readonly known: VerifiedTokens<Claims>
}

export interface Verified<Claims> {
  readonly kind: 'verified'
  readonly claims: VerifiedClaims<Claims>
  readonly kid: string
  readonly key: KeyObject
  readonly expiresAtMs: number
}

/**
 * Form, key, signature, time, audience, revocation, in this order (auth.md §1.7): a token with several faults is refused
 * for the first. An unknown key takes as long to refuse as a wrong signature.
 * Throws only when keys or revocations cannot be known (`unavailable`).
 */
export async function verifyToken<Claims extends RegisteredClaims>(
  { token, schema, trust, known }: VerifyRequest<Claims>,
  options: VerifyOptions,
): Promise<Verified<Claims> | Refused> {
  const before = known.find(token)
  const passed = before ?? gate(token, schema)
  if (passed.kind === 'refused') return passed
  const lookup = await trust.keys.publicKey(passed.kid)
  if (before === undefined || lookup.kind === 'missing' || lookup.key !== before.key) {
    const holds = await signatureHolds(token, lookup.kind === 'found' ? lookup.key : DECOY)
    if (lookup.kind === 'missing') return refused('unknown-key', lookup.text)
    if (!holds) return refused('bad-signature', wrap('token signature is invalid: crypto/rsa: verification error'))
    known.add(token, { ...passed, key: lookup.key })
  }
  const claims = passed.claims.unverified
  const fault = timeFault(claims, options) ?? audienceFault(claims, options)
  if (fault !== undefined) return { ...fault, ...(claims.jti === undefined ? {} : { jti: claims.jti }) }
  if (await trust.revocations.isRevoked(claims.jti ?? '')) return refused('revoked', 'token is revoked', claims.jti)
  const expiresAtMs = Math.floor((claims.exp ?? 0) * 1000)
  return { kind: 'verified', claims: claims as VerifiedClaims<Claims>, kid: passed.kid, key: lookup.key, expiresAtMs }
}

/** RS256 and nothing else. `compact` must have passed the gate's structural part. */
export async function signatureHolds(compact: string, key: KeyObject): Promise<boolean> {
  try {
    await compactVerify(compact, key, { algorithms: ['RS256'] })
    return true
  } catch (thrown) {
    if (thrown instanceof errors.JOSEError) return false
    throw thrown
  }
}

const DECOY = decoyPublicKey()

/** No Go duration, so no token of Kuma's or ours, is longer than 292 years; milliseconds taken for seconds are. */
const LIFETIME_MAX_S = 293 * 366 * 24 * 3600

/** Holds while nbf <= now < exp (RFC 7519 §4.1.4, §4.1.5), give or take the leeway. `iat` has no rule. */
function timeFault({ exp, nbf }: RegisteredClaims, { clock, leewayMs = 0 }: VerifyOptions): Refused | undefined {
  const now = clock.nowMs() / 1000
  const leeway = leewayMs / 1000
  if (exp === undefined) return invalidClaims('token is missing the required exp claim')
  if (now - leeway >= exp) {
    return refused('expired', wrap(`token has invalid claims: token is expired by ${Math.floor(now - exp)}s`))
  }
  if (exp > now + LIFETIME_MAX_S) return invalidClaims('exp is too far away; it must be in seconds')
  if (nbf === undefined) return undefined
  if (exp < nbf) return invalidClaims('token expires before it is valid')
  if (now + leeway < nbf) {
    const hint = 'Check if the system clock on the instance that issued the token is set correctly'
    const text = `token is not yet valid: 'valid_from' date is in the future. ${hint}: token has invalid claims: token is not valid yet`
    return refused('not-yet-valid', text)
  }
  return undefined
}

function audienceFault({ aud }: RegisteredClaims, { audience }: VerifyOptions): Refused | undefined {
  if (audience === undefined) return undefined
  const named = typeof aud === 'string' ? [aud] : (aud ?? [])
  return named.includes(audience) ? undefined : invalidClaims('token is meant for another audience')
}

function invalidClaims(text: string): Refused {
  return refused('invalid-claims', wrap(`token has invalid claims: ${text}`))
}

function wrap(text: string): string {
  return `could not parse token: ${text}`
}
