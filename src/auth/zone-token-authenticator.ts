import { AppError } from '../base/errors.js'
import type { TenantId } from '../model/tenant.js'
import { type ZoneClaims, zoneClaims } from './claims.js'
import { ZONE_CP_SCOPE } from './issue.js'
import type { Refused } from './refusal.js'
import { VerifiedTokens } from './verified-tokens.js'
import { type TokenTrust, type Verified, type VerifyOptions, verifyToken } from './verify.js'
import {
  type Admitted,
  type CredentialAuthenticator,
  type ZoneRefused,
  type ZoneTokenCredential,
  zoneRefused,
} from './zone-authenticator.js'
import type { ZoneCall } from './zone-call.js'

/** Knows which control planes there are. Asking about one that does not exist must not make it. */
export interface ZoneTrust {
  /** Undefined: there is none, or none that takes zone tokens. Throws `unavailable` when it cannot know. */
  find(tenant: TenantId): TokenTrust | undefined
}

export interface ZoneTokenOptions extends VerifyOptions {
  readonly trust: ZoneTrust
  /** Each token must name its control plane's ID as its audience, instead of one that is the same for all. */
  readonly audienceIsTenant?: boolean
  /**
   * `generic`: one text for whatever does not hold, so that an unknown control plane and another's token cannot be told
   * apart; with several tenants. `detailed`: Kuma's texts. The log has the reason either way.
   */
  readonly refusals: 'generic' | 'detailed'
}

/** Zone JWTs with the scope `cp`, verified with the keys of the control plane that the call selects. */
export class ZoneTokenAuthenticator implements CredentialAuthenticator<ZoneTokenCredential> {
  readonly #options: ZoneTokenOptions
  readonly #known = new VerifiedTokens<ZoneClaims>()

  constructor(options: ZoneTokenOptions) {
    this.#options = options
  }

  async authenticate(call: ZoneCall, token: string): Promise<Admitted<ZoneTokenCredential> | ZoneRefused> {
    const trust = this.#options.trust.find(call.tenant) ?? NO_TRUST
    const options = this.#options.audienceIsTenant ? { ...this.#options, audience: call.tenant } : this.#options
    const outcome = await verifyToken({ token, schema: zoneClaims, trust, known: this.#known }, options)
    return outcome.kind === 'refused' ? this.#refusal(outcome) : identify(call, outcome, this.#options.leewayMs ?? 0)
  }

  /** The key is still the one that signed, the id is not revoked, the time is not over. */
  async recheck({ tenant }: ZoneCall, credential: ZoneTokenCredential): Promise<ZoneRefused | undefined> {
    const { kid, key, jti, expiresAtMs } = credential
    const { trust, clock } = this.#options
    const { keys, revocations } = trust.find(tenant) ?? NO_TRUST
    const lookup = await keys.publicKey(kid)
    if (lookup.kind === 'missing' || !lookup.key.equals(key)) {
      const text = 'the key that signed the token is gone'
      return this.#refusal({ kind: 'refused', reason: 'unknown-key', text, ...(jti !== undefined && { jti }) })
    }
    const refusal = { kind: 'refused', ...(jti !== undefined && { jti }) } as const
    if (await revocations.isRevoked(jti ?? '')) {
      return this.#refusal({ ...refusal, reason: 'revoked', text: 'token is revoked' })
    }
    if (clock.nowMs() < expiresAtMs) return undefined
    return this.#refusal({ ...refusal, reason: 'expired', text: 'token is expired' })
  }

  #refusal({ reason, text, jti }: Refused): ZoneRefused {
    if (reason === 'too-large') return zoneRefused(reason, new AppError('too-large', text))
    const shown = this.#options.refusals === 'generic' ? GENERIC_REFUSAL : text
    return zoneRefused(reason, new AppError('unauthenticated', `invalid zone token: ${shown}`), jti, text)
  }
}

function identify(
  call: ZoneCall,
  { claims, kid, key, expiresAtMs: expMs }: Verified<ZoneClaims>,
  leewayMs: number,
): Admitted<ZoneTokenCredential> | ZoneRefused {
  if (claims.Zone !== call.zone) {
    const text = `token is signed for ${JSON.stringify(claims.Zone)} zone, but connected CP advertised as "${call.zone}"`
    return zoneRefused('other-zone', new AppError('permission-denied', text), claims.jti)
  }
  if (!claims.Scope.includes(ZONE_CP_SCOPE)) {
    const text = `token cannot be used to authenticate zone CP (cp is out of token's scope: [${claims.Scope.join(' ')}])`
    return zoneRefused('no-scope', new AppError('permission-denied', text), claims.jti)
  }
  const expiresAtMs = expMs + leewayMs
  return { kind: 'admitted', credential: { kind: 'zone-jwt', kid, key, jti: claims.jti, expiresAtMs } }
}

const GENERIC_REFUSAL = 'the token does not hold for this control plane; generate one with a key of this control plane'

/** Stands in for a control plane that does not exist: the same work and the same answer as for a wrong key. */
const NO_TRUST: TokenTrust = {
  keys: { publicKey: async () => ({ kind: 'missing', text: 'there is no such control plane' }) },
  revocations: { isRevoked: async () => false },
}
