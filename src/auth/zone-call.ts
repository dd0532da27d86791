import { AppError } from '../base/errors.js'
import { parseTenantId, type TenantId } from '../model/tenant.js'

/** The metadata of one call: every value of a header, in order of arrival. Names are lower case. */
export interface CallMetadata {
  values(name: string): readonly string[]
  /** Where the connection comes from, without the port. What a proxy may say in a header counts for nothing. */
  readonly peerAddress: string
}

/** Selects the control plane; the name in Konnect is not public, so it is configurable (auth.md §2.1). */
export const CP_ID_HEADER = 'x-konnect-cp-id'

/** Which control plane a call without the header is for. */
export interface Tenancy {
  /** Undefined: the header is required. */
  readonly fallback: TenantId | undefined
  readonly cpIdHeader: string
  /** A platform names its control planes by UUIDs; who configures them himself calls them what he likes. */
  readonly ids: 'uuids' | 'names'
}

/** Who the caller says it is. Nothing about it is proved. */
export interface ZoneCall {
  readonly zone: string
  readonly tenant: TenantId
}

/** Throws `invalid-argument` when `client-id` is missing or no zone name, or the control plane id is missing or malformed. */
export function readZoneCall(metadata: CallMetadata, tenancy: Tenancy): ZoneCall {
  return { zone: readZoneName(metadata), tenant: readTenant(metadata, tenancy) }
}

/**
 * The token of the call, bare (as a Kuma zone sends it) or after the word Bearer in any case (RFC 9110 §11.1): exactly one
 * word and one space are taken off, what is left is for the gate. Undefined when there is none.
 * Throws `unauthenticated` for several values: no rule says which one counts.
 */
export function readCredential(metadata: CallMetadata): string | undefined {
  const values = metadata.values('authorization')
  if (values.length > 1) {
    const text = `authorization header has ${values.length} values. Expected 1 value`
    throw new AppError('unauthenticated', text)
  }
  return values[0]?.replace(/^bearer /i, '') || undefined
}

/** RFC 1035 label, the rule for names of zones (kuma `pkg/config/multizone`). */
const ZONE_NAME = /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/

function readZoneName(metadata: CallMetadata): string {
  const values = metadata.values('client-id')
  const [zone] = values
  if (zone === undefined) throw new AppError('invalid-argument', '"client-id" is not present in metadata')
  if (values.length > 1 || !ZONE_NAME.test(zone)) {
    throw new AppError(
      'invalid-argument',
      '"client-id" in metadata must be one zone name: 1 to 63 lower-case letters, digits or dashes, starting with a letter and not ending with a dash',
    )
  }
  return zone
}

/** A UUID is compared by value, so its letters may be upper case (RFC 9562 §4). */
const UUID = /^[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}$/i

function readTenant(metadata: CallMetadata, { fallback, cpIdHeader, ids }: Tenancy): TenantId {
  const values = metadata.values(cpIdHeader)
  const [text] = values
  if (text === undefined) {
    if (fallback !== undefined) return fallback
    throw new AppError('invalid-argument', `"${cpIdHeader}" is not present in metadata; name the control plane`)
  }
  if (values.length > 1) throw new AppError('invalid-argument', `"${cpIdHeader}" in metadata must have one value`)
  if (UUID.test(text)) return parseTenantId(text.toLowerCase())
  if (ids === 'names') return parseTenantId(text)
  throw new AppError('invalid-argument', `"${cpIdHeader}" in metadata must be the UUID of a control plane`)
}
