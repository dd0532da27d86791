import type { Clock } from '../base/clock.js'
import type { Component } from '../base/lifecycle.js'
import type { Logger } from '../base/log.js'
import type { Random } from '../base/random.js'
import { InsightWriter } from '../insights/insight-writer.js'
import { MeshNumbers } from '../insights/mesh.js'
import { RESOURCE_TYPES, type ResourceType } from '../model/registry.js'
import type { Change, TenantStore } from '../store/store.js'
import { StoreFollower } from '../sync/store-follower.js'

export interface MeshInsightsOptions {
  readonly store: TenantStore
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Kuma recounts a mesh at most once a second (`metrics.mesh.minResyncInterval`). */
const WRITE_INTERVAL_MS = 1_000

interface Counted {
  readonly numbers: MeshNumbers
  readonly writer: InsightWriter
}

/** Keeps the MeshInsight of every mesh of one tenant true, and counts its resources, from the change feed. */
export class MeshInsights implements Component {
  readonly name = 'mesh-insights'
  readonly #options: MeshInsightsOptions
  readonly #meshes = new Map<string, Counted>()
  /** Resources of each type that are there. */
  readonly #counts = new Map<ResourceType, number>()
  readonly #follower: StoreFollower

  constructor(options: MeshInsightsOptions) {
    this.#options = options
    this.#follower = new StoreFollower({
      store: options.store,
      types: RESOURCE_TYPES,
      onRead: ({ resources }) => {
        for (const after of resources) this.#change({ key: after, before: undefined, after })
      },
      onCommit: ({ changes }) => {
        for (const change of changes) this.#change(change)
      },
      onVoid: () => this.#forget(),
      onFailed: (error) => options.log.warn('meshes are not counted until the store answers', { error }),
      clock: options.clock,
      random: options.random,
    })
  }

  async start(): Promise<void> {
    await this.#follower.start()
  }

  async stop(): Promise<void> {
    this.#follower.stop()
    this.#forget()
  }

  get counts(): ReadonlyMap<ResourceType, number> {
    return this.#counts
  }

  #forget(): void {
    for (const { writer } of this.#meshes.values()) writer.stop()
    this.#meshes.clear()
    this.#counts.clear()
  }

  #change(change: Change): void {
    const { key, before, after } = change
    const more = (after ? 1 : 0) - (before ? 1 : 0)
    this.#counts.set(key.type, (this.#counts.get(key.type) ?? 0) + more)
    if (key.type === 'Mesh' && !after) {
      this.#meshes.get(key.name)?.writer.stop()
      this.#meshes.delete(key.name)
      return
    }
    const mesh = key.type === 'Mesh' ? key.name : key.mesh
    if (mesh === undefined) return
    const counted = this.#counted(mesh)
    if (key.type !== 'Mesh') counted.numbers.change(change)
    counted.writer.changed()
  }

  #counted(mesh: string): Counted {
    let counted = this.#meshes.get(mesh)
    if (!counted) {
      const numbers = new MeshNumbers()
      const { store, clock, log } = this.#options
      const writer = new InsightWriter({
        store,
        key: { type: 'MeshInsight', mesh: undefined, name: mesh },
        owner: { type: 'Mesh', mesh: undefined, name: mesh },
        clock,
        log,
        untilDueMs: () => WRITE_INTERVAL_MS,
        update: () => numbers.json(),
      })
      counted = { numbers, writer }
      this.#meshes.set(mesh, counted)
    }
    return counted
  }
}
