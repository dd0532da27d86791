import type { Clock } from '../base/clock.js'
import type { Component } from '../base/lifecycle.js'
import type { Logger } from '../base/log.js'
import { DeadInstances } from '../insights/dead-instances.js'
import type { Leading, ResourceCount } from '../insights/leader-metrics.js'
import { fencedStore } from '../store/fenced-store.js'
import type { Fence, LeaderJob, Peers } from '../store/peers.js'
import type { TenantStore } from '../store/store.js'
import type { ZoneConfig } from './config.js'
import { DataplaneCleanup } from './dataplane-cleanup.js'
import { Generators } from './generators/generators.js'
import type { GlobalLink } from './global-link.js'
import type { MeshMirror } from './mesh-mirror.js'

export interface LeaderJobsOptions {
  readonly config: ZoneConfig
  readonly store: TenantStore
  readonly mirror: MeshMirror
  /** Other instances over the same database; undefined: this process is the zone. */
  readonly peers: Peers | undefined
  readonly clock: Clock
  readonly log: Logger
}

/**
 * What one process does for the whole zone: it makes what a zone makes, deletes Dataplanes whose sidecars never came back,
 * and holds the link, so that the zone has one subscription at its global. Of several instances that is the leader, whose
 * writes carry its term.
 */
export class LeaderJobs implements LeaderJob, Leading {
  readonly #options: LeaderJobsOptions
  #link: GlobalLink | undefined
  #generators: Generators | undefined
  readonly #running: Pick<Component, 'stop'>[] = []
  #store: TenantStore

  constructor(options: LeaderJobsOptions) {
    this.#options = options
    this.#store = options.store
  }

  /** For as long as this process leads; alone, from now on. A zone that stands alone has no link. */
  async begin(link: GlobalLink | undefined): Promise<void> {
    const { peers, config } = this.#options
    this.#link = link
    if (peers) peers.lead(`zone/${config.zoneName}`, this)
    else await this.start(undefined)
  }

  get leads(): boolean {
    return this.#generators !== undefined
  }

  *resourceCounts(): Iterable<ResourceCount> {
    const { mirror, config, store } = this.#options
    const tenant = config.cpId || store.tenant
    for (const [type, count] of mirror.counts()) yield { tenant, type, count }
  }

  /** What writes for the zone: refused once another leads. */
  get store(): TenantStore {
    return this.#store
  }

  async start(fence: Fence | undefined): Promise<void> {
    const { store, mirror, config, clock, log, peers } = this.#options
    this.#store = fence ? fencedStore(store, fence) : store
    const own = { store: this.#store, mirror, clock, log }
    this.#generators = new Generators({ ...own, ...generation(config) })
    await this.#run(this.#generators)
    await this.#run(new DataplaneCleanup({ ...own, ageMs: config.dataplaneCleanupMs }))
    if (this.#link) await this.#run(this.#link)
    if (!fence || !peers) return
    const types = ['ZoneInsight', 'DataplaneInsight'] as const
    const dead = new DeadInstances({ peers, stores: () => [store], types, clock, log })
    await dead.start(fence)
    this.#running.push(dead)
  }

  async stop(): Promise<void> {
    for (const job of this.#running.splice(0).reverse()) await job.stop()
    this.#generators = undefined
  }

  /** Resolves when nothing is left to make, here. */
  async settled(): Promise<void> {
    await this.#generators?.settled()
  }

  async #run(job: Component): Promise<void> {
    await job.start()
    this.#running.push(job)
  }
}

function generation({ zoneName: zone, meshServiceGraceMs: graceMs, zoneProxy, zoneProxyPort, listen }: ZoneConfig) {
  const address = listen === '0.0.0.0' || listen === '::' ? '127.0.0.1' : listen
  return { zone, graceMs, proxy: zoneProxy ? { address, firstPort: zoneProxyPort } : undefined }
}
