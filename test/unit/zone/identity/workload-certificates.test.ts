import { X509Certificate } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { secretData, secretSpec } from '../../../../src/auth/token-secrets.js'
import type { LogFields, Logger } from '../../../../src/base/log.js'
import type { ResourceDraft } from '../../../../src/model/resource.js'
import { createSpiffeCa } from '../../../../src/transport/spiffe-certificate.js'
import { WorkloadCertificates } from '../../../../src/zone/identity/workload-certificates.js'
import type { WorkloadIdentity } from '../../../../src/zone/snapshot/tls.js'
import { draft, remove } from '../../../support/resource-builder.js'
import { dataplane, IdentityMesh, meshIdentity } from './identity-mesh.js'

const HOUR_MS = 3_600_000
const backend = dataplane('backend-1', { 'kuma.io/workload': 'backend' })
const running: WorkloadCertificates[] = []
afterEach(async () => {
  for (const certificates of running.splice(0)) await certificates.stop()
})

class Recorder implements Logger {
  readonly lines: string[] = []
  readonly #line = (message: string, fields?: LogFields) => void this.lines.push(JSON.stringify([message, fields]))
  readonly debug = this.#line
  readonly info = this.#line
  readonly warn = this.#line
  readonly error = this.#line
  child(): Logger {
    return this
  }
}

async function issuing(...drafts: readonly ResourceDraft[]) {
  const mesh = await IdentityMesh.of(...drafts)
  await mesh.settle()
  const log = new Recorder()
  const certificates = new WorkloadCertificates({ mirror: mesh.mirror, zone: 'east', clock: mesh.clock, log })
  await certificates.start()
  running.push(certificates)
  const stale: string[] = []
  certificates.onStale(({ name }) => stale.push(name))
  const of = (name = 'backend-1') => certificates.identityOf(mesh.get('Dataplane', name))
  return { mesh, certificates, stale, log, of }
}

function leafOf(identity: WorkloadIdentity | undefined): X509Certificate {
  return new X509Certificate(identity?.certificateChain ?? '')
}

describe('the certificate of a dataplane', () => {
  test('is signed by the authority of its MeshIdentity, names its workload, and is the same when asked again', async () => {
    const { mesh, of } = await issuing(meshIdentity(), backend)
    const identity = of()
    const authority = new X509Certificate(secretData(mesh.get('Secret', 'identity-root-ca')))
    expect(leafOf(identity).verify(authority.publicKey)).toBe(true)
    expect(leafOf(identity).subjectAltName).toBe('URI:spiffe://default.east.mesh.local/workload/backend')
    expect(identity).toMatchObject({ secretName: 'kri_mid_default___identity_', meshIdentity: { name: 'identity' } })
    expect(of()).toBe(identity)
  })

  test('holds five days, as in Kuma, or as long as the MeshIdentity says', async () => {
    const { mesh, certificates, of } = await issuing(meshIdentity(), backend)
    of()
    const key = mesh.get('Dataplane', 'backend-1')
    const nowMs = mesh.clock.nowMs()
    expect(certificates.served(key)).toEqual({
      issuedBackend: 'kri_mid_default___identity_',
      supportedBackends: ['kri_mtrust_default___identity_'],
      issuedAtMs: nowMs,
      expiresAtMs: nowMs + 120 * HOUR_MS,
    })
    await mesh.write(meshIdentity({ certificateParameters: { expiry: '90m' } }))
    await mesh.settle()
    expect(leafOf(of()).validToDate.getTime()).toBe(nowMs + 1.5 * HOUR_MS)
  })

  test('is in no store and in no log', async () => {
    const { mesh, log, of } = await issuing(meshIdentity(), backend)
    const key = of()?.privateKey.split('\n')[1] ?? ''
    expect(key).not.toBe('')
    const { resources } = await mesh.store.listAll(['Secret', 'Dataplane', 'MeshIdentity', 'MeshTrust'])
    expect(JSON.stringify(resources)).not.toContain(key)
    expect(log.lines.join()).toContain('certificate issued')
    expect(log.lines.join()).not.toContain(key)
  })

  test.each([
    ['no MeshIdentity', []],
    ['one that selects others', [meshIdentity({}, { selector: { dataplane: { matchLabels: { app: 'other' } } } })]],
    ['one that failed', [meshIdentity({ insecureAllowSelfSigned: false })]],
    ['one that only names', [draft('MeshIdentity', 'identity', { spec: { selector: { dataplane: {} } } })]],
  ])('is not there with %s', async (_name, identities) => {
    const { of } = await issuing(...identities, backend)
    expect(of()).toBeUndefined()
  })

  test('is refused to one that cannot be named, so that it is never served without TLS instead', async () => {
    const { of } = await issuing(meshIdentity(), dataplane('nameless'))
    expect(() => of('nameless')).toThrow(/has no label kuma.io\/workload/)
  })

  test('is not needed by a zone proxy without a name', async () => {
    const networking = { address: '10.0.0.9', listeners: [{ type: 'ZoneIngress', address: '10.0.0.9', port: 10_001 }] }
    const { of } = await issuing(meshIdentity(), dataplane('zone-proxy', {}, networking))
    expect(of('zone-proxy')).toBeUndefined()
  })
})

