import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import { invariant } from '../base/assert.js'
import { bits, boolean, type Der, integer, octets, oid, sequence, set, tagged, time, utf8 } from './der.js'

/** A certificate and its private key (PKCS #8), as PEM texts. Whoever writes the key to a file does so with mode 0600. */
export interface KeyPairPem {
  readonly certPem: string
  readonly keyPem: string
}

export interface CaOptions {
  /** Common name: letters, digits, spaces, dots and dashes. */
  readonly name: string
  readonly nowMs: number
  /** Default: ten years, longer than any lab. */
  readonly days?: number
}

export interface ServerCertificateOptions {
  readonly ca: KeyPairPem
  readonly nowMs: number
  /** DNS names and IP addresses beside `localhost`, `127.0.0.1` and `::1`. */
  readonly hosts?: readonly string[]
  /** Default: 825, above which some clients refuse. */
  readonly days?: number
}

const LOOPBACK = ['localhost', '127.0.0.1', '::1']
const DAY_MS = 86_400_000
/** Clocks of machines that meet in a lab may differ by this. */
const BACKDATE_MS = 5 * 60_000

const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const

/** Bits of keyUsage in their byte, and how many low bits are not used (RFC 5280 §4.2.1.3). */
const CA_USAGE = { byte: 0b0000_0110, unused: 1 }
const SERVER_USAGE = { byte: 0b1000_0000, unused: 7 }

/** A new certificate authority: EC P-256, for servers only, no further authority below it. */
export function createCa({ name, nowMs, days = 3650 }: CaOptions): KeyPairPem {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keyId = keyIdOf(keys.publicKey)
  return certificate({
    keys,
    signer: keys.privateKey,
    subject: distinguishedName(name),
    issuer: distinguishedName(name),
    nowMs,
    days,
    extensions: [
      extension(OID.basicConstraints, true, sequence(boolean(true), integer(Buffer.from([0])))),
      usage(CA_USAGE),
      extension(OID.subjectKeyId, false, octets(keyId)),
    ],
  })
}

/** A server's certificate, signed by the authority. Throws what node:crypto throws for a `ca` that is none. */
export function createServerCertificate({ ca, nowMs, hosts = [], days = 825 }: ServerCertificateOptions): KeyPairPem {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const authority = new X509Certificate(ca.certPem)
  const names = [...new Set([...hosts, ...LOOPBACK])]
  return certificate({
    keys,
    signer: createPrivateKey(ca.keyPem),
    subject: distinguishedName('zonelab server'),
    issuer: subjectOf(authority),
    nowMs,
    days,
    extensions: [
      extension(OID.basicConstraints, true, sequence()),
      usage(SERVER_USAGE),
      extension(OID.extendedKeyUsage, false, sequence(oid(OID.serverAuth))),
      extension(OID.subjectKeyId, false, octets(keyIdOf(keys.publicKey))),
      extension(OID.authorityKeyId, false, sequence(tagged(0x80, keyIdOf(authority.publicKey)))),
      extension(OID.subjectAltName, false, sequence(...names.map(generalName))),
    ],
  })
}

interface CertificateParts {
  readonly keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
  readonly signer: KeyObject
  readonly subject: Der
  readonly issuer: Der
  readonly nowMs: number
  readonly days: number
  readonly extensions: readonly Der[]
}

/** RFC 5280 §4.1: version 3, a random serial number, ECDSA with SHA-256. */
function certificate({ keys, signer, subject, issuer, nowMs, days, extensions }: CertificateParts): KeyPairPem {
  const algorithm = sequence(oid(OID.ecdsaWithSha256))
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    algorithm,
    issuer,
    sequence(time(nowMs - BACKDATE_MS), time(nowMs + days * DAY_MS)),
    subject,
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions)),
  )
  const whole = sequence(body, algorithm, bits(sign('sha256', body, signer)))
  return {
    certPem: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`,
    keyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

function extension(id: string, critical: boolean, value: Der): Der {
  return critical ? sequence(oid(id), boolean(true), octets(value)) : sequence(oid(id), octets(value))
}

function usage({ byte, unused }: typeof CA_USAGE): Der {
  return extension(OID.keyUsage, true, bits(Buffer.from([byte]), unused))
}

/** X.509 allows 64 characters; none of these has a meaning in the text form of a name. */
const COMMON_NAME = /^[A-Za-z0-9 .-]{1,64}$/

function distinguishedName(commonName: string): Der {
  invariant(COMMON_NAME.test(commonName), `${JSON.stringify(commonName)} can be no common name`)
  const attribute = (id: string, value: string) => set(sequence(oid(id), utf8(value)))
  return sequence(attribute(OID.organization, 'zonelab'), attribute(OID.commonName, commonName))
}

/** The authorities here are our own, so their name is one that `distinguishedName` wrote. */
function subjectOf(authority: X509Certificate): Der {
  return distinguishedName(/^CN=(.*)$/m.exec(authority.subject)?.[1] ?? '')
}

/** SHA-1 of the public key's bits, as RFC 5280 §4.2.1.2 suggests; a name, not a protection. */
function keyIdOf(key: KeyObject): Buffer {
  const spki = key.export({ type: 'spki', format: 'der' })
  return createHash('sha1').update(spki.subarray(-65)).digest()
}

function generalName(host: string): Der {
  if (isIPv4(host)) return tagged(0x87, Buffer.from(host.split('.').map(Number)))
  if (isIPv6(host)) return tagged(0x87, ipv6Bytes(host))
  return tagged(0x82, Buffer.from(host, 'ascii'))
}

function ipv6Bytes(host: string): Buffer {
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  // The URL parser writes the canonical form: hex groups only, at most one `::`.
  const [head = '', tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::')
  const left = groups(head)
  const right = groups(tail ?? '')
  const zeros = Array<string>(8 - left.length - right.length).fill('0')
  const bytes = [...left, ...zeros, ...right].flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
  return Buffer.from(bytes)
}
