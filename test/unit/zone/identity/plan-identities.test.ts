import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { secretData, secretSpec } from '../../../../src/auth/token-secrets.js'
import type { Json } from '../../../../src/model/json.js'
import { specOf, statusOf } from '../../../../src/model/resource.js'
import type { MeshTrustSpec } from '../../../../src/model/specs/mesh-trust.js'
import { goesUp } from '../../../../src/sync/outbound-filter.js'
import { createSpiffeCa } from '../../../../src/transport/spiffe-certificate.js'
import { createServerCertificate } from '../../../../src/transport/tls.js'
import {
  authorityExtensions,
  certificatePem,
  distinguishedName,
  type KeyPairPem,
  privateKeyPem,
  readAuthority,
  subjectOf,
} from '../../../../src/transport/x509.js'
import { planIdentities } from '../../../../src/zone/identity/plan-identities.js'
import { draft, remove } from '../../../support/resource-builder.js'
import { IdentityMesh, meshIdentity } from './identity-mesh.js'

const READY = ['Provider ProviderInitialized', 'MeshTrustCreated MeshTrustCreated', 'Ready Ready']
const NOW_MS = Date.UTC(2026, 0, 1)

function secret(name: string, data: string) {
  return { ...draft('Secret', name), spec: secretSpec(data) }
}

function broughtBy(pair: KeyPairPem, bundled: Record<string, Json> = {}) {
  const inline = (value: string): Json => ({ type: 'InsecureInline', insecureInline: { value } })
  const ca = { certificate: inline(pair.certPem), privateKey: inline(pair.keyPem) }
  return meshIdentity({ autogenerate: { enabled: false }, ca, ...bundled })
}

function bundles(mesh: IdentityMesh): readonly string[] {
  return specOf<MeshTrustSpec>(mesh.get('MeshTrust', 'identity')).caBundles.map(({ pem }) => pem?.value ?? '')
}

describe('an authority that the zone makes', () => {
  test('is kept in two Secrets of the mesh, which belong to the MeshIdentity and stay in the zone', async () => {
    const mesh = await IdentityMesh.of(meshIdentity())
    expect(await mesh.settle()).toBe(2)
    expect(mesh.conditions()).toEqual(READY)
    expect(mesh.names('Secret')).toEqual(['identity-private-key', 'identity-root-ca'])
    const text = (name: string) => secretData(mesh.get('Secret', name)).toString('utf8')
    const authority = readAuthority({ certPem: text('identity-root-ca'), keyPem: text('identity-private-key') })
    expect(authority.certificate.subjectAltName).toBe('URI:spiffe://default.east.mesh.local')
    await mesh.store.commit([remove(mesh.get('MeshIdentity', 'identity'))])
    expect(mesh.names('Secret')).toEqual([])
  })

  test('is stored before anything is said of it', async () => {
    const mesh = await IdentityMesh.of(meshIdentity())
    const writes = planIdentities(mesh.context)
    expect(writes.map((write) => write.kind === 'put' && write.resource.type)).toEqual(['Secret', 'Secret'])
  })

  test('is told to others by a MeshTrust of the same name, which goes up and outlives it', async () => {
    const mesh = await IdentityMesh.of(draft('Mesh', 'default'), meshIdentity())
    await mesh.settle()
    const trust = mesh.get('MeshTrust', 'identity')
    expect(specOf<MeshTrustSpec>(trust).trustDomain).toBe('default.east.mesh.local')
    expect(bundles(mesh).map(bare)).toEqual([bare(secretData(mesh.get('Secret', 'identity-root-ca')).toString())])
    expect(statusOf(trust)).toEqual({ origin: { kri: 'kri_mid_default___identity_' } })
    expect([trust.labels, trust.owner?.type, goesUp(trust)]).toEqual([{}, 'Mesh', true])
    await mesh.store.commit([remove(mesh.get('MeshIdentity', 'identity'))])
    expect(mesh.names('MeshTrust')).toEqual(['identity'])
  })

  test('stays the same over restarts and changes of other things', async () => {
    const mesh = await IdentityMesh.of(meshIdentity())
    await mesh.settle()
    const before = mesh.get('Secret', 'identity-root-ca')
    await mesh.write(meshIdentity({ certificateParameters: { expiry: '1h' } }))
    await mesh.settle()
    expect(mesh.get('Secret', 'identity-root-ca')).toBe(before)
  })

  test.each(['identity-root-ca', 'identity-private-key'])(
    'is made anew when %s is lost, and both are trusted',
    async (lost) => {
      const mesh = await IdentityMesh.of(meshIdentity())
      await mesh.settle()
      await mesh.store.commit([remove(mesh.get('Secret', lost))])
      await mesh.settle()
      expect(mesh.conditions()).toEqual(READY)
      expect(bundles(mesh)).toHaveLength(2)
      expect(new Set(bundles(mesh)).size).toBe(2)
    },
  )

  test('must be allowed to sign itself', async () => {
    const mesh = await IdentityMesh.of(meshIdentity({ insecureAllowSelfSigned: false }))
    await mesh.settle()
    expect(mesh.conditions()).toEqual(['Provider !ProviderValidationError', 'Ready !Failure'])
    expect(mesh.message('Provider')).toBe('self-signed certificates are not allowed')
    expect(mesh.names('MeshTrust')).toEqual([])
  })

  test('of a copy from the global has the names of the original', async () => {
    const labels = { 'kuma.io/display-name': 'identity', 'kuma.io/origin': 'global' }
    const mesh = await IdentityMesh.of({ ...meshIdentity(), name: 'identity-x1', labels })
    await mesh.settle()
    expect(mesh.names('Secret')).toEqual(['identity-private-key', 'identity-root-ca'])
    expect(mesh.names('MeshTrust')).toEqual(['identity-x1'])
  })
})

