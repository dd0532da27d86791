import type { Clock } from '../base/clock.js'
import type { Component } from '../base/lifecycle.js'
import type { Random } from '../base/random.js'
import { RESOURCE_TYPES, type ResourceType } from '../model/registry.js'
import { keyOf, keyText, type Resource } from '../model/resource.js'
import type { Change, Listing, TenantStore } from '../store/store.js'
import { StoreFollower } from '../sync/store-follower.js'

/** What changed in one mesh; `mesh` undefined for global-scoped types. `before` is the very object that was mirrored until now. */
export interface MirrorChange {
  readonly mesh: string | undefined
  readonly change: Change
}

export interface MeshMirrorOptions {
  readonly store: Pick<TenantStore, 'listAll' | 'watch'>
  readonly clock: Clock
  readonly random: Random
}

const NO_RESOURCES: ReadonlyMap<string, Resource> = new Map()

/**
 * A zone's resources in memory by mesh and type, read once and kept current by the change feed: what generators and
 * snapshots work from without asking the store again.
 */
export class MeshMirror implements Component {
  readonly name = 'mesh-mirror'
  readonly #follower: StoreFollower
  readonly #meshes = new Map<string | undefined, Map<ResourceType, Map<string, Resource>>>()
  readonly #listeners = new Set<(changes: readonly MirrorChange[]) => void>()

  constructor(options: MeshMirrorOptions) {
    this.#follower = new StoreFollower({
      ...options,
      types: RESOURCE_TYPES,
      onRead: (listing) => this.#apply(this.#differences(listing)),
      onCommit: ({ changes }) => this.#apply(changes),
      // What is here goes on being served until the new epoch is read.
      onVoid: () => {},
      onFailed: () => {},
    })
  }

  async start(): Promise<void> {
    await this.#follower.start()
  }

  async stop(): Promise<void> {
    this.#follower.stop()
    this.#listeners.clear()
  }

  /** By name. `mesh` undefined for global-scoped types. */
  of(mesh: string | undefined, type: ResourceType): ReadonlyMap<string, Resource> {
    return this.#meshes.get(mesh)?.get(type) ?? NO_RESOURCES
  }

  /** How many there are of each type, in all meshes together. */
  counts(): ReadonlyMap<ResourceType, number> {
    const counts = new Map<ResourceType, number>()
    for (const types of this.#meshes.values()) {
      for (const [type, { size }] of types) counts.set(type, (counts.get(type) ?? 0) + size)
    }
    return counts
  }

  get meshNames(): readonly string[] {
    return [...this.of(undefined, 'Mesh').keys()]
  }

  /** Called after the mirror holds the commit; returns the unsubscriber. */
  onChange(listener: (changes: readonly MirrorChange[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** From what is held to what was read. */
  #differences({ resources }: Listing): readonly Change[] {
    const gone = new Map(this.#all().map((resource) => [keyText(resource), resource]))
    const changes: Change[] = []
    for (const after of resources) {
      const before = gone.get(keyText(after))
      gone.delete(keyText(after))
      changes.push({ key: keyOf(after), before, after })
    }
    for (const before of gone.values()) changes.push({ key: keyOf(before), before, after: undefined })
    return changes
  }

  #all(): readonly Resource[] {
    return [...this.#meshes.values()].flatMap((types) => [...types.values()].flatMap((names) => [...names.values()]))
  }

  #apply(changes: readonly Change[]): void {
    const mirrored = changes.map(({ key, after }) => {
      const names = this.#meshes.get(key.mesh)?.get(key.type)
      const before = names?.get(key.name)
      if (after) this.#place(after)
      else names?.delete(key.name)
      return { mesh: key.mesh, change: { key, before, after } }
    })
    for (const listener of this.#listeners) listener(mirrored)
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
