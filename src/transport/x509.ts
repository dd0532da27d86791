import { createHash, createPrivateKey, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { invariant } from '../base/assert.js'
import { AppError } from '../base/errors.js'
import {
  bits,
  boolean,
  contentOf,
  type Der,
  elementsOf,
  integer,
  nothing,
  octets,
  oid,
  sequence,
  set,
  tagged,
  time,
  utf8,
} from './der.js'

/** A certificate and its private key (PKCS #8), as PEM texts. Whoever writes the key to a file does so with mode 0600. */
export interface KeyPairPem {
  readonly certPem: string
  readonly keyPem: string
}

/** A certificate authority that can sign: its certificate and the key of it. */
export interface Authority {
  readonly certificate: X509Certificate
  readonly key: KeyObject
}

export interface CertificateParts {
  readonly publicKey: KeyObject
  readonly signer: KeyObject
  readonly subject: Der
  readonly issuer: Der
  readonly nowMs: number
  readonly lifetimeMs: number
  readonly extensions: readonly Der[]
}

export const DAY_MS = 86_400_000
/** Clocks of machines that meet in a lab may differ by this. */
const BACKDATE_MS = 5 * 60_000

export const OID = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const

/** How each kind of key signs: SHA-256 under ECDSA (RFC 5758) or RSA (RFC 4055), by node:crypto's name of the key. */
const SIGNATURES: ReadonlyMap<string | undefined, Der> = new Map([
  ['ec', sequence(oid('1.2.840.10045.4.3.2'))],
  ['rsa', sequence(oid('1.2.840.113549.1.1.11'), nothing())],
])

/** Bits of keyUsage (RFC 5280 §4.2.1.3), the first one highest. */
export const USAGE = { digitalSignature: 0b1000_0000, keyEncipherment: 0b0010_0000, keyAgreement: 0b0000_1000 } as const
const CERT_SIGN = 0b0000_0100
const CRL_SIGN = 0b0000_0010

/** RFC 5280 §4.1: version 3, a random serial number, valid from a little before now. */
export function certificatePem(parts: CertificateParts): string {
  const { publicKey, signer, subject, issuer, nowMs, lifetimeMs, extensions } = parts
  const algorithm = SIGNATURES.get(signer.asymmetricKeyType)
  invariant(algorithm, `no certificate is signed with a key of type ${signer.asymmetricKeyType}`)
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    algorithm,
    issuer,
    sequence(time(nowMs - BACKDATE_MS), time(nowMs + lifetimeMs)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions)),
  )
  const whole = sequence(body, algorithm, bits(sign('sha256', body, signer)))
  return `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`
}

export function privateKeyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string
}

/** Throws `invalid-argument`, which says what is wrong and nothing of the key. */
export function readAuthority({ certPem, keyPem }: KeyPairPem): Authority {
  const certificate = readOr('the certificate is not one in PEM', () => new X509Certificate(certPem))
  const key = readOr('the private key is not one in PEM', () => createPrivateKey(keyPem))
  if (!certificate.checkPrivateKey(key)) {
    throw new AppError('invalid-argument', 'the private key is not that of the certificate')
  }
  if (!SIGNATURES.has(key.asymmetricKeyType)) {
    throw new AppError('invalid-argument', `the key is of type ${key.asymmetricKeyType}: use EC or RSA`)
  }
  return { certificate, key }
}

export function extension(id: string, critical: boolean, value: Der): Der {
  return critical ? sequence(oid(id), boolean(true), octets(value)) : sequence(oid(id), octets(value))
}

/** What every authority here has: it may sign servers and proxies, and no further authority. */
export function authorityExtensions(publicKey: KeyObject): readonly Der[] {
  return [
    extension(OID.basicConstraints, true, sequence(boolean(true), integer(Buffer.from([0])))),
    keyUsage(CERT_SIGN | CRL_SIGN),
    extension(OID.subjectKeyId, false, octets(keyIdOf(publicKey))),
  ]
}

export interface LeafOptions {
  readonly publicKey: KeyObject
  readonly authority: Authority
  /** Bits of `USAGE`. */
  readonly usage: number
  /** Object identifiers of what it may be shown as. */
  readonly purposes: readonly string[]
}

/** What every certificate has that may sign nothing itself. */
export function leafExtensions({ publicKey, authority, usage, purposes }: LeafOptions): readonly Der[] {
  const issuerKeyId = extensionOf(authority.certificate, OID.subjectKeyId)
  return [
    extension(OID.basicConstraints, true, sequence()),
    keyUsage(usage),
    extension(OID.extendedKeyUsage, false, sequence(...purposes.map(oid))),
    extension(OID.subjectKeyId, false, octets(keyIdOf(publicKey))),
    // An authority that does not name its key is not named by it either (RFC 5280 §4.2.1.1).
    ...(issuerKeyId ? [extension(OID.authorityKeyId, false, sequence(tagged(0x80, contentOf(issuerKeyId))))] : []),
  ]
}

/** Whether it states that its key signs certificates (RFC 5280 §4.2.1.3). */
export function signsCertificates(certificate: X509Certificate): boolean {
  const usage = extensionOf(certificate, OID.keyUsage)
  return usage !== undefined && ((contentOf(usage)[1] ?? 0) & CERT_SIGN) !== 0
}

/** X.509 allows 64 characters. */
const COMMON_NAME = /^[A-Za-z0-9 ._-]{1,64}$/

export function distinguishedName(commonName: string): Der {
  invariant(COMMON_NAME.test(commonName), `${JSON.stringify(commonName)} can be no common name`)
  const attribute = (id: string, value: string) => set(sequence(oid(id), utf8(value)))
  return sequence(attribute(OID.organization, 'zonelab'), attribute(OID.commonName, commonName))
}

/** The subject as it is encoded: what those it signs must have as their issuer, to the byte. */
export function subjectOf(certificate: X509Certificate): Der {
  return fieldsOf(certificate)[4] ?? sequence()
}

/** Serial number, signature, issuer, validity, subject, key, and what follows. */
function fieldsOf({ raw }: X509Certificate): readonly Der[] {
  const [body = sequence()] = elementsOf(raw)
  const fields = elementsOf(body)
  return fields[0]?.[0] === VERSION_TAG ? fields.slice(1) : fields
}

const VERSION_TAG = 0xa0
const EXTENSIONS_TAG = 0xa3

/** The value of an extension, undefined when the certificate lacks it. */
function extensionOf(certificate: X509Certificate, id: string): Der | undefined {
  const tail = fieldsOf(certificate).find((field) => field[0] === EXTENSIONS_TAG)
  const [list] = tail ? elementsOf(tail) : []
  const found = (list ? elementsOf(list) : []).find((item) => elementsOf(item)[0]?.equals(oid(id)))
  const value = found && elementsOf(found).at(-1)
  return value && contentOf(value)
}

function keyUsage(byte: number): Der {
  // The low bits that are not set do not count, and must be left out of the encoding (X.690 §11.2.2).
  return extension(OID.keyUsage, true, bits(Buffer.from([byte]), Math.log2(byte & -byte)))
}

/** SHA-1 of the public key's bits, as RFC 5280 §4.2.1.2 suggests; a name, not a protection. */
function keyIdOf(key: KeyObject): Buffer {
  const [, publicBits = Buffer.alloc(0)] = elementsOf(key.export({ type: 'spki', format: 'der' }))
  return createHash('sha1').update(contentOf(publicBits).subarray(1)).digest()
}

function readOr<T>(message: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new AppError('invalid-argument', message, { cause })
  }
}