describe('an authority that an operator brings', () => {
  const root = createSpiffeCa('root', NOW_MS)

  test('is read from Secrets', async () => {
    const ref = (name: string): Json => ({ type: 'Secret', secretRef: { kind: 'Secret', name } })
    const identity = meshIdentity({
      autogenerate: { enabled: false },
      ca: { certificate: ref('c'), privateKey: ref('k') },
    })
    const mesh = await IdentityMesh.of(identity, secret('k', root.keyPem))
    await mesh.settle()
    expect(mesh.conditions()).toEqual(['Provider !ProviderValidationError', 'Ready !Failure'])
    expect(mesh.message('Provider')).toBe('Secret "c" is not there')
    await mesh.write(secret('c', root.certPem))
    await mesh.settle()
    expect(mesh.conditions()).toEqual(READY)
  })

  test('is read from the MeshIdentity itself, and no Secret is made', async () => {
    const mesh = await IdentityMesh.of(broughtBy(root))
    await mesh.settle()
    expect(mesh.conditions()).toEqual(READY)
    expect(mesh.names('Secret')).toEqual([])
    expect(bundles(mesh).map(bare)).toEqual([bare(root.certPem)])
  })

  test('joins the one that it replaces, once', async () => {
    const mesh = await IdentityMesh.of(broughtBy(root))
    await mesh.settle()
    const next = createSpiffeCa('root', NOW_MS)
    await mesh.write(broughtBy(next))
    await mesh.settle()
    await mesh.write(broughtBy(root))
    await mesh.settle()
    expect(bundles(mesh).map(bare)).toEqual([root, next].map(({ certPem }) => bare(certPem)))
  })

  test('never has its key in the MeshTrust, even if it stands beside the certificate', async () => {
    const mesh = await IdentityMesh.of(broughtBy({ ...root, certPem: `${root.keyPem}${root.certPem}` }))
    await mesh.settle()
    expect(mesh.conditions()).toEqual(READY)
    expect(mesh.get('MeshTrust', 'identity').spec).not.toContain('PRIVATE')
    expect(new X509Certificate(bundles(mesh)[0] ?? '').ca).toBe(true)
  })

  const leaf = createServerCertificate({ ca: root, nowMs: NOW_MS })
  const file: Json = { type: 'File', file: { path: '/ca.pem' } }
  test.each<[string, ReturnType<typeof meshIdentity>, RegExp]>([
    [
      'a root that is not allowed',
      broughtBy(root, { insecureAllowSelfSigned: false }),
      /self-signed certificates are not/,
    ],
    ['a server certificate', broughtBy(leaf), /may not sign others: it needs CA:TRUE and keyCertSign/],
    ["another's key", broughtBy({ ...root, keyPem: leaf.keyPem }), /the private key is not that of the certificate/],
    ['no certificate', broughtBy({ ...root, certPem: 'nothing' }), /the certificate is not one in PEM/],
    [
      'a file',
      meshIdentity({ autogenerate: { enabled: false }, ca: { certificate: file, privateKey: file } }),
      /no data source of type File: use Secret or InsecureInline/,
    ],
  ])('is refused when it is %s', async (_name, identity, message) => {
    const mesh = await IdentityMesh.of(identity)
    await mesh.settle()
    expect(mesh.conditions()).toEqual(['Provider !ProviderValidationError', 'Ready !Failure'])
    expect(mesh.message('Provider')).toMatch(message)
    expect(mesh.message('Provider')).not.toContain('PRIVATE KEY')
    expect(mesh.names('MeshTrust')).toEqual([])
  })

  test('may be below a root, where roots are not allowed', async () => {
    const mesh = await IdentityMesh.of(broughtBy(intermediateOf(root), { insecureAllowSelfSigned: false }))
    await mesh.settle()
    expect(mesh.conditions()).toEqual(READY)
  })
})

