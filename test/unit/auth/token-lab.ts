import { createPublicKey, createSign, type KeyObject } from 'node:crypto'
import { ZONE_CP_SCOPE } from '../../../src/auth/issue.js'
import { RefusalThrottle } from '../../../src/auth/refusal-throttle.js'
import { parseRevocationList } from '../../../src/auth/revocations.js'
import { generateSigningKeyPem, parsePrivateKey } from '../../../src/auth/rsa-key.js'
import type { TokenTrust } from '../../../src/auth/verify.js'
import { ZoneAdmission, type ZoneAdmissionOptions } from '../../../src/auth/zone-admission.js'
import { type CallMetadata, CP_ID_HEADER } from '../../../src/auth/zone-call.js'
import { ZoneTokenAuthenticator, type ZoneTokenOptions } from '../../../src/auth/zone-token-authenticator.js'
import { AppError, type ErrorCode } from '../../../src/base/errors.js'
import { type LogFields, type Logger, silentLogger } from '../../../src/base/log.js'
import { noMetrics } from '../../../src/base/metrics.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { FakeClock } from '../../support/fake-clock.js'

/** Keys and tokens for the rows of the zone authentication matrix. Tokens are put together by hand, so that they can be wrong. */

/** The moment at which every row's server clock stands, whole seconds. */
export const T = Date.UTC(2026, 5, 1) / 1000

export const fresh = async (): Promise<KeyObject> => parsePrivateKey(Buffer.from(await generateSigningKeyPem()))

/** Made once a test file: control plane A's zone key, its user key, and control plane B's zone key. */
export const [zoneKeyA, userKeyA, zoneKeyB] = await Promise.all([fresh(), fresh(), fresh()])

export const BASE_HEADER = { alg: 'RS256', kid: '1', typ: 'JWT' } as const
export const BASE_CLAIMS = {
  Zone: 'z1',
  Scope: [ZONE_CP_SCOPE],
  exp: T + 3600,
  nbf: T - 5,
  iat: T - 5,
  jti: '4b0b3c5e-1f43-4d0c-9f43-0d5b3f6f7a10',
} as const

export const segment = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** Signs whatever the two segments are: objects as JSON, strings as they are. */
export function signed(header: unknown, claims: unknown, key: KeyObject = zoneKeyA): string {
  return signSegments(segment(header), segment(claims), key)
}

export function signSegments(header: string, payload: string, key: KeyObject = zoneKeyA): string {
  const signature = createSign('RSA-SHA256').update(`${header}.${payload}`).sign(key)
  return `${header}.${payload}.${signature.toString('base64url')}`
}

/** Base with other claims; `undefined` leaves one out. */
export function tokenWith(claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}): string {
  return signed({ ...BASE_HEADER, ...header }, { ...BASE_CLAIMS, ...claims })
}

/** Base with the JSON of its times spelled out: for numbers that JSON.stringify does not write. */
export function tokenWithRawTimes(members: string): string {
  const { exp: _, nbf: __, iat: ___, ...rest } = BASE_CLAIMS
  return signed(BASE_HEADER, `${JSON.stringify(rest).slice(0, -1)},${members}}`)
}

export function trustOf(keys: Readonly<Record<string, KeyObject>>, revoked = ''): TokenTrust {
  const byKid = new Map(Object.entries(keys).map(([kid, key]) => [kid, createPublicKey(key)]))
  const ids = parseRevocationList(revoked)
  return {
    keys: {
      publicKey: async (kid) => {
        const key = byKid.get(kid)
        return key ? { kind: 'found', key } : { kind: 'missing', text: `there is no signing key with KID ${kid}` }
      },
    },
    revocations: { isRevoked: async (jti) => ids.has(jti) },
  }
}

export type Headers = Readonly<Record<string, string | readonly string[]>>

export function metadata(headers: Headers): CallMetadata {
  return { values: (name) => [headers[name] ?? []].flat(), peerAddress: '192.0.2.1' }
}

/** What the log was told, for proving that it holds no token. */
export function recordingLogger(lines: { message: string; fields: LogFields }[]): Logger {
  const record = (message: string, fields: LogFields = {}) => void lines.push({ message, fields })
  return { ...silentLogger, info: record, warn: record, error: record, debug: record }
}

export type DoorOptions = Omit<ZoneAdmissionOptions, 'zoneTokens' | 'throttle'> & ZoneTokenOptions

/** The door of a lab without tenants: the default tenant trusts A's zone key under kid 1. */
export function authenticator(options: Partial<DoorOptions> = {}): ZoneAdmission {
  const trust = trustOf({ '1': zoneKeyA })
  const all: DoorOptions = {
    tenancy: { fallback: DEFAULT_TENANT, cpIdHeader: CP_ID_HEADER, ids: 'names' },
    trust: { find: (tenant) => (tenant === DEFAULT_TENANT ? trust : undefined) },
    refusals: 'detailed',
    clock: new FakeClock(T * 1000),
    log: silentLogger,
    metrics: noMetrics,
    ...options,
  }
  const throttle = new RefusalThrottle({ clock: new FakeClock(), perSecond: 1_000 })
  return new ZoneAdmission({ ...all, zoneTokens: new ZoneTokenAuthenticator(all), throttle })
}

/** A refusal as the peer sees it, or the identity. */
export type Answer = 'OK' | { readonly code: ErrorCode; readonly text: string }

export async function answer(headers: Headers, options: Partial<DoorOptions> = {}): Promise<Answer> {
  try {
    await authenticator(options).authenticate(metadata(headers))
    return 'OK'
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    return { code: thrown.code, text: thrown.message }
  }
}

/** The answer's code alone for a token of z1. */
export async function codeOf(token: string, options: Partial<DoorOptions> = {}): Promise<'OK' | ErrorCode> {
  const result = await answer({ 'client-id': 'z1', authorization: token }, options)
  return result === 'OK' ? 'OK' : result.code
}

export const U = 'unauthenticated'
export const PD = 'permission-denied'
export const IA = 'invalid-argument'
export const RE = 'too-large'
export const UA = 'unavailable'