describe('a new certificate is asked for', () => {
  test('after four fifths of its life, and not before', async () => {
    const { mesh, stale, of } = await issuing(meshIdentity({ certificateParameters: { expiry: '10h' } }), backend)
    const first = of()
    mesh.clock.step(8 * HOUR_MS - 1)
    expect([stale, of()]).toEqual([[], first])
    mesh.clock.step(1)
    expect(stale).toEqual(['backend-1'])
    expect(of()).not.toEqual(first)
    expect(leafOf(of()).validToDate.getTime()).toBe(mesh.clock.nowMs() + 10 * HOUR_MS)
  })

  test('in time also where that is longer than a timer can wait', async () => {
    const { mesh, stale, of } = await issuing(meshIdentity({ certificateParameters: { expiry: '8760h' } }), backend)
    of()
    mesh.clock.step(7008 * HOUR_MS - 1)
    expect(stale).toEqual([])
    mesh.clock.step(1)
    expect(stale).toEqual(['backend-1'])
  })

  test('at most every second, however short its life', async () => {
    const { mesh, certificates, stale, of } = await issuing(
      meshIdentity({ certificateParameters: { expiry: '0s' } }),
      backend,
    )
    certificates.onStale(() => stale.length < 100 && of())
    of()
    mesh.clock.step(10_000)
    expect(stale).toHaveLength(10)
  })

  test.each<[string, ResourceDraft]>([
    ['its labels give it another name', dataplane('backend-1', { 'kuma.io/workload': 'other' })],
    ['the template changes', meshIdentity({}, { spiffeID: { path: '/all' } })],
    [
      'a more specific MeshIdentity comes',
      meshIdentity({}, { selector: { dataplane: { matchLabels: { 'kuma.io/workload': 'backend' } } } }, 'own'),
    ],
  ])('when %s', async (_name, changed) => {
    const { mesh, of } = await issuing(meshIdentity(), backend)
    const first = of()
    await mesh.write({ ...changed, status: mesh.mirror.of('default', changed.type).get(changed.name)?.status })
    await mesh.settle()
    expect(of()).not.toEqual(first)
  })

  test('when its authority is another one, of which those are told who have it', async () => {
    const { mesh, stale, of } = await issuing(meshIdentity(), backend)
    const first = of()
    await mesh.write({ ...mesh.get('Secret', 'identity-private-key'), labels: { touched: 'yes' } })
    expect(stale).toEqual([])
    const { certPem, keyPem } = createSpiffeCa('default.east.mesh.local', mesh.clock.nowMs())
    await mesh.write(
      { ...mesh.get('Secret', 'identity-root-ca'), spec: secretSpec(certPem) },
      { ...mesh.get('Secret', 'identity-private-key'), spec: secretSpec(keyPem) },
    )
    expect(stale).toEqual(['backend-1'])
    expect(leafOf(of()).verify(new X509Certificate(certPem).publicKey)).toBe(true)
    expect(of()).not.toEqual(first)
  })

  test('when another MeshIdentity counts, though its authority is the same', async () => {
    const inline = (value: string) => ({ type: 'InsecureInline', insecureInline: { value } })
    const { certPem, keyPem } = createSpiffeCa('td', 0)
    const bundled = {
      autogenerate: { enabled: false },
      ca: { certificate: inline(certPem), privateKey: inline(keyPem) },
    }
    const selector = { dataplane: { matchLabels: { 'kuma.io/workload': 'backend' } } }
    const { mesh, of } = await issuing(meshIdentity(bundled), backend)
    expect(of()?.secretName).toBe('kri_mid_default___identity_')
    await mesh.write(meshIdentity(bundled, { selector }, 'own'))
    await mesh.settle()
    expect(of()?.secretName).toBe('kri_mid_default___own_')
  })

  test('and none is given while its authority is not there', async () => {
    const { mesh, stale, log, of } = await issuing(meshIdentity(), backend)
    of()
    await mesh.store.commit([remove(mesh.get('Secret', 'identity-root-ca'))])
    expect(stale).toEqual(['backend-1'])
    expect(log.lines.join()).toContain('could not be renewed')
    expect(() => of()).toThrow('Secret "identity-root-ca" is not there')
  })
})

test('a certificate goes with its Dataplane, and leaves no timer behind', async () => {
  const { mesh, certificates, of } = await issuing(meshIdentity(), backend)
  of()
  const key = mesh.get('Dataplane', 'backend-1')
  expect(mesh.clock.armed).toBe(1)
  await mesh.store.commit([remove(key)])
  expect([certificates.served(key), mesh.clock.armed]).toEqual([undefined, 0])
})
