import type { Component } from '../base/lifecycle.js'
import { RESOURCE_TYPES, type ResourceType } from '../model/registry.js'
import type { Resource } from '../model/resource.js'
import type { Change, Commit, TenantStore } from '../store/store.js'

/** What changed in one mesh; `mesh` undefined for global-scoped types. */
export interface MirrorChange {
  readonly mesh: string | undefined
  readonly change: Change
}

const NO_RESOURCES: ReadonlyMap<string, Resource> = new Map()

/**
 * A zone's resources in memory by mesh and type, read once and kept current by the change feed: what generators and
 * snapshots work from without asking the store again.
 */
export class MeshMirror implements Component {
  readonly name = 'mesh-mirror'
  readonly #store: TenantStore
  readonly #meshes = new Map<string | undefined, Map<ResourceType, Map<string, Resource>>>()
  readonly #listeners = new Set<(changes: readonly MirrorChange[]) => void>()
  #unwatch: () => void = () => {}

  constructor(store: TenantStore) {
    this.#store = store
  }

  async start(): Promise<void> {
    let early: Commit[] | undefined = []
    this.#unwatch = this.#store.watch((commit) => {
      if (early) early.push(commit)
      else this.#apply(commit)
    })
    const { head, resources } = await this.#store.listAll(RESOURCE_TYPES)
    for (const resource of resources) this.#place(resource)
    const missed = early
    early = undefined
    for (const commit of missed) if (commit.revision > head.revision) this.#apply(commit)
  }

  async stop(): Promise<void> {
    this.#unwatch()
    this.#listeners.clear()
  }

  /** By name. `mesh` undefined for global-scoped types. */
  of(mesh: string | undefined, type: ResourceType): ReadonlyMap<string, Resource> {
    return this.#meshes.get(mesh)?.get(type) ?? NO_RESOURCES
  }

  get meshNames(): readonly string[] {
    return [...this.of(undefined, 'Mesh').keys()]
  }

  /** Called after the mirror holds the commit; returns the unsubscriber. */
  onChange(listener: (changes: readonly MirrorChange[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #apply(commit: Commit): void {
    for (const change of commit.changes) {
      if (change.after) this.#place(change.after)
      else this.#meshes.get(change.key.mesh)?.get(change.key.type)?.delete(change.key.name)
    }
    const changes = commit.changes.map((change) => ({ mesh: change.key.mesh, change }))
    for (const listener of this.#listeners) listener(changes)
  }

  #place(resource: Resource): void {
    let types = this.#meshes.get(resource.mesh)
    if (!types) {
      types = new Map()
      this.#meshes.set(resource.mesh, types)
    }
    let names = types.get(resource.type)
    if (!names) {
      names = new Map()
      types.set(resource.type, names)
    }
    names.set(resource.name, resource)
  }
}
