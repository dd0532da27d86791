import { describe, expect, test } from 'vitest'
import type { Json } from '../../../../src/model/json.js'
import type { Resource, ResourceDraft } from '../../../../src/model/resource.js'
import { serviceIdentities, type TlsStatus, tlsStatus } from '../../../../src/zone/identity/service-identities.js'
import { draft } from '../../../support/resource-builder.js'
import { stored } from '../../../support/stored-resource.js'
import { IdentityMesh, meshIdentity } from './identity-mesh.js'

const one = workload('backend-1', { 'kuma.io/workload': 'backend' })
const two = workload('backend-2', { 'kuma.io/workload': 'backend', version: 'v2' })
const nameless = workload('nameless', {})

function workload(name: string, labels: Readonly<Record<string, string>>): Resource {
  return stored('Dataplane', name, { labels })
}

async function meshOf(...drafts: readonly ResourceDraft[]): Promise<IdentityMesh> {
  const mesh = await IdentityMesh.of(...drafts)
  await mesh.settle()
  return mesh
}

const v2Selector: Json = { dataplane: { matchLabels: { version: 'v2' } } }
const v2Identity = meshIdentity({}, { selector: v2Selector, spiffeID: { trustDomain: 'v2' } }, 'v2')
const namesOnly = draft('MeshIdentity', 'names', {
  spec: { selector: { dataplane: {} }, spiffeID: { trustDomain: 'n' } },
})
const spire = meshIdentity({}, { provider: { type: 'Spire', spire: {} } })

describe("a service's identities", () => {
  test.each<[string, readonly ResourceDraft[], readonly Resource[], readonly string[] | undefined]>([
    ['are absent without MeshIdentity', [], [one], undefined],
    ['are absent without dataplanes', [meshIdentity()], [], undefined],
    ['are each told once', [meshIdentity()], [one, two], ['default.east.mesh.local/workload/backend']],
    [
      'are those of every MeshIdentity that selects a dataplane, not of the best alone',
      [v2Identity, meshIdentity()],
      [one, two],
      ['default.east.mesh.local/workload/backend', 'v2/workload/backend'],
    ],
    ['are also those that are only named', [namesOnly], [one], ['n/workload/backend']],
    ['leave out what failed', [spire], [one], undefined],
    ['leave out a dataplane that cannot be named', [meshIdentity()], [nameless], undefined],
  ])('%s', async (_name, drafts, dataplanes, expected) => {
    const mesh = await meshOf(...drafts)
    expect(serviceIdentities(mesh.context, dataplanes)).toEqual(
      expected?.map((id) => ({ type: 'SpiffeID', value: `spiffe://${id}` })),
    )
  })
})

describe("a service's TLS", () => {
  test.each<[string, readonly ResourceDraft[], TlsStatus | undefined, readonly Resource[], TlsStatus]>([
    ['is not ready without MeshIdentity, whatever it was', [], 'Ready', [one], 'NotReady'],
    [
      'is ready when all dataplanes have certificates that the mesh trusts',
      [meshIdentity()],
      'NotReady',
      [one, two],
      'Ready',
    ],
    ['is not ready while one is selected by none', [v2Identity], 'NotReady', [one, two], 'NotReady'],
    ['is not ready while one has names alone', [namesOnly], 'NotReady', [one], 'NotReady'],
    [
      'is not ready for a trust domain that nobody trusts',
      [meshIdentity({ meshTrustCreation: 'Disabled' })],
      'NotReady',
      [one],
      'NotReady',
    ],
    ['stays ready once it was', [spire], 'Ready', [one], 'Ready'],
    ['is ready for a service without dataplanes, as in Kuma', [meshIdentity()], undefined, [], 'Ready'],
  ])('%s', async (_name, drafts, before, dataplanes, expected) => {
    const mesh = await meshOf(...drafts)
    expect(tlsStatus(mesh.context, before, dataplanes)).toBe(expected)
  })

  test('is not ready while a MeshIdentity that was just changed has no trust domain', async () => {
    const mesh = await meshOf(meshIdentity())
    const changed = meshIdentity({}, { spiffeID: { trustDomain: 'No Domain' } })
    await mesh.write({ ...changed, status: mesh.get('MeshIdentity', 'identity').status })
    expect(tlsStatus(mesh.context, 'NotReady', [one])).toBe('NotReady')
    expect(serviceIdentities(mesh.context, [one])).toBeUndefined()
  })
})
