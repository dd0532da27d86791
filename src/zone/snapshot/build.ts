import { keyText, type Resource } from '../../model/resource.js'
import type { ResolvedBackend } from '../../policy/destinations.js'
import { Composition, type Snapshot } from './composition.js'
import { Dependents } from './dependents.js'
import { inboundPart } from './inbounds.js'
import type { MeshContext } from './mesh-context.js'
import { backendPart, outboundPart } from './outbounds.js'
import { PartMemo } from './part-memo.js'
import { planOf } from './plan.js'
import type { ResourceCache } from './resource-cache.js'
import { secretsPart } from './secrets.js'
import { Sidecar } from './sidecar.js'
import type { WorkloadIdentity } from './tls.js'
import { localBackendPart, zoneProxyPart } from './zone-proxy.js'

export interface SnapshotBuilderOptions {
  readonly context: MeshContext
  readonly cache: ResourceCache
  /** Where parts wait for the keys that they hang on to be touched. */
  readonly dependents: Dependents
  /** A part has become stale: the next snapshot may be another one. */
  readonly onStale: () => void
}

/** Builds one sidecar's snapshots, each from the parts of the one before that have not changed: the bytes of a first build. */
export class SnapshotBuilder {
  readonly #context: MeshContext
  readonly #cache: ResourceCache
  readonly #parts: PartMemo

  constructor({ context, cache, dependents, onStale }: SnapshotBuilderOptions) {
    this.#context = context
    this.#cache = cache
    this.#parts = new PartMemo(dependents, onStale)
  }

  /**
   * `dataplane` must be of the context's mesh. Throws `internal` when a resource has a shape that Envoy would not read;
   * nothing of the snapshot may then be served.
   */
  build(dataplane: Resource): Snapshot {
    const plan = this.#part('plan', dataplane, undefined, [], planOf)
    const part = <T>(id: string, of: readonly unknown[], make: (sidecar: Sidecar) => T): T =>
      this.#part(id, dataplane, plan.identity, of, make)
    const composition = new Composition()
    for (const [index, spec] of plan.inbounds.entries()) {
      composition.add(part(`inbound ${index}`, [], (sidecar) => inboundPart(sidecar, spec)))
    }
    for (const [index, spec] of plan.listeners.entries()) {
      const listener = part(`zone-proxy ${index}`, [], (sidecar) => zoneProxyPart(sidecar, spec))
      for (const backend of listener.backends) {
        const { resource } = backend
        composition.add(part(`local ${idOf(backend)}`, [resource], (sidecar) => localBackendPart(sidecar, backend)))
      }
      composition.add(listener)
    }
    composition.note(plan.notes)
    for (const outbound of plan.outbounds) {
      const { resource, address, listenPort, bind } = outbound
      const id = `outbound ${idOf(outbound)} ${address} ${listenPort}`
      const listener = part(id, [resource, bind], (sidecar) => outboundPart(sidecar, outbound))
      for (const backend of listener.backends) {
        composition.add(
          part(`backend ${idOf(backend)}`, [backend.resource], (sidecar) => backendPart(sidecar, backend)),
        )
      }
      composition.add(listener)
    }
    composition.add(part('secrets', [], secretsPart))
    this.#parts.forgetUnused()
    return composition.snapshot
  }

  /** The sidecar is served no more. */
  release(): void {
    this.#parts.forgetAll()
  }

  /** Keys of what was looked at: a change that touches none of them leaves the snapshot as it is. */
  get dependencies(): ReadonlySet<string> {
    return this.#parts.dependencies
  }

  #part<T>(
    id: string,
    dataplane: Resource,
    identity: WorkloadIdentity | undefined,
    of: readonly unknown[],
    make: (sidecar: Sidecar) => T,
  ): T {
    return this.#parts.get(id, [dataplane, identity, ...of], () => {
      const sidecar = new Sidecar(this.#context, dataplane, identity, this.#cache)
      return { value: make(sidecar), dependencies: sidecar.dependencies }
    })
  }
}

/** A snapshot by itself, of a sidecar that may not be connected. */
export function buildSnapshot(context: MeshContext, dataplane: Resource, cache: ResourceCache): Snapshot {
  return new SnapshotBuilder({ context, cache, dependents: new Dependents(), onStale: () => {} }).build(dataplane)
}

function idOf({ resource, section }: ResolvedBackend): string {
  return `${keyText(resource)} ${section}`
}
