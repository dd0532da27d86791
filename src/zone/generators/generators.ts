import type { Cancel, Clock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import type { Component } from '../../base/lifecycle.js'
import type { Logger } from '../../base/log.js'
import type { ResourceType } from '../../model/registry.js'
import { statusOf } from '../../model/resource.js'
import type { Change, TenantStore } from '../../store/store.js'
import type { MeshMirror, MirrorChange } from '../mesh-mirror.js'
import type { HostnamedType } from './hostnames.js'
import { MeshPlanner } from './mesh-planner.js'
import { isOnline } from './proxy-counts.js'
import { VipPool } from './vip-pool.js'

export interface GeneratorsOptions {
  readonly store: TenantStore
  readonly mirror: MeshMirror
  readonly zone: string
  readonly clock: Clock
  readonly log: Logger
  /** How long a generated MeshService outlives its last Dataplane. */
  readonly graceMs: number
  /** Undefined: the zone makes no proxy of its own. */
  readonly proxy: { readonly address: string; readonly firstPort: number } | undefined
}

/** Types whose changes can change what is generated. */
const WATCHED: ReadonlySet<ResourceType> = new Set([
  'Mesh',
  'Dataplane',
  'DataplaneInsight',
  'MeshService',
  'MeshMultiZoneService',
  'MeshExternalService',
  'MeshIdentity',
  'MeshTrust',
  'Secret',
  'MeshZoneAddress',
  'Workload',
  'HostnameGenerator',
])

/** Plans feed on what they wrote; a mesh that is not at rest after as many rounds has two writers that disagree. */
const ROUNDS_MAX = 20

/** After a store that failed, or a mesh that did not come to rest. */
const RETRY_MS = 1_000

/** Kuma's default ranges (`ipam.*.cidr`), by first octet. */
const VIP_RANGES: Readonly<Record<HostnamedType, number>> = {
  MeshService: 241,
  MeshExternalService: 242,
  MeshMultiZoneService: 243,
}

/**
 * Makes what a Kuma zone makes, when something changed and not by the clock: one mesh at a time, planning from memory
 * and committing until a plan is empty. Changes that come meanwhile are one more round.
 */
export class Generators implements Component {
  readonly name = 'generators'
  readonly #options: GeneratorsOptions
  readonly #dirty = new Set<string>()
  readonly #rounds = new Map<string, number>()
  readonly #wakes = new Map<string, Cancel>()
  /** By mesh, from its first plan on. */
  readonly #planners = new Map<string, MeshPlanner>()
  readonly #vips = {
    MeshService: new VipPool(VIP_RANGES.MeshService),
    MeshExternalService: new VipPool(VIP_RANGES.MeshExternalService),
    MeshMultiZoneService: new VipPool(VIP_RANGES.MeshMultiZoneService),
  }
  #running: Promise<void> | undefined
  #stopped = false
  #unlisten: () => void = () => {}

  constructor(options: GeneratorsOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { mirror } = this.#options
    for (const mesh of mirror.meshNames) this.#reserveVips(mesh)
    this.#unlisten = mirror.onChange((changes) => this.#changed(changes))
    for (const mesh of mirror.meshNames) this.#markDirty(mesh)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#unlisten()
    for (const cancel of this.#wakes.values()) cancel()
    await this.#running
  }

  /** Resolves when nothing is left to make. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  #changed(changes: readonly MirrorChange[]): void {
    const meshes = new Set<string>()
    for (const { mesh, change } of changes) {
      if (!WATCHED.has(change.key.type) || isHeartbeat(change)) continue
      for (const name of this.#meshesOf(mesh, change)) {
        this.#planners.get(name)?.change(change)
        meshes.add(name)
      }
    }
    for (const mesh of meshes) this.#markDirty(mesh)
  }

  #meshesOf(mesh: string | undefined, { key, after }: Change): Iterable<string> {
    if (mesh !== undefined) return [mesh]
    if (key.type !== 'Mesh') return this.#options.mirror.meshNames
    if (!after) this.#planners.delete(key.name)
    return [key.name]
  }

  #markDirty(mesh: string): void {
    this.#dirty.add(mesh)
    if (this.#stopped || this.#running !== undefined) return
    this.#running = this.#run().finally(() => {
      this.#running = undefined
      this.#rounds.clear()
      // What became dirty between the last look and this line would else wait for the next change.
      for (const left of this.#dirty) this.#markDirty(left)
    })
  }

  async #run(): Promise<void> {
    for (const mesh of this.#dirty) {
      this.#dirty.delete(mesh)
      if (this.#stopped) return
      const rounds = (this.#rounds.get(mesh) ?? 0) + 1
      this.#rounds.set(mesh, rounds)
      if (rounds < ROUNDS_MAX) await this.#generate(mesh)
      else {
        this.#options.log.warn('generated resources keep changing', { mesh, rounds })
        this.#wakeAt(mesh, this.#options.clock.nowMs() + RETRY_MS)
      }
    }
  }

  async #generate(mesh: string): Promise<void> {
    const { mirror, store, clock, log } = this.#options
    if (!mirror.of(undefined, 'Mesh').has(mesh)) return
    try {
      const { writes, wakeAtMs } = this.#plannerOf(mesh).plan(clock.nowMs())
      this.#wakeAt(mesh, wakeAtMs)
      if (writes.length > 0) await store.commit(writes)
    } catch (thrown) {
      // What was planned and not stored is not known any more: everything is planned anew.
      this.#planners.delete(mesh)
      log.error('generated resources could not be stored', { mesh, error: AppError.from(thrown) })
      this.#wakeAt(mesh, clock.nowMs() + RETRY_MS)
    }
  }

  #plannerOf(mesh: string): MeshPlanner {
    let planner = this.#planners.get(mesh)
    if (!planner) {
      planner = new MeshPlanner({ ...this.#options, mesh, vips: this.#vips })
      this.#planners.set(mesh, planner)
    }
    return planner
  }

  #wakeAt(mesh: string, atMs: number | undefined): void {
    this.#wakes.get(mesh)?.()
    this.#wakes.delete(mesh)
    if (atMs === undefined || this.#stopped) return
    const { clock } = this.#options
    this.#wakes.set(
      mesh,
      clock.after(Math.max(0, atMs - clock.nowMs()), () => this.#markDirty(mesh)),
    )
  }

  /** Addresses given in an earlier life are not given again. */
  #reserveVips(mesh: string): void {
    for (const type of Object.keys(VIP_RANGES) as HostnamedType[]) {
      for (const service of this.#options.mirror.of(mesh, type).values()) {
        const status = statusOf<{ vips?: readonly { ip: string }[]; vip?: { ip: string } }>(service)
        for (const { ip } of [...(status?.vips ?? []), ...(status?.vip ? [status.vip] : [])])
          this.#vips[type].reserve(ip)
      }
    }
  }
}

/** Of an insight only coming and going counts: its counters move as long as anyone is connected. */
function isHeartbeat({ key, before, after }: Change): boolean {
  if (key.type !== 'DataplaneInsight') return false
  return (before !== undefined && isOnline(before)) === (after !== undefined && isOnline(after))
}
