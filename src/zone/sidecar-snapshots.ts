import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Component } from '../base/lifecycle.js'
import type { Logger } from '../base/log.js'
import type { ServedCertificate } from '../insights/dataplane.js'
import { RESOURCE_TYPES } from '../model/registry.js'
import { keyText } from '../model/resource.js'
import { SharedResponses } from '../protocol/shared-responses.js'
import { SnapshotSource } from '../protocol/snapshot-source.js'
import { encodeDeltaResponse } from '../wire/delta-codec.js'
import { ENVOY_TYPE_URL } from '../wire/envoy-codec.js'
import type { WorkloadCertificates } from './identity/workload-certificates.js'
import type { MeshMirror, MirrorChange } from './mesh-mirror.js'
import { SnapshotBuilder } from './snapshot/build.js'
import { Dependents } from './snapshot/dependents.js'
import { MeshContext } from './snapshot/mesh-context.js'
import { ResourceCache } from './snapshot/resource-cache.js'

export interface SidecarSnapshotsOptions {
  readonly mirror: MeshMirror
  readonly certificates: WorkloadCertificates
  readonly zone: string
  readonly clock: Clock
  readonly log: Logger
}

/** One connected sidecar: what it is served and what that was made from. */
export interface ServedSidecar {
  readonly mesh: string
  readonly name: string
  readonly source: SnapshotSource
}

interface Served extends ServedSidecar {
  readonly builder: SnapshotBuilder
}

/** Snapshots built in one turn of the event loop: some 20 ms at a millisecond each, so that streams and pings go on. */
const BUILDS_PER_TURN = 20

/**
 * The snapshots of the connected sidecars, built anew when something that a part of one hangs on changed, that part
 * alone. Each distinct resource is encoded once and shared, whichever sidecars have it.
 */
export class SidecarSnapshots implements Component {
  readonly name = 'sidecar-snapshots'
  readonly #options: SidecarSnapshotsOptions
  readonly #cache = new ResourceCache()
  readonly #responses = new SharedResponses((type, nonce, resources, removed) =>
    encodeDeltaResponse({ type, nonce, resources, removed, controlPlane: this.#options.zone }),
  )
  readonly #contexts = new Map<string, MeshContext>()
  readonly #dependents = new Dependents()
  readonly #dirty = new Set<Served>()
  /** Connected, and the last build failed or had no Dataplane: whatever changes in the mesh may help. */
  readonly #unbuilt = new Set<Served>()
  readonly #idle = new Set<() => void>()
  #cancelTurn: Cancel | undefined
  readonly #unlisten: (() => void)[] = []

  constructor(options: SidecarSnapshotsOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { mirror, certificates } = this.#options
    this.#unlisten.push(
      mirror.onChange((changes) => this.#changed(changes)),
      certificates.onStale((dataplane) => {
        this.#dependents.touch([keyText(dataplane)])
        this.#schedule()
      }),
    )
  }

  async stop(): Promise<void> {
    for (const unlisten of this.#unlisten.splice(0)) unlisten()
    this.#cancelTurn?.()
  }

  /** Begins to serve a sidecar; its snapshot follows at once if its Dataplane is there, else when it comes. */
  serve(mesh: string, name: string): ServedSidecar {
    const builder = new SnapshotBuilder({
      context: this.contextOf(mesh),
      cache: this.#cache,
      dependents: this.#dependents,
      onStale: () => this.#dirty.add(served),
    })
    const served: Served = { mesh, name, source: new SnapshotSource({ responses: this.#responses }), builder }
    this.#rebuild(served)
    return served
  }

  release(sidecar: ServedSidecar): void {
    const served = sidecar as Served
    served.builder.release()
    this.#unbuilt.delete(served)
    this.#dirty.delete(served)
  }

  /** The certificate in a sidecar's snapshot. */
  certificateOf(mesh: string, name: string): ServedCertificate | undefined {
    return this.#options.certificates.served({ type: 'Dataplane', mesh, name })
  }

  /** The context of a mesh, complete: what inspection and dry runs are answered from. */
  contextOf(mesh: string): MeshContext {
    let context = this.#contexts.get(mesh)
    if (!context) {
      const { zone, mirror, certificates } = this.#options
      context = new MeshContext({ mesh, zone, identityOf: (dataplane) => certificates.identityOf(dataplane) })
      for (const type of RESOURCE_TYPES) {
        for (const resource of mirror.of(mesh, type).values()) context.change(undefined, resource)
      }
      this.#contexts.set(mesh, context)
    }
    return context
  }

  get cache(): ResourceCache {
    return this.#cache
  }

  /** Resolves when every snapshot holds what the mirror holds. */
  settled(): Promise<void> {
    if (this.#dirty.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.add(resolve))
  }

  #changed(changes: readonly MirrorChange[]): void {
    for (const { mesh, change } of changes) {
      if (mesh === undefined) continue
      // A mesh that nobody has asked about has no context to keep current.
      const context = this.#contexts.get(mesh)
      if (!context) continue
      this.#dependents.touch(context.change(change.before, change.after))
      for (const served of this.#unbuilt) if (served.mesh === mesh) this.#dirty.add(served)
    }
    this.#schedule()
  }

  #schedule(): void {
    if (this.#dirty.size === 0 || this.#cancelTurn) return
    this.#cancelTurn = this.#options.clock.after(0, () => {
      this.#cancelTurn = undefined
      this.#turn()
    })
  }

  #turn(): void {
    let budget = BUILDS_PER_TURN
    for (const served of this.#dirty) {
      if (budget === 0) break
      budget -= 1
      this.#dirty.delete(served)
      this.#rebuild(served)
    }
    if (this.#dirty.size > 0) {
      this.#schedule()
      return
    }
    for (const resolve of this.#idle) resolve()
    this.#idle.clear()
  }

  /** A snapshot that cannot be built leaves the last good one in place: nothing of a broken one may be served. */
  #rebuild(served: Served): void {
    const { mesh, name, source, builder } = served
    this.#unbuilt.add(served)
    const dataplane = this.#options.mirror.of(mesh, 'Dataplane').get(name)
    if (!dataplane) return
    try {
      const { clusters, endpoints, listeners, secrets } = builder.build(dataplane)
      this.#unbuilt.delete(served)
      const { cluster, endpoint, listener, secret } = ENVOY_TYPE_URL
      source.replace(
        new Map([
          [cluster, clusters],
          [endpoint, endpoints],
          [listener, listeners],
          [secret, secrets],
        ]),
      )
    } catch (thrown) {
      this.#options.log.error('a snapshot could not be built', { mesh, name, error: AppError.from(thrown) })
    }
  }
}
