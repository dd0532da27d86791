import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { AppError } from '../base/errors.js'

/** RFC 7518 §3.3 asks for 2048 bits or more; Kuma makes keys of that size. */
const MODULUS_BITS = 2048
/** FIPS 186-5 asks for 2^16 < e: with e = 1 any text is its own signature, with e = 3 lenient padding checks have failed. */
const EXPONENT_MIN = 65537n

const generate = promisify(generateKeyPair)

/** A new signing key as PKCS#1 PEM, the form in which secrets keep one. Made on the thread pool: it takes about 100 ms. */
export async function generateSigningKeyPem(): Promise<string> {
  const { privateKey } = await generate('rsa', { modulusLength: MODULUS_BITS })
  return privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
}

/** PEM, or DER PKCS#1 as very old secrets have it. Throws `invalid-argument` saying what is wrong with it. */
export function parsePrivateKey(bytes: Buffer): KeyObject {
  return usable(
    isPem(bytes)
      ? readKey(() => createPrivateKey(bytes))
      : readKey(() => createPrivateKey({ key: bytes, format: 'der', type: 'pkcs1' })),
  )
}

/** PEM (PKCS#1 or SPKI), or DER PKCS#1. A private key is refused: it has no business where public ones are kept. */
export function parsePublicKey(bytes: Buffer): KeyObject {
  if (bytes.includes('PRIVATE KEY-----')) {
    throw new AppError('invalid-argument', 'this is a private key; give the public one')
  }
  return usable(
    isPem(bytes)
      ? readKey(() => createPublicKey(bytes))
      : readKey(() => createPublicKey({ key: bytes, format: 'der', type: 'pkcs1' })),
  )
}

/** The public half as PKCS#1 PEM, the form in which zones get it. */
export function publicKeyPem(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()
}

/**
 * A key that nobody has the private half of. Verifying against it takes the time of a real verification, so that a key
 * that is not there cannot be told from one that does not fit.
 */
export function decoyPublicKey(): KeyObject {
  const modulus = randomBytes(MODULUS_BITS / 8)
  modulus[0] = 0x80 | (modulus[0] ?? 0)
  modulus[modulus.length - 1] = 1 | (modulus.at(-1) ?? 0)
  return createPublicKey({ key: { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' }, format: 'jwk' })
}

/** Refuses keys under which a signature proves little or nothing. Throws `invalid-argument`. */
export function usable(key: KeyObject): KeyObject {
  const fault = weakness(key)
  if (fault !== undefined) throw new AppError('invalid-argument', `the key ${fault}; use RSA with 2048 bits or more`)
  return key
}

function weakness(key: KeyObject): string | undefined {
  const details = key.asymmetricKeyDetails
  if (key.asymmetricKeyType !== 'rsa' || details === undefined) return 'is not an RSA key'
  if ((details.modulusLength ?? 0) < MODULUS_BITS) return `has only ${details.modulusLength} bits`
  const exponent = details.publicExponent ?? 0n
  if (exponent < EXPONENT_MIN || exponent % 2n === 0n) return `has the public exponent ${exponent}`
  const modulus = Buffer.from(key.export({ format: 'jwk' }).n ?? '', 'base64url')
  return (modulus.at(-1) ?? 0) % 2 === 0 ? 'has an even modulus' : undefined
}

function isPem(bytes: Buffer): boolean {
  return bytes.includes('-----BEGIN ')
}

function readKey(read: () => KeyObject): KeyObject {
  try {
    return read()
  } catch (cause) {
    throw new AppError('invalid-argument', 'the key cannot be read; use a PEM-encoded RSA key', { cause })
  }
}
