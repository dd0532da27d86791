import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { describe, expect, it, test } from 'vitest'
import { oid, sequence, set, utf8 } from '../../../src/transport/der.js'
import { createSpiffeCa, createWorkloadCertificate } from '../../../src/transport/spiffe-certificate.js'
import {
  authorityExtensions,
  certificatePem,
  distinguishedName,
  type KeyPairPem,
  leafExtensions,
  OID,
  privateKeyPem,
  readAuthority,
  signsCertificates,
  subjectOf,
  USAGE,
} from '../../../src/transport/x509.js'

const NOW_MS = Date.UTC(2026, 0, 1)
const HOUR_MS = 3_600_000
const SPIFFE_ID = 'spiffe://default.east.mesh.local/workload/backend'

describe('the authority of a trust domain', () => {
  const pair = createSpiffeCa('default.east.mesh.local', NOW_MS)
  const { certificate } = readAuthority(pair)

  it('signs itself, may sign others, and says of which trust domain it is', () => {
    expect(certificate.ca).toBe(true)
    expect(signsCertificates(certificate)).toBe(true)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.subject).toBe('O=zonelab\nCN=default.east.mesh.local')
    expect(certificate.subjectAltName).toBe('URI:spiffe://default.east.mesh.local')
    expect(certificate.validToDate.toISOString()).toBe('2035-12-30T00:00:00.000Z')
  })

  it('has no more of a long trust domain in its name than X.509 allows', () => {
    const long = `${'a'.repeat(60)}.mesh_local`
    const { certificate: longNamed } = readAuthority(createSpiffeCa(long, NOW_MS))
    expect(longNamed.subject).toBe(`O=zonelab\nCN=${long.slice(0, 64)}`)
    expect(longNamed.subjectAltName).toBe(`URI:spiffe://${long}`)
  })
})

const AUTHORITIES: readonly (readonly [string, KeyPairPem])[] = [
  ['an authority made here', createSpiffeCa('default.east.mesh.local', NOW_MS)],
  ['an RSA authority', ownCa(generateKeyPairSync('rsa', { modulusLength: 2048 }), true)],
  ['a P-384 authority', ownCa(generateKeyPairSync('ec', { namedCurve: 'P-384' }), true)],
  ['an intermediate authority', intermediateOf(createSpiffeCa('root', NOW_MS))],
  ['an authority without a key identifier', ownCa(generateKeyPairSync('ec', { namedCurve: 'P-256' }), false)],
]

describe.each(AUTHORITIES)('a workload certificate of %s', (_name, ca) => {
  const authority = readAuthority(ca)
  const pair = createWorkloadCertificate({ authority, spiffeId: SPIFFE_ID, nowMs: NOW_MS, lifetimeMs: HOUR_MS })
  const certificate = new X509Certificate(pair.certPem)

  it('is signed by it, names it as it names itself, and may sign nothing', () => {
    expect(certificate.checkIssued(authority.certificate)).toBe(true)
    expect(certificate.verify(authority.certificate.publicKey)).toBe(true)
    expect(certificate.ca).toBe(false)
    expect(signsCertificates(certificate)).toBe(false)
  })

  it('is named by its SPIFFE ID alone, for both ends of a connection', () => {
    expect(certificate.subjectAltName).toBe(`URI:${SPIFFE_ID}`)
    expect(certificate.subject).toBeFalsy()
    expect(certificate.keyUsage).toEqual([OID.serverAuth, OID.clientAuth])
    expect(certificate.checkPrivateKey(createPrivateKey(pair.keyPem))).toBe(true)
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1')
  })

  it('holds from a little before now for as long as it was asked for', () => {
    expect(certificate.validFromDate.toISOString()).toBe('2025-12-31T23:55:00.000Z')
    expect(certificate.validToDate.toISOString()).toBe('2026-01-01T01:00:00.000Z')
  })
})

