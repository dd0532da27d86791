import type { KeyObject } from 'node:crypto'
import type { Bench } from '../bench.js'
import { compact, rs256 } from './encoder.js'

/** *Base* of auth.md §4.1: the token that every forgery differs from in one thing. */

export type Members = Readonly<Record<string, unknown>>

export function baseHeader({ signing }: Bench): Members {
  return { alg: 'RS256', kid: signing.kid, typ: 'JWT' }
}

export function baseClaims({ claims, nowS, uuid }: Bench): Members {
  return { ...claims, exp: nowS + 3600, nbf: nowS - 5, iat: nowS - 5, jti: uuid() }
}

export interface Changes {
  readonly header?: Members
  readonly claims?: Members
  readonly key?: KeyObject
}

/** Base with members replaced (`undefined` leaves one out), signed all the same. */
export function tokenWith(bench: Bench, { header = {}, claims = {}, key }: Changes): string {
  const signer = rs256(key ?? bench.signing.privateKey)
  return compact({ ...baseHeader(bench), ...header }, { ...baseClaims(bench), ...claims }, signer)
}

/** The three segments of a token that is one. */
export function segmentsOf(token: string): readonly [header: string, payload: string, signature: string] {
  const [header = '', payload = '', signature = ''] = token.split('.')
  return [header, payload, signature]
}
