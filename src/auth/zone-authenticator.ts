import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { Metrics } from '../base/metrics.js'
import type { TenantId } from '../model/tenant.js'
import { type ZoneClaims, zoneClaims } from './claims.js'
import { ZONE_CP_SCOPE } from './issue.js'
import type { Refused } from './refusal.js'
import { type TokenTrust, type Verified, type VerifyOptions, verifyToken } from './verify.js'
import { type CallMetadata, readCredential, readZoneCall, type Tenancy, type ZoneCall } from './zone-call.js'

/**
 * Decides who is calling on KDS, for each RPC anew and before anything else is touched. Each kind of credential is one
 * implementation. Throws an AppError whose code is the answer: `invalid-argument` (which zone or control plane is unclear),
 * `unauthenticated` (no credential, or one that does not hold), `permission-denied` (it holds, but not for this),
 * `too-large`, `unavailable` (keys or revocations cannot be known now; never open).
 */
export interface ZoneAuthenticator {
  authenticate(metadata: CallMetadata): Promise<PeerIdentity>
}

/** The proved sender of everything on a stream. What the payload says about its sender counts for nothing. */
export interface PeerIdentity {
  readonly tenant: TenantId
  readonly zone: string
  readonly credential: PeerCredential
}

export type PeerCredential =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'zone-jwt'
      readonly kid: string
      readonly jti: string | undefined
      readonly expiresAtMs: number
    }

/** Knows which control planes there are. Asking about one that does not exist must not make it. */
export interface ZoneTrust {
  find(tenant: TenantId): TokenTrust | undefined
}

export interface ZoneTokenOptions extends VerifyOptions {
  readonly tenancy: Tenancy
  readonly trust: ZoneTrust
  /**
   * `generic`: one text for whatever does not hold, so that an unknown control plane and another's token cannot be told
   * apart; with several tenants. `detailed`: Kuma's texts. The log has the reason either way.
   */
  readonly refusals: 'generic' | 'detailed'
  readonly log: Logger
  readonly metrics: Metrics
}

/** Zone JWTs with the scope `cp`, verified with the keys of the control plane that the call selects. */
export class ZoneTokenAuthenticator implements ZoneAuthenticator {
  readonly #options: ZoneTokenOptions

  constructor(options: ZoneTokenOptions) {
    this.#options = options
  }

  async authenticate(metadata: CallMetadata): Promise<PeerIdentity> {
    const call = readZoneCall(metadata, this.#options.tenancy)
    const token = readCredential(metadata)
    if (token === undefined) throw new AppError('unauthenticated', noTokenText(call.zone))
    const trust = this.#options.trust.find(call.tenant) ?? NO_TRUST
    const outcome = await verifyToken(token, zoneClaims, trust, this.#options)
    if (outcome.kind === 'refused') throw this.#refusal(call, outcome)
    return this.#identify(call, outcome)
  }

  #identify(call: ZoneCall, { claims, kid, expiresAtMs }: Verified<ZoneClaims>): PeerIdentity {
    if (claims.Zone !== call.zone) {
      this.#report(call, 'other-zone', claims.jti)
      const text = `token is signed for ${JSON.stringify(claims.Zone)} zone, but connected CP advertised as "${call.zone}"`
      throw new AppError('permission-denied', text)
    }
    if (!claims.Scope.includes(ZONE_CP_SCOPE)) {
      this.#report(call, 'no-scope', claims.jti)
      const text = `token cannot be used to authenticate zone CP (cp is out of token's scope: [${claims.Scope.join(' ')}])`
      throw new AppError('permission-denied', text)
    }
    return { ...call, credential: { kind: 'zone-jwt', kid, jti: claims.jti, expiresAtMs } }
  }

  #refusal(call: ZoneCall, { reason, text, jti }: Refused): AppError {
    this.#report(call, reason, jti, text)
    if (reason === 'too-large') return new AppError('too-large', text)
    const shown = this.#options.refusals === 'generic' ? GENERIC_REFUSAL : text
    return new AppError('unauthenticated', `invalid zone token: ${shown}`)
  }

  #report({ tenant, zone }: ZoneCall, reason: string, jti: string | undefined, text?: string): void {
    this.#options.log.info('zone refused', { tenant, zone, reason, jti, text })
    this.#options.metrics.counter('zonelab_zone_refusals_total').add(1, { reason })
  }
}

const GENERIC_REFUSAL = 'the token does not hold for this control plane; generate one with a key of this control plane'

/** Stands in for a control plane that does not exist: the same work and the same answer as for a wrong key. */
const NO_TRUST: TokenTrust = {
  keys: { publicKey: async () => ({ kind: 'missing', text: 'there is no such control plane' }) },
  revocations: { isRevoked: async () => false },
}

function noTokenText(zone: string): string {
  return [
    'Zone CP did not provide a zone token.',
    `1. Generate one: kumactl generate zone-token --zone ${zone} --scope cp --valid-for 720h.`,
    '2. Give it to the zone CP: its path in KUMA_MULTIZONE_ZONE_KDS_AUTH_TOKEN_PATH,',
    'or itself in KUMA_MULTIZONE_ZONE_KDS_AUTH_TOKEN_INLINE.',
  ].join(' ')
}