describe('the encoding', () => {
  const ca = createSpiffeCa('td', NOW_MS)
  const authority = readAuthority(ca)
  const { certPem } = createWorkloadCertificate({ authority, spiffeId: SPIFFE_ID, nowMs: NOW_MS, lifetimeMs: HOUR_MS })
  const certificate = new X509Certificate(certPem)
  const { raw } = certificate

  it('marks the name of a certificate without a subject as critical', () => {
    expect(raw.includes(Buffer.from('0603551d110101ff', 'hex'))).toBe(true)
  })

  it('leaves the low bits that are not set out of the key usage', () => {
    expect(raw.includes(Buffer.from('0603551d0f0101ff0404030203a8', 'hex'))).toBe(true)
    expect(authority.certificate.raw.includes(Buffer.from('0603551d0f0101ff040403020106', 'hex'))).toBe(true)
  })

  it('names keys by the SHA-1 of their bits', () => {
    const keyId = ({ publicKey }: X509Certificate) =>
      createHash('sha1')
        .update(publicKey.export({ type: 'spki', format: 'der' }).subarray(-65))
        .digest()
    expect(raw.includes(Buffer.concat([Buffer.from('0603551d0e04160414', 'hex'), keyId(certificate)]))).toBe(true)
    expect(
      raw.includes(Buffer.concat([Buffer.from('0603551d23041830168014', 'hex'), keyId(authority.certificate)])),
    ).toBe(true)
  })
})

test('no two workloads share a key', () => {
  const authority = readAuthority(createSpiffeCa('td', NOW_MS))
  const options = { authority, spiffeId: SPIFFE_ID, nowMs: NOW_MS, lifetimeMs: HOUR_MS }
  expect(createWorkloadCertificate(options).keyPem).not.toBe(createWorkloadCertificate(options).keyPem)
})

describe('an authority that cannot sign is refused', () => {
  const good = createSpiffeCa('td', NOW_MS)
  const other = createSpiffeCa('td', NOW_MS)
  const edwards = generateKeyPairSync('ed25519')
  const wrongType = { certPem: certificateOver(edwards.publicKey), keyPem: privateKeyPem(edwards.privateKey) }
  test.each([
    ['no certificate', { ...good, certPem: 'x' }, 'the certificate is not one in PEM'],
    ['no key', { ...good, keyPem: 'x' }, 'the private key is not one in PEM'],
    ["another's key", { ...good, keyPem: other.keyPem }, 'the private key is not that of the certificate'],
    ['a key that Envoy does not verify', wrongType, 'the key is of type ed25519: use EC or RSA'],
  ])('%s', (_name, pair, message) => {
    expect(() => readAuthority(pair)).toThrow(message)
  })
})

/** As an operator would bring one: its own subject, with a country and in another order. */
function ownCa({ publicKey, privateKey }: Keys, withKeyId: boolean): KeyPairPem {
  const subject = sequence(
    set(sequence(oid(OID.commonName), utf8('mesh root, of the firm'))),
    set(sequence(oid('2.5.4.6'), utf8('AT'))),
  )
  const extensions = authorityExtensions(publicKey).slice(0, withKeyId ? 3 : 2)
  const parts = { publicKey, signer: privateKey, subject, issuer: subject, nowMs: NOW_MS, lifetimeMs: HOUR_MS }
  return { certPem: certificatePem({ ...parts, extensions }), keyPem: privateKeyPem(privateKey) }
}

function intermediateOf(root: KeyPairPem): KeyPairPem {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { certificate, key: signer } = readAuthority(root)
  const names = { subject: distinguishedName('intermediate'), issuer: subjectOf(certificate) }
  const extensions = authorityExtensions(publicKey)
  const certPem = certificatePem({ publicKey, signer, ...names, nowMs: NOW_MS, lifetimeMs: HOUR_MS, extensions })
  return { certPem, keyPem: privateKeyPem(privateKey) }
}

interface Keys {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

function certificateOver(publicKey: KeyObject): string {
  const authority = readAuthority(createSpiffeCa('td', NOW_MS))
  const issuer = subjectOf(authority.certificate)
  const extensions = leafExtensions({ publicKey, authority, usage: USAGE.digitalSignature, purposes: [OID.serverAuth] })
  return certificatePem({
    publicKey,
    signer: authority.key,
    subject: issuer,
    issuer,
    nowMs: NOW_MS,
    lifetimeMs: HOUR_MS,
    extensions,
  })
}
