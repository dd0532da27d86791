import { AppError } from '../base/errors.js'

/** The virtual global control plane's ID. It leads every key; there is no empty tenant. */
export type TenantId = string & { readonly __brand: 'TenantId' }

/** The tenant of a lab that was started without tenants. */
export const DEFAULT_TENANT = 'default' as TenantId

const TENANT = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** Accepts 1–63 characters of lower-case letters, digits and inner dashes (a UUID is one). Throws `invalid-argument`. */
export function parseTenantId(text: string): TenantId {
  if (!TENANT.test(text)) {
    throw new AppError('invalid-argument', 'the control plane id must be 1 to 63 lower-case letters, digits or dashes')
  }
  return text as TenantId
}
