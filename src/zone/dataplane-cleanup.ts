import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Component } from '../base/lifecycle.js'
import type { Logger } from '../base/log.js'
import { isJsonObject } from '../model/json.js'
import { type Resource, specOf } from '../model/resource.js'
import type { TenantStore, Write } from '../store/store.js'
import type { MeshMirror } from './mesh-mirror.js'

export interface DataplaneCleanupOptions {
  readonly store: TenantStore
  readonly mirror: MeshMirror
  readonly clock: Clock
  readonly log: Logger
  /** How long a sidecar may be offline before its Dataplane is deleted, whoever made it (Kuma: 72 h). */
  readonly ageMs: number
}

/** As often as Kuma looks (`pkg/gc/collector.go`). */
const LOOK_EVERY_MS = 60_000

/**
 * Deletes the Dataplanes of sidecars that went and never came back: those that left while the zone was away have no
 * grace time running. One that no sidecar was ever connected for stays.
 */
export class DataplaneCleanup implements Component {
  readonly name = 'dataplane-cleanup'
  readonly #options: DataplaneCleanupOptions
  #cancel: Cancel = () => {}
  #stopped = false

  constructor(options: DataplaneCleanupOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    this.#lookLater()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
  }

  #lookLater(): void {
    if (this.#stopped) return
    this.#cancel = this.#options.clock.after(LOOK_EVERY_MS, () => {
      void this.#look().finally(() => this.#lookLater())
    })
  }

  async #look(): Promise<void> {
    const { store, log } = this.#options
    const writes = this.#abandoned().map((key): Write => ({ kind: 'delete', key, expect: { version: key.version } }))
    if (writes.length === 0) return
    try {
      await store.commit(writes)
      log.info('dataplanes that were offline for long are deleted', { count: writes.length })
    } catch (thrown) {
      log.error('offline dataplanes could not be deleted', { error: AppError.from(thrown) })
    }
  }

  #abandoned(): readonly Resource[] {
    const { mirror, clock, ageMs } = this.#options
    const since = clock.nowMs() - ageMs
    return mirror.meshNames.flatMap((mesh) => {
      const insights = mirror.of(mesh, 'DataplaneInsight')
      return [...mirror.of(mesh, 'Dataplane').values()].filter(({ name }) => {
        const insight = insights.get(name)
        const offlineSinceMs = insight && lastSeenMs(insight)
        return offlineSinceMs !== undefined && offlineSinceMs <= since
      })
    })
  }
}

/** When the last of its streams ended; undefined while one is open, and for one that never was. */
function lastSeenMs(insight: Resource): number | undefined {
  const { subscriptions } = specOf(insight)
  if (!Array.isArray(subscriptions)) return undefined
  const ends = subscriptions.map((item) => (isJsonObject(item) ? Date.parse(String(item.disconnectTime)) : Number.NaN))
  const last = Math.max(...ends)
  return Number.isFinite(last) ? last : undefined
}
