import { SignJWT } from 'jose'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Random } from '../base/random.js'
import type { SigningKeys } from './keyring.js'

export interface IssuerPorts {
  readonly keys: SigningKeys
  readonly clock: Clock
  readonly random: Random
}

export interface ZoneTokenRequest {
  readonly zone: string
  readonly scope: readonly string[]
  /** For control planes that ask for one; Kuma's tokens have none. */
  readonly audience?: string
}

export interface UserTokenRequest {
  readonly name: string
  readonly groups: readonly string[]
}

/** Every field but the mesh may be empty: what is stated must then be true of the Dataplane that presents the token. */
export interface DataplaneTokenRequest {
  readonly name: string
  readonly mesh: string
  readonly tags: Readonly<Record<string, readonly string[]>>
  readonly type: string
  readonly workload: string
}

/** Scope with which a zone token lets a zone control plane in. */
export const ZONE_CP_SCOPE = 'cp'
/** What Kuma gives when the request does not say (kumahq/kuma#4001): ten years of 365 days. */
export const VALID_FOR_DEFAULT_MS = 10 * 365 * 24 * 3_600_000
/** A token must work at once on a replica whose clock is this far behind. */
const BACKDATED_MS = 5_000

/** The compact token. `validForMs` may be 0 or negative: the token is then expired, as from Kuma. Errors: see `SigningKeys`. */
export function issueZoneToken(request: ZoneTokenRequest, validForMs: number, ports: IssuerPorts): Promise<string> {
  const { zone, scope, audience } = request
  return issue({ Zone: zone, Scope: scope, ...(audience !== undefined && { aud: audience }) }, validForMs, ports)
}

export function issueUserToken(request: UserTokenRequest, validForMs: number, ports: IssuerPorts): Promise<string> {
  return issue({ Name: request.name, Groups: request.groups }, validForMs, ports)
}

export function issueDataplaneToken(
  { name, mesh, tags, type, workload }: DataplaneTokenRequest,
  validForMs: number,
  ports: IssuerPorts,
): Promise<string> {
  return issue({ Name: name, Mesh: mesh, Tags: tags, Type: type, Workload: workload }, validForMs, ports)
}

/** Claims in Kuma's order: the kind's own, then exp, nbf, iat, jti. Whole seconds, cut off. */
async function issue(claims: Record<string, unknown>, validForMs: number, ports: IssuerPorts): Promise<string> {
  if (!Number.isFinite(validForMs)) throw new AppError('invalid-argument', 'a token must be valid for a finite time')
  const { kid, privateKey } = await ports.keys.latest()
  const nowMs = ports.clock.nowMs()
  const backdated = Math.floor((nowMs - BACKDATED_MS) / 1000)
  const exp = Math.floor((nowMs + validForMs) / 1000)
  return new SignJWT({ ...claims, exp, nbf: backdated, iat: backdated, jti: ports.random.uuid() })
    .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
    .sign(privateKey)
}

/** Kuma's text, for a control plane whose tokens are made elsewhere. */
export function issuerDisabled(): AppError {
  return new AppError('invalid-argument', 'issuing tokens using the control plane is disabled.')
}