describe('conditions', () => {
  test.each<[string, ReturnType<typeof meshIdentity>, readonly string[]]>([
    [
      'names alone, without a provider',
      draft('MeshIdentity', 'identity', { spec: { selector: { dataplane: {} } } }),
      ['SpiffeIDProvider SpiffeIDProvided', 'Ready !PartiallyReady'],
    ],
    [
      'Spire',
      meshIdentity({}, { provider: { type: 'Spire', spire: {} } }),
      ['Provider !ProviderNotFoundError', 'Ready !Failure'],
    ],
    [
      'an extension',
      meshIdentity({}, { provider: { type: 'Extension', extension: { name: 'acm' } } }),
      ['Provider !ProviderNotFoundError', 'Ready !Failure'],
    ],
    [
      'a trust domain that is none',
      meshIdentity({}, { spiffeID: { trustDomain: 'No Domain' } }),
      ['Provider !ProviderInitializationError', 'Ready !Failure'],
    ],
    [
      'no MeshTrust wanted',
      meshIdentity({ meshTrustCreation: 'Disabled' }),
      ['Provider ProviderInitialized', 'Ready Ready'],
    ],
  ])('%s', async (_name, identity, expected) => {
    const mesh = await IdentityMesh.of(identity)
    await mesh.settle()
    expect(mesh.conditions()).toEqual(expected)
    expect(mesh.names('MeshTrust')).toEqual([])
  })

  test('a MeshTrust of that name from the global is left alone, and said to be in the way', async () => {
    const labels = { 'kuma.io/origin': 'global' }
    const spec = { trustDomain: 'theirs', caBundles: [] }
    const mesh = await IdentityMesh.of(meshIdentity(), draft('MeshTrust', 'identity', { labels, spec }))
    await mesh.settle()
    expect(mesh.conditions()).toEqual([READY[0], 'MeshTrustCreated !MeshTrustCreationError', 'Ready !Failure'])
    expect(specOf(mesh.get('MeshTrust', 'identity'))).toEqual(spec)
  })

  test('a changed trust domain is that of the MeshTrust', async () => {
    const mesh = await IdentityMesh.of(meshIdentity())
    await mesh.settle()
    await mesh.write(meshIdentity({}, { spiffeID: { trustDomain: 'other' } }))
    await mesh.settle()
    expect(specOf<MeshTrustSpec>(mesh.get('MeshTrust', 'identity')).trustDomain).toBe('other')
  })

  test('a mesh without MeshIdentity is left as it is', async () => {
    const mesh = await IdentityMesh.of(draft('Mesh', 'default'), secret('other', 'x'))
    expect(await mesh.settle()).toBe(0)
  })
})

function intermediateOf(root: KeyPairPem): KeyPairPem {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { certificate, key: signer } = readAuthority(root)
  const names = { subject: distinguishedName('intermediate'), issuer: subjectOf(certificate) }
  const extensions = authorityExtensions(publicKey)
  const certPem = certificatePem({ publicKey, signer, ...names, nowMs: NOW_MS, lifetimeMs: 1e6, extensions })
  return { certPem, keyPem: privateKeyPem(privateKey) }
}

function bare(pem: string): string {
  return pem.replace(/\s/g, '')
}
