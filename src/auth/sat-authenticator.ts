import { createHash } from 'node:crypto'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { AdmissionTable, AdmittedControlPlane, AdmittedCredential } from './admission-table.js'
import { TOKEN_CHARS_MAX } from './gate.js'
import {
  type AccessTokenCredential,
  type Admitted,
  type CredentialAuthenticator,
  type ZoneRefused,
  zoneRefused,
} from './zone-authenticator.js'
import type { ZoneCall } from './zone-call.js'

export interface SatOptions {
  readonly table: AdmissionTable
  /** How old what the platform said may be; beyond, nobody new is let in. */
  readonly ageMsMax: number
  /**
   * Whether a stream that this token opened for this zone is open here: then it is nobody new, and is judged by what was
   * known last, so that a platform that is away ends no session by a health check.
   */
  readonly keepsStream: (call: ZoneCall, digest: string) => boolean
  readonly clock: Clock
}

/** System account access tokens, and those of persons, told by how they begin. Nothing else of their form counts. */
export function isAccessToken(token: string): boolean {
  return token.startsWith('spat_') || token.startsWith('kpat_')
}

/**
 * Access tokens: looked up by digest in what the platform said, and then the role of their holder on the control plane that
 * the call selects. An unknown control plane, another organisation's and one without a role get the same answer.
 */
export class SatAuthenticator implements CredentialAuthenticator<AccessTokenCredential> {
  readonly #options: SatOptions

  constructor(options: SatOptions) {
    this.#options = options
  }

  async authenticate(call: ZoneCall, token: string): Promise<Admitted<AccessTokenCredential> | ZoneRefused> {
    if (token.length > TOKEN_CHARS_MAX) {
      const text = `the token is longer than ${TOKEN_CHARS_MAX} characters`
      return zoneRefused('too-large', new AppError('too-large', text))
    }
    const digest = createHash('sha256').update(token).digest()
    const hex = digest.toString('hex')
    if (!this.#isCurrent() && !this.#options.keepsStream(call, hex)) return unknowable()
    const outcome = this.#judge(call, digest)
    if (outcome.kind === 'refused') return outcome
    const { id, expiresAtMs, zone } = outcome
    const managed = zone !== undefined
    return {
      kind: 'admitted',
      credential: { kind: 'access-token', digest: hex, tokenId: id, managed, expiresAtMs },
    }
  }

  /** By what is known, however old: a platform that is away ends no stream. */
  async recheck(call: ZoneCall, { digest }: AccessTokenCredential): Promise<ZoneRefused | undefined> {
    const outcome = this.#judge(call, Buffer.from(digest, 'hex'))
    return outcome.kind === 'refused' ? outcome : undefined
  }

  #isCurrent(): boolean {
    const age = this.#options.table.ageMs(this.#options.clock.monotonicMs())
    return age !== undefined && age <= this.#options.ageMsMax
  }

  #judge(call: ZoneCall, digest: Buffer): (AdmittedCredential & { readonly kind: 'known' }) | ZoneRefused {
    const { table, clock } = this.#options
    const credential = table.credential(digest)
    if (credential === undefined) return unauthenticated('unknown-token')
    // Holds until its time, as a JWT does: at the very millisecond it is over (RFC 7519 §4.1.4).
    if (clock.nowMs() >= credential.expiresAtMs) return unauthenticated('expired', credential.id)
    const fault = accessFault(call, credential, table.controlPlane(call.tenant))
    return fault ?? { ...credential, kind: 'known' }
  }
}

/** Rights first: who has none on a control plane learns nothing of what it takes. */
function accessFault(
  call: ZoneCall,
  credential: AdmittedCredential,
  controlPlane: AdmittedControlPlane | undefined,
): ZoneRefused | undefined {
  const { id, zone, tokenKind } = credential
  if (controlPlane === undefined) return denied('other-control-plane', id)
  if (!mayConnect(credential, controlPlane)) return denied('no-role', id)
  if (zone && (zone.controlPlane !== call.tenant || zone.name !== call.zone)) return denied('other-zone', id)
  if (controlPlane.zoneCredentials === 'zone-token') return unauthenticated('zone-tokens-only', id)
  if (tokenKind === 'pat' && !controlPlane.personalTokens) return unauthenticated('personal-token', id)
  return undefined
}

/** Roles are additive, and the names are exact (auth.md §2.5). */
const CONNECTING_ROLES: ReadonlySet<string> = new Set(['Admin', 'Connector'])

function mayConnect({ organization, grants }: AdmittedCredential, controlPlane: AdmittedControlPlane): boolean {
  if (organization !== controlPlane.organization) return false
  return grants.some(
    (grant) =>
      CONNECTING_ROLES.has(grant.role) &&
      (grant.controlPlane === '*' || grant.controlPlane === controlPlane.id) &&
      (grant.region === '*' || grant.region === controlPlane.region),
  )
}

function unauthenticated(reason: string, tokenId?: string): ZoneRefused {
  const text = 'invalid zone token: the token is unknown, expired, revoked or of a kind that is not taken here'
  return zoneRefused(reason, new AppError('unauthenticated', text), tokenId, reason)
}

function denied(reason: string, tokenId: string): ZoneRefused {
  const text =
    'the token may not connect this zone to this control plane: its holder needs the role Connector or Admin on it, in its region, and the account of a provisioned zone is for that zone alone'
  return zoneRefused(reason, new AppError('permission-denied', text), tokenId, reason)
}

function unknowable(): ZoneRefused {
  const text = 'whether the token holds cannot be known now, because the platform has not been heard; try again'
  return zoneRefused('platform-away', new AppError('unavailable', text))
}
