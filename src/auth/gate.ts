import type { JsonObject } from '../model/json.js'
import type { ClaimsSchema, RegisteredClaims, UnverifiedClaims } from './claims.js'
import { type Refused, refused } from './refusal.js'
import { parseStrictJsonObject } from './strict-json.js'

/**
 * The strict door in front of the token library, which alone takes padding, spaces and spare bits in the signature, a
 * byte order mark, repeated members and a `kid` of any type. Order and texts follow Kuma's parser (golang-jwt's
 * `Parser.ParseUnverified`, then `pkg/core/tokens/validator.go`), so that both name the same first fault.
 */

/** gRPC suggests that 8 KiB of metadata always pass; twice that leaves room for claims that others add. */
export const TOKEN_CHARS_MAX = 16 * 1024
/** A key's id ends the name of its secret, and names have at most 253 characters. */
const KID_CHARS_MAX = 253

/** A token in canonical compact form whose header is an object. Nothing about it is verified. */
export interface Jws {
  readonly kind: 'jws'
  readonly compact: string
  readonly header: JsonObject
  readonly payload: Buffer
  /** Undefined when the segment is not canonical base64url, or empty. */
  readonly signature: Buffer | undefined
}

export interface Passed<Claims> {
  readonly kind: 'passed'
  readonly kid: string
  readonly claims: UnverifiedClaims<Claims>
}

/** Lets a token through to verification, or says which rule of form it breaks. Never throws, whatever the text. */
export function gate<Claims extends RegisteredClaims>(
  token: string,
  schema: ClaimsSchema<Claims>,
): Passed<Claims> | Refused {
  const jws = readJws(token)
  if (jws.kind === 'refused') return jws
  const payload = parseStrictJsonObject(jws.payload)
  const claims = payload === undefined ? undefined : schema.safeParse(payload)
  if (!claims?.success) return malformed('could not JSON decode claim')
  const header = checkHeader(jws)
  if (header.kind === 'refused') return header
  return { kind: 'passed', kid: header.kid, claims: { unverified: claims.data } }
}

/** Structure only: three canonical base64url segments, the first of them a JSON object. */
export function readJws(token: string): Jws | Refused {
  if (token.length > TOKEN_CHARS_MAX) {
    return refused('too-large', `the token is longer than ${TOKEN_CHARS_MAX} characters`)
  }
  const segments = token.split('.', 4)
  if (segments.length !== 3) return malformed('token contains an invalid number of segments')
  const [headerText, payloadText, signatureText] = segments as [string, string, string]
  const headerBytes = decodeBase64url(headerText)
  if (headerBytes === undefined) return malformed('could not base64 decode header')
  const header = parseStrictJsonObject(headerBytes)
  if (header === undefined) return malformed('could not JSON decode header')
  const payload = decodeBase64url(payloadText)
  if (payload === undefined) return malformed('could not base64 decode claim')
  const signature = signatureText === '' ? undefined : decodeBase64url(signatureText)
  return { kind: 'jws', compact: token, header, payload, signature }
}

/** What the signature methods of Kuma's parser are called; all but one of them are then refused by name. */
const KNOWN_ALG = /^(?:none|(?:HS|RS|PS|ES)(?:256|384|512)|EdDSA)$/

/**
 * Header parameters that change what is signed or must be understood. Kuma ignores them and we refuse them (RFC 7515
 * §4.1.11, RFC 7797 §7): no token that we or Kuma issue has one.
 */
const REFUSED_PARAMETERS = ['crit', 'b64', 'zip'] as const

/** The rules for the header of a token, and its key id. */
export function checkHeader({ header, signature }: Jws): { readonly kind: 'header'; readonly kid: string } | Refused {
  const { alg, kid, typ } = header
  if (typeof alg !== 'string') return unverifiable('signing method (alg) is unspecified')
  if (!KNOWN_ALG.test(alg)) return unverifiable('signing method (alg) is unavailable')
  if (signature === undefined) return malformed('could not base64 decode signature')
  if (kid === undefined) return keyFault('JWT token must have kid header')
  if (typeof kid !== 'string') return keyFault('JWT token kid header must be a string')
  if (!isKeyId(kid)) return keyFault(`JWT token kid header must have 1 to ${KID_CHARS_MAX} printable characters`)
  if (alg !== 'RS256') return keyFault(`unsupported token alg ${alg}. Allowed algorithm is RS256`)
  const parameter = REFUSED_PARAMETERS.find((name) => header[name] !== undefined)
  if (parameter !== undefined) return keyFault(`header parameter ${parameter} is not supported`)
  if (typ !== undefined && (typeof typ !== 'string' || typ.toUpperCase() !== 'JWT')) {
    return keyFault('header parameter typ must be JWT')
  }
  return { kind: 'header', kid }
}

function isKeyId(kid: string): boolean {
  return kid.length >= 1 && kid.length <= KID_CHARS_MAX && !/\p{Cc}/u.test(kid)
}

/** Exactly what RFC 4648 §5 would write, without padding: re-encoding finds foreign letters and non-zero spare bits. */
function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

function malformed(text: string): Refused {
  return refused('malformed', `could not parse token: token is malformed: ${text}`)
}

function unverifiable(text: string): Refused {
  return refused('unverifiable', `could not parse token: token is unverifiable: ${text}`)
}

function keyFault(text: string): Refused {
  return unverifiable(`error while executing keyfunc: ${text}`)
}
