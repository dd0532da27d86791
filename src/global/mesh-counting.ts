import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { Random } from '../base/random.js'
import type { Leading, ResourceCount } from '../insights/leader-metrics.js'
import { fencedStore } from '../store/fenced-store.js'
import type { Fence, LeaderJob } from '../store/peers.js'
import type { TenantStore } from '../store/store.js'
import { MeshInsights } from './mesh-insights.js'

const RETRY_MS = 5_000

/** Who keeps the MeshInsights: a process that has the store alone, or the leader of several. */
type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'alone' }
  | { readonly kind: 'leading'; readonly fence: Fence }

export interface MeshCountingOptions {
  readonly shared: boolean
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Keeps the MeshInsights of all tenants true, in one of the processes that share them. */
export class MeshCounting implements LeaderJob, Leading {
  readonly #ports: { readonly clock: Clock; readonly random: Random; readonly log: Logger }
  readonly #stores = new Set<TenantStore>()
  readonly #running = new Map<TenantStore, MeshInsights>()
  #state: State

  constructor(options: MeshCountingOptions) {
    this.#ports = options
    this.#state = { kind: options.shared ? 'idle' : 'alone' }
  }

  async start(fence: Fence): Promise<void> {
    this.#state = { kind: 'leading', fence }
    for (const store of this.#stores) await this.#runOnceThere(store)
  }

  async stop(): Promise<void> {
    this.#state = { kind: 'idle' }
    for (const insights of this.#running.values()) await insights.stop()
    this.#running.clear()
  }

  get leads(): boolean {
    return this.#state.kind !== 'idle'
  }

  *resourceCounts(): Iterable<ResourceCount> {
    for (const [{ tenant }, { counts }] of this.#running) {
      for (const [type, count] of counts) yield { tenant, type, count }
    }
  }

  /** A tenant has been opened. */
  async add(store: TenantStore): Promise<void> {
    this.#stores.add(store)
    await this.#run(store)
  }

  /** A tenant is gone. */
  async remove(store: TenantStore): Promise<void> {
    this.#stores.delete(store)
    await this.#running.get(store)?.stop()
    this.#running.delete(store)
  }

  /** A store that is away when this process begins to lead is asked again. */
  async #runOnceThere(store: TenantStore): Promise<void> {
    try {
      if (this.#stores.has(store)) await this.#run(store)
    } catch (thrown) {
      const { clock, log } = this.#ports
      this.#running.delete(store)
      log.warn('meshes are not counted yet', { tenant: store.tenant, error: AppError.from(thrown) })
      clock.after(RETRY_MS, () => void this.#runOnceThere(store))
    }
  }

  async #run(store: TenantStore): Promise<void> {
    if (this.#state.kind === 'idle' || this.#running.has(store)) return
    const own = this.#state.kind === 'alone' ? store : fencedStore(store, this.#state.fence)
    const insights = new MeshInsights({ ...this.#ports, store: own })
    this.#running.set(store, insights)
    await insights.start()
  }
}
