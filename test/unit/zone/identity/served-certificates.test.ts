import { expect, test } from 'vitest'
import { silentLogger } from '../../../../src/base/log.js'

import { type ResourceDraft, specOf, statusOf } from '../../../../src/model/resource.js'
import type { MeshServiceSpec } from '../../../../src/model/specs/mesh-service.js'
import { EVERYTHING } from '../../../../src/protocol/subscription.js'
import { ENVOY_TYPE_URL, type EnvoyKind } from '../../../../src/wire/envoy-codec.js'
import { MeshPlanner } from '../../../../src/zone/generators/mesh-planner.js'
import { VipPool } from '../../../../src/zone/generators/vip-pool.js'
import { WorkloadCertificates } from '../../../../src/zone/identity/workload-certificates.js'
import { type ServedSidecar, SidecarSnapshots } from '../../../../src/zone/sidecar-snapshots.js'
import { remove } from '../../../support/resource-builder.js'
import { dataplane, IdentityMesh, meshIdentity } from './identity-mesh.js'

const HOUR_MS = 3_600_000
const backend = dataplane('backend-1', { 'kuma.io/workload': 'backend' })
const SECRET = 'kri_mid_default___identity_'
const INBOUND = 'self_inbound_dp_http'

async function serving(...drafts: readonly ResourceDraft[]) {
  const mesh = await IdentityMesh.of(...drafts)
  await mesh.settle()
  const options = { mirror: mesh.mirror, zone: 'east', clock: mesh.clock, log: silentLogger }
  const certificates = new WorkloadCertificates(options)
  const snapshots = new SidecarSnapshots({ ...options, certificates })
  await certificates.start()
  await snapshots.start()
  return { mesh, snapshots }
}

/** Versions of what a sidecar is served, by name; undefined before its first snapshot. */
function versions({ source }: ServedSidecar, kind: EnvoyKind): Readonly<Record<string, string>> | undefined {
  const next = source.next(ENVOY_TYPE_URL[kind], EVERYTHING, { kind: 'nothing' }, 'now')
  if (next.kind !== 'batch') return undefined
  return Object.fromEntries(next.batch.entries.map(({ name, version }) => [name, version]))
}

test('a sidecar has its certificate from its first snapshot on, and never a listener without', async () => {
  const { snapshots } = await serving(meshIdentity(), backend)
  const plain = (await serving(backend)).snapshots.serve('default', 'backend-1')
  const served = snapshots.serve('default', 'backend-1')
  expect(Object.keys(versions(served, 'secret') ?? {})).toEqual([SECRET, 'system_trust_bundle'])
  expect(versions(plain, 'secret')).toEqual({})
  expect(versions(served, 'listener')?.[INBOUND]).not.toBe(versions(plain, 'listener')?.[INBOUND])
})

test('a certificate that gets old is replaced in the snapshot, and nothing else is', async () => {
  const { mesh, snapshots } = await serving(
    meshIdentity({ certificateParameters: { expiry: '10h' } }),
    backend,
    dataplane('web-1', { 'kuma.io/workload': 'web' }),
  )
  const served = snapshots.serve('default', 'backend-1')
  const before = versions(served, 'secret')
  mesh.clock.step(HOUR_MS)
  const later = snapshots.serve('default', 'web-1')
  const other = versions(later, 'secret')
  mesh.clock.step(7 * HOUR_MS)
  await snapshots.settled()
  const after = versions(served, 'secret')
  expect(after?.[SECRET]).not.toBe(before?.[SECRET])
  expect(after?.system_trust_bundle).toBe(before?.system_trust_bundle)
  expect(versions(later, 'secret')).toEqual(other)
})

test('a sidecar that comes back is served the certificate that it had', async () => {
  const { snapshots } = await serving(meshIdentity(), backend)
  const first = snapshots.serve('default', 'backend-1')
  snapshots.release(first)
  expect(versions(snapshots.serve('default', 'backend-1'), 'secret')).toEqual(versions(first, 'secret'))
})

test('a sidecar that cannot be named is served nothing, and one that no longer can keeps what it has', async () => {
  const { mesh, snapshots } = await serving(meshIdentity(), dataplane('nameless'), backend)
  expect(versions(snapshots.serve('default', 'nameless'), 'listener')).toBeUndefined()
  const served = snapshots.serve('default', 'backend-1')
  const before = versions(served, 'listener')
  await mesh.write(dataplane('backend-1', { changed: 'yes' }))
  mesh.clock.step(0)
  expect(versions(served, 'listener')).toEqual(before)
})

test('services tell their identities and that TLS is ready, and take both back with the MeshIdentity', async () => {
  const mesh = await IdentityMesh.of(meshIdentity(), backend)
  const vips = {
    MeshService: new VipPool(241),
    MeshExternalService: new VipPool(242),
    MeshMultiZoneService: new VipPool(243),
  }
  const rest = async () => {
    for (let rounds = 0; ; rounds += 1) {
      const { nowMs, ...context } = mesh.context
      const { writes } = new MeshPlanner({ ...context, graceMs: 0, vips, proxy: undefined }).plan(nowMs)
      if (writes.length === 0) break
      expect(rounds).toBeLessThan(5)
      await mesh.store.commit(writes)
    }
    const service = mesh.get('MeshService', 'backend')
    return [specOf<MeshServiceSpec>(service).identities, statusOf<{ tls: object }>(service)?.tls]
  }
  const identities = [{ type: 'SpiffeID', value: 'spiffe://default.east.mesh.local/workload/backend' }]
  expect(await rest()).toEqual([identities, { status: 'Ready' }])
  await mesh.store.commit([remove(mesh.get('MeshIdentity', 'identity'))])
  expect(await rest()).toEqual([undefined, { status: 'NotReady' }])
})
