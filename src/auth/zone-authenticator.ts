import type { KeyObject } from 'node:crypto'
import type { AppError } from '../base/errors.js'
import type { TenantId } from '../model/tenant.js'
import type { CallMetadata, ZoneCall } from './zone-call.js'

/**
 * Decides who is calling on KDS, for each RPC anew and before anything else is touched. Throws an AppError whose code is the
 * answer: `invalid-argument` (which zone or control plane is unclear), `unauthenticated` (no credential, or one that does
 * not hold), `permission-denied` (it holds, but not for this), `too-large`, `overloaded` (too many refusals),
 * `unavailable` (what decides cannot be known now; never open).
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

/** What proved it; never the token itself. */
export type PeerCredential = { readonly kind: 'none' } | ZoneTokenCredential | AccessTokenCredential

export interface ZoneTokenCredential {
  readonly kind: 'zone-jwt'
  readonly kid: string
  /** The public key that the signature held under. */
  readonly key: KeyObject
  readonly jti: string | undefined
  /** From when on it lets nobody in, leeway included. */
  readonly expiresAtMs: number
}

/** A system account's access token, or a person's. */
export interface AccessTokenCredential {
  readonly kind: 'access-token'
  readonly digest: string
  readonly tokenId: string
  /** Of a managed account, which came with its zone and goes with it: such a zone is never made anew by connecting. */
  readonly managed: boolean
  readonly expiresAtMs: number
}

/** One kind of credential. */
export interface CredentialAuthenticator<Credential extends PeerCredential> {
  /** Throws `unavailable` when it cannot know. */
  authenticate(call: ZoneCall, token: string): Promise<Admitted<Credential> | ZoneRefused>
  /** Whether what let a stream in would let it in again; for streams that are open. Undefined: it would. */
  recheck(call: ZoneCall, credential: Credential): Promise<ZoneRefused | undefined>
}

export interface Admitted<Credential extends PeerCredential> {
  readonly kind: 'admitted'
  readonly credential: Credential
}

/** Why a call was not let in: an expected outcome, so a value. */
export interface ZoneRefused {
  readonly kind: 'refused'
  /** For the log and the counter. */
  readonly reason: string
  /** What the peer is told. */
  readonly error: AppError
  /** The token's id or `jti`, once it is known to be of a token that we or the platform issued. */
  readonly tokenId: string | undefined
  /** For the log alone; safe to show. */
  readonly text: string
}

export function zoneRefused(reason: string, error: AppError, tokenId?: string, text = error.message): ZoneRefused {
  return { kind: 'refused', reason, error, tokenId, text }
}
