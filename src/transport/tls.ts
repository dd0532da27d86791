import { generateKeyPairSync } from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import { type Der, sequence, tagged } from './der.js'
import {
  authorityExtensions,
  certificatePem,
  DAY_MS,
  distinguishedName,
  extension,
  type KeyPairPem,
  leafExtensions,
  OID,
  privateKeyPem,
  readAuthority,
  subjectOf,
  USAGE,
} from './x509.js'

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
  /** DNS names and IP addresses. */
  readonly hosts?: readonly string[]
  /** Default: `localhost`, `127.0.0.1` and `::1` too. */
  readonly loopback?: boolean
  /** Default: 825, above which some clients refuse. */
  readonly days?: number
}

const LOOPBACK = ['localhost', '127.0.0.1', '::1']

/** A new certificate authority: EC P-256, for servers only, no further authority below it. */
export function createCa({ name, nowMs, days = 3650 }: CaOptions): KeyPairPem {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const certPem = certificatePem({
    publicKey,
    signer: privateKey,
    subject: distinguishedName(name),
    issuer: distinguishedName(name),
    nowMs,
    lifetimeMs: days * DAY_MS,
    extensions: authorityExtensions(publicKey),
  })
  return { certPem, keyPem: privateKeyPem(privateKey) }
}

/** A server's certificate, signed by the authority. Throws `invalid-argument` for a `ca` that is none. */
export function createServerCertificate(options: ServerCertificateOptions): KeyPairPem {
  const { ca, nowMs, hosts = [], loopback = true, days = 825 } = options
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const authority = readAuthority(ca)
  const names = [...new Set([...hosts, ...(loopback ? LOOPBACK : [])])]
  const certPem = certificatePem({
    publicKey,
    signer: authority.key,
    subject: distinguishedName('zonelab server'),
    issuer: subjectOf(authority.certificate),
    nowMs,
    lifetimeMs: days * DAY_MS,
    extensions: [
      ...leafExtensions({ publicKey, authority, usage: USAGE.digitalSignature, purposes: [OID.serverAuth] }),
      extension(OID.subjectAltName, false, sequence(...names.map(generalName))),
    ],
  })
  return { certPem, keyPem: privateKeyPem(privateKey) }
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
