import { generateKeyPairSync } from 'node:crypto'
import { sequence, tagged } from './der.js'
import {
  type Authority,
  authorityExtensions,
  certificatePem,
  DAY_MS,
  distinguishedName,
  extension,
  type KeyPairPem,
  leafExtensions,
  OID,
  privateKeyPem,
  subjectOf,
  USAGE,
} from './x509.js'

const CA_LIFETIME_MS = 3650 * DAY_MS
/** What X.509 allows of a common name; the whole trust domain is in the URI. */
const COMMON_NAME_MAX = 64

/**
 * A new authority of a SPIFFE trust domain (SPIFFE X509-SVID §3): EC P-256, ten years. Kuma's is RSA, whose keys take
 * some 50 ms each where these take a tenth of one, and a zone makes one for each of its sidecars.
 */
export function createSpiffeCa(trustDomain: string, nowMs: number): KeyPairPem {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = distinguishedName(trustDomain.slice(0, COMMON_NAME_MAX))
  const certPem = certificatePem({
    publicKey,
    signer: privateKey,
    subject: name,
    issuer: name,
    nowMs,
    lifetimeMs: CA_LIFETIME_MS,
    extensions: [...authorityExtensions(publicKey), spiffeName(`spiffe://${trustDomain}`, false)],
  })
  return { certPem, keyPem: privateKeyPem(privateKey) }
}

export interface WorkloadCertificateOptions {
  readonly authority: Authority
  readonly spiffeId: string
  readonly nowMs: number
  readonly lifetimeMs: number
}

/** A workload's certificate, for either end of a connection: its SPIFFE ID is all that names it, and the key is new. */
export function createWorkloadCertificate(options: WorkloadCertificateOptions): KeyPairPem {
  const { authority, spiffeId, nowMs, lifetimeMs } = options
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const usage = USAGE.digitalSignature | USAGE.keyEncipherment | USAGE.keyAgreement
  const certPem = certificatePem({
    publicKey,
    signer: authority.key,
    subject: sequence(),
    issuer: subjectOf(authority.certificate),
    nowMs,
    lifetimeMs,
    extensions: [
      ...leafExtensions({ publicKey, authority, usage, purposes: [OID.serverAuth, OID.clientAuth] }),
      // Without a subject the name must be understood (RFC 5280 §4.2.1.6).
      spiffeName(spiffeId, true),
    ],
  })
  return { certPem, keyPem: privateKeyPem(privateKey) }
}

function spiffeName(uri: string, critical: boolean) {
  return extension(OID.subjectAltName, critical, sequence(tagged(0x86, Buffer.from(uri, 'ascii'))))
}
