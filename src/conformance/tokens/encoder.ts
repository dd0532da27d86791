import { constants, createHmac, createSign, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/**
 * A deliberately dumb encoder of tokens: it writes what it is told, in any spelling and order, right or wrong, and never
 * looks at it again. Legal tokens do not come from here but from `auth/issue`.
 */

/** What a segment's bytes are: bytes and texts as they are, anything else as JSON. */
export type SegmentContent = Buffer | string | object | number | null

export type Signer = (input: string) => Buffer

export function segment(content: SegmentContent): string {
  return bytesOf(content).toString('base64url')
}

export function compact(header: SegmentContent, payload: SegmentContent, signer: Signer): string {
  return seal(segment(header), segment(payload), signer)
}

/** Two segments as they are, and a signature over them. */
export function seal(header: string, payload: string, signer: Signer): string {
  const input = `${header}.${payload}`
  return `${input}.${signer(input).toString('base64url')}`
}

export function rs256(key: KeyObject): Signer {
  return rsa('RSA-SHA256', key)
}

export function rsa(hash: 'RSA-SHA256' | 'RSA-SHA384' | 'RSA-SHA512', key: KeyObject): Signer {
  return (input) => createSign(hash).update(input).sign(key)
}

export function ps256(key: KeyObject): Signer {
  const options = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
  return (input) => sign('sha256', Buffer.from(input), options)
}

export function hs256(secret: string | Buffer): Signer {
  return (input) => createHmac('sha256', secret).update(input).digest()
}

/** With a key that nobody knows. */
export function es256(): Signer {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return (input) => sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
}

/** With a key that nobody knows. */
export function eddsa(): Signer {
  const { privateKey } = generateKeyPairSync('ed25519')
  return (input) => sign(null, Buffer.from(input), privateKey)
}

/** The same bytes whatever is signed. */
export function fixed(signature: Buffer | string): Signer {
  return () => (typeof signature === 'string' ? Buffer.from(signature, 'base64url') : signature)
}

/** The other spellings of a last character: same bytes when decoded, other spare bits (RFC 4648 §3.5). */
export function otherSpellings(text: string): readonly string[] {
  const bytes = Buffer.from(text, 'base64url')
  return [...ALPHABET]
    .map((letter) => text.slice(0, -1) + letter)
    .filter((spelling) => spelling !== text && Buffer.from(spelling, 'base64url').equals(bytes))
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** One bit of a segment's bytes turned over. */
export function flipBit(text: string, bit: number): string {
  const bytes = Buffer.from(text, 'base64url')
  const at = bit % (bytes.length * 8)
  bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7))
  return bytes.toString('base64url')
}

/** Members put in front of an object's, so that a name can come twice. */
export function withMembersBefore(members: string, object: object): string {
  return `{${members},${JSON.stringify(object).slice(1)}`
}

/** Members put behind an object's, spelled as given: for numbers that JSON.stringify does not write. */
export function withMembersAfter(object: object, members: string): string {
  return `${JSON.stringify(object).slice(0, -1)},${members}}`
}

function bytesOf(content: SegmentContent): Buffer {
  if (Buffer.isBuffer(content)) return content
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content))
}
