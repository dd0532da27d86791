/** The words in which the token matrix describes its rows. */

export type CaseId = `ZT-${string}`

export const AREAS = [
  'presence',
  'algorithm',
  'key-selection',
  'structure',
  'time',
  'identity',
  'life-cycle',
  'tenant-selection',
  'sat',
  'cross-use',
  'tls',
] as const
export type Area = (typeof AREAS)[number]

export const LEVELS = ['MUST', 'SHOULD', 'REPORT'] as const
export type Level = (typeof LEVELS)[number]

/**
 * Who says so. What only zonelab says (`ours`) binds zonelab alone: it is REPORT for every other target.
 * `kuma` is read at revision 348b6528 with pull request 18803; `konnect` is its public documentation.
 */
export const BASES = ['rfc', 'kuma', 'konnect', 'ours'] as const
export type Basis = (typeof BASES)[number]

export const PROFILES = [
  'zone-jwt',
  'konnect-sat',
  'kds-multitenant',
  'user-token',
  'dataplane-token',
  'zone-client',
] as const
export type Profile = (typeof PROFILES)[number]

/**
 * `safe`: hostile calls, beside legal ones of the run's own zones, which are removed. `leaves-traces`: makes what it may not
 * be able to remove. `intrusive`: changes keys, revocations or sessions of the target, or is heavy.
 */
export const SAFETIES = ['safe', 'leaves-traces', 'intrusive'] as const
export type Safety = (typeof SAFETIES)[number]

/**
 * `wire`: a connection and one legal token. `keys`: the private signing key. `api`: the REST API as its admin.
 * `raw-http2`: bytes that a gRPC library does not send. `platform`: the platform of a multi-tenant
 * service, as its organisation's admin. `operator`: hooks of a controller. `client`: a zone that a hook of a
 * controller starts, and that dials us.
 */
export const NEEDS = ['wire', 'keys', 'api', 'raw-http2', 'platform', 'operator', 'client'] as const
export type Need = (typeof NEEDS)[number]
