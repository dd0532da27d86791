import type { Clock } from '../base/clock.js'
import type { Component } from '../base/lifecycle.js'
import type { Logger } from '../base/log.js'
import { InsightWriter } from '../insights/insight-writer.js'
import { MeshNumbers } from '../insights/mesh.js'
import { descriptorOf, RESOURCE_TYPES, type ResourceType } from '../model/registry.js'
import type { Change, Commit, TenantStore } from '../store/store.js'

export interface MeshInsightsOptions {
  readonly store: TenantStore
  readonly clock: Clock
  readonly log: Logger
}

/** Kuma recounts a mesh at most once a second (`metrics.mesh.minResyncInterval`). */
const WRITE_INTERVAL_MS = 1_000

const MESH_TYPES: readonly ResourceType[] = RESOURCE_TYPES.filter((type) => descriptorOf(type).scope === 'mesh')

interface Counted {
  readonly numbers: MeshNumbers
  readonly writer: InsightWriter
}

/** Keeps the MeshInsight of every mesh of one tenant true, from the change feed. */
export class MeshInsights implements Component {
  readonly name = 'mesh-insights'
  readonly #options: MeshInsightsOptions
  readonly #meshes = new Map<string, Counted>()
  #unwatch: () => void = () => {}

  constructor(options: MeshInsightsOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    let early: Commit[] | undefined = []
    const { store } = this.#options
    this.#unwatch = store.watch((commit) => (early ? early.push(commit) : this.#apply(commit)))
    const { head, resources } = await store.listAll([...MESH_TYPES, 'Mesh'])
    for (const after of resources) this.#change({ key: after, before: undefined, after })
    const missed = early
    early = undefined
    for (const commit of missed) if (commit.revision > head.revision) this.#apply(commit)
  }

  async stop(): Promise<void> {
    this.#unwatch()
    for (const { writer } of this.#meshes.values()) writer.stop()
    this.#meshes.clear()
  }

  #apply(commit: Commit): void {
    for (const change of commit.changes) this.#change(change)
  }

  #change(change: Change): void {
    const { key, after } = change
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
        intervalMs: WRITE_INTERVAL_MS,
        update: () => numbers.json(),
      })
      counted = { numbers, writer }
      this.#meshes.set(mesh, counted)
    }
    return counted
  }
}
