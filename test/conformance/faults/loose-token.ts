import { createHmac, createSign, type KeyObject, verify } from 'node:crypto'
import { type Call, type Fault, field, type World, withField } from './fault.js'

/** A token as a careless reader takes it: whatever decodes, the last of two members, any spelling. */
export interface LooseToken {
  readonly text: string
  readonly segments: readonly string[]
  readonly header: Members
  readonly claims: Members
  readonly signature: Buffer
}

export type Members = Readonly<Record<string, unknown>>

/** Undefined when not even a careless reader finds a token. */
export function looseToken(call: Call): LooseToken | undefined {
  const text = field(call, 'authorization')?.replace(/^bearer /i, '')
  if (text === undefined) return undefined
  const segments = text.split('.')
  const [header, claims] = segments.map(members)
  if (header === undefined || claims === undefined) return undefined
  return { text, segments, header, claims, signature: Buffer.from(segments[2] ?? '', 'base64') }
}

function members(segment: string): Members | undefined {
  try {
    const text = Buffer.from(segment, 'base64')
      .toString('utf8')
      .replace(/^\ufeff/, '')
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined
  } catch {
    return undefined
  }
}

/** Whether an RSA signature over the first two segments holds, whatever the header says. */
export function holds({ segments, signature }: LooseToken, key: KeyObject, hash = 'RSA-SHA256'): boolean {
  try {
    return verify(hash, Buffer.from(`${segments[0]}.${segments[1]}`), key, signature)
  } catch {
    return false
  }
}

export function hmacHolds({ segments, signature }: LooseToken, secret: string | Buffer): boolean {
  return createHmac('sha256', secret).update(`${segments[0]}.${segments[1]}`).digest().equals(signature)
}

/** A legal token with these claims. */
export function reissued(claims: Members, world: World): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${part({ alg: 'RS256', kid: world.kid, typ: 'JWT' })}.${part(claims)}`
  return `${input}.${signed(input, world).toString('base64url')}`
}

export function signed(input: string, { privateKey }: World): Buffer {
  return createSign('RSA-SHA256').update(input).sign(privateKey)
}

/** Claims that are right for a zone, for faults that do not look at any. */
export function rightClaims(zone: string, nowS = Math.floor(Date.now() / 1000)): Members {
  return { Zone: zone, Scope: ['cp'], exp: nowS + 600, nbf: nowS - 5, jti: 'planted' }
}

/** A fault that takes tokens it should not: what it makes of one is what a sound global then judges. */
export function takes(
  name: string,
  caughtBy: Fault['caughtBy'],
  claimsOf: (token: LooseToken, world: World, call: Call) => Members | undefined,
): Fault {
  return {
    name,
    caughtBy,
    weaken(call, world) {
      const token = looseToken(call)
      const claims = token && claimsOf(token, world, call)
      return claims === undefined ? call : withField(call, 'authorization', reissued(claims, world))
    },
  }
}

/** A fault that reads another text in place of what was sent. */
export function reads(name: string, caughtBy: Fault['caughtBy'], textOf: (call: Call) => string | undefined): Fault {
  return {
    name,
    caughtBy,
    weaken(call) {
      const text = textOf(call)
      return text === undefined ? call : withField(call, 'authorization', text)
    },
  }
}
