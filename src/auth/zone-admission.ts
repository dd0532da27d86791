import { unreachable } from '../base/assert.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { Metrics } from '../base/metrics.js'
import type { TenantId } from '../model/tenant.js'
import type { RefusalThrottle } from './refusal-throttle.js'
import { isAccessToken } from './sat-authenticator.js'
import {
  type AccessTokenCredential,
  type Admitted,
  type CredentialAuthenticator,
  type PeerIdentity,
  type ZoneAuthenticator,
  type ZoneRefused,
  type ZoneTokenCredential,
  zoneRefused,
} from './zone-authenticator.js'
import { type CallMetadata, readCredential, readZoneCall, type Tenancy, type ZoneCall } from './zone-call.js'

export interface ZoneAdmissionOptions {
  readonly tenancy: Tenancy
  readonly zoneTokens: CredentialAuthenticator<ZoneTokenCredential>
  /** Absent in mode `zone-token`: an access token is then a malformed JWT. */
  readonly accessTokens?: CredentialAuthenticator<AccessTokenCredential>
  /** Whether a control plane's organisation is not active: nobody is let in, whatever is presented. */
  readonly isSuspended?: (tenant: TenantId) => boolean
  readonly throttle: RefusalThrottle
  /** Told of every call that named its zone and control plane. */
  readonly observers?: readonly ZoneAdmissionObserver[]
  readonly log: Logger
  readonly metrics: Metrics
}

export interface ZoneAdmissionObserver {
  onAdmitted(peer: PeerIdentity): void
  onRefused(call: ZoneCall, refusal: ZoneRefused): void
}

/** The door of KDS: reads who calls, lets the credential's own authenticator decide, and reports every refusal once. */
export class ZoneAdmission implements ZoneAuthenticator {
  readonly #options: ZoneAdmissionOptions

  constructor(options: ZoneAdmissionOptions) {
    this.#options = options
  }

  async authenticate(metadata: CallMetadata): Promise<PeerIdentity> {
    try {
      return await this.#options.throttle.around(metadata.peerAddress, () => this.#authenticate(metadata))
    } catch (thrown) {
      if (AppError.from(thrown).code === 'overloaded') this.#count('throttled')
      throw thrown
    }
  }

  /** Whether an open stream's credential would still let it in. Undefined: it would. */
  async recheck({ credential, ...call }: PeerIdentity): Promise<ZoneRefused | undefined> {
    const { zoneTokens, accessTokens } = this.#options
    const refusal = await recheckOf(credential)
    return refusal ?? this.#suspension(call, undefined)

    async function recheckOf(of: PeerIdentity['credential']): Promise<ZoneRefused | undefined> {
      switch (of.kind) {
        case 'zone-jwt':
          return zoneTokens.recheck(call, of)
        case 'access-token':
          return accessTokens?.recheck(call, of)
        case 'none':
          return undefined
        default:
          return unreachable(of)
      }
    }
  }

  async #authenticate(metadata: CallMetadata): Promise<PeerIdentity> {
    const { log, tenancy, observers = [] } = this.#options
    let call: ZoneCall
    try {
      call = readZoneCall(metadata, tenancy)
    } catch (thrown) {
      const error = AppError.from(thrown)
      log.info('zone refused', { reason: 'unclear-call', text: error.message })
      this.#count('unclear-call')
      throw error
    }
    const outcome = await this.#decide(call, metadata)
    if (outcome.kind === 'refused') {
      const { reason, tokenId, text, error } = outcome
      log.info('zone refused', { tenant: call.tenant, zone: call.zone, reason, tokenId, text })
      this.#count(reason)
      for (const observer of observers) observer.onRefused(call, outcome)
      throw error
    }
    const peer = { ...call, credential: outcome.credential }
    for (const observer of observers) observer.onAdmitted(peer)
    return peer
  }

  async #decide(call: ZoneCall, metadata: CallMetadata): Promise<Decision> {
    const { zoneTokens, accessTokens } = this.#options
    try {
      const token = readCredential(metadata)
      if (token === undefined) return zoneRefused('no-token', new AppError('unauthenticated', noTokenText(call.zone)))
      const outcome = await (accessTokens !== undefined && isAccessToken(token)
        ? accessTokens.authenticate(call, token)
        : zoneTokens.authenticate(call, token))
      if (outcome.kind === 'refused') return outcome
      return this.#suspension(call, outcome.credential) ?? outcome
    } catch (thrown) {
      const error = AppError.from(thrown)
      return zoneRefused(error.code === 'unauthenticated' ? 'several-tokens' : error.code, error)
    }
  }

  #count(reason: string): void {
    this.#options.metrics.counter('zonelab_zone_refusals_total', { reason }).add(1)
  }

  #suspension({ tenant }: ZoneCall, credential: PeerIdentity['credential'] | undefined): ZoneRefused | undefined {
    if (!this.#options.isSuspended?.(tenant)) return undefined
    const text = 'the organisation of this control plane is not active; no zone gets configuration until it is'
    return zoneRefused('organization-inactive', new AppError('permission-denied', text), tokenIdOf(credential))
  }
}

type Decision = Admitted<ZoneTokenCredential> | Admitted<AccessTokenCredential> | ZoneRefused

function tokenIdOf(credential: PeerIdentity['credential'] | undefined): string | undefined {
  if (credential?.kind === 'zone-jwt') return credential.jti
  return credential?.kind === 'access-token' ? credential.tokenId : undefined
}

function noTokenText(zone: string): string {
  return [
    'Zone CP did not provide a zone token.',
    `1. Generate one: kumactl generate zone-token --zone ${zone} --scope cp --valid-for 720h.`,
    '2. Give it to the zone CP: its path in KUMA_MULTIZONE_ZONE_KDS_AUTH_TOKEN_PATH,',
    'or itself in KUMA_MULTIZONE_ZONE_KDS_AUTH_TOKEN_INLINE.',
  ].join(' ')
}
