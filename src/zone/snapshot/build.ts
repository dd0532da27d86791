import type { Resource } from '../../model/resource.js'
import type { EnvoyResource } from '../../wire/envoy-codec.js'
import { addInbounds } from './inbounds.js'
import type { MeshContext, Touched } from './mesh-context.js'
import { addOutbounds } from './outbounds.js'
import type { ResourceCache } from './resource-cache.js'
import { identitySecret, trustBundleSecret, trustDomains } from './secrets.js'
import { type Note, Sidecar } from './sidecar.js'
import { TRUST_BUNDLE } from './tls.js'
import { addZoneProxy } from './zone-proxy.js'

export type SnapshotEntry = EnvoyResource

/** All that one sidecar is to have, by name. Routes are inline in the listeners. */
export interface Snapshot {
  readonly clusters: ReadonlyMap<string, SnapshotEntry>
  readonly endpoints: ReadonlyMap<string, SnapshotEntry>
  readonly listeners: ReadonlyMap<string, SnapshotEntry>
  readonly secrets: ReadonlyMap<string, SnapshotEntry>
  /** Keys of what was looked at: a change that touches one of them, or selects the dataplane, makes this stale. */
  readonly dependencies: ReadonlySet<string>
  readonly notes: readonly Note[]
}

/**
 * Pure but for the caches: the same mesh and dataplane give the same bytes. `dataplane` must be of the context's mesh.
 * Throws `internal` when a resource has a shape that Envoy would not read; nothing of the snapshot may then be served.
 */
export function buildSnapshot(context: MeshContext, dataplane: Resource, cache: ResourceCache): Snapshot {
  const sidecar = new Sidecar(context, dataplane, cache)
  addInbounds(sidecar)
  addZoneProxy(sidecar)
  addOutbounds(sidecar)
  addSecrets(sidecar)
  const { cluster, endpoint, listener, secret } = sidecar.resources
  return {
    clusters: cluster,
    endpoints: endpoint,
    listeners: listener,
    secrets: secret,
    dependencies: sidecar.dependencies,
    notes: sidecar.notes,
  }
}

/** Whether a change may have changed the snapshot; when not, building it again would give the same bytes. */
export function isStale({ dependencies }: Snapshot, { keys, selects }: Touched, dataplane: Resource): boolean {
  return keys.some((key) => dependencies.has(key)) || selects(dataplane)
}

function addSecrets(sidecar: Sidecar): void {
  const { identity, context } = sidecar
  if (identity === undefined) return
  sidecar.put('secret', identity.secretName, { identity: sidecar.identityOf(identity) }, () => identitySecret(identity))
  const domains = trustDomains(context.all('MeshTrust', sidecar.depend))
  if (domains.length > 0) sidecar.put('secret', TRUST_BUNDLE, { domains }, () => trustBundleSecret(domains))
}
