import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { RecordStore } from '../store/records.js'
import type { ControlPlanes } from './control-planes.js'
import { Records } from './entities.js'
import type { Provisioning } from './provision-zone.js'
import { SYSTEM_TRAIL } from './zone-events.js'

export interface ReconcilerOptions {
  readonly store: RecordStore
  readonly controlPlanes: ControlPlanes
  readonly provisioning: Provisioning
  readonly clock: Clock
  readonly log: Logger
}

/** How long half a control plane may be left after its global has come back. */
const TRY_AGAIN_MS = 2_000

/** Brings manager and globals together again after failures: halves of control planes, accounts of zones that are gone. */
export class Reconciler {
  readonly #options: ReconcilerOptions
  #pending: Cancel | undefined
  /** By shard: one that is to be tried again. */
  readonly #sweeps = new Map<string, Cancel>()
  #stopped = false

  constructor(options: ReconcilerOptions) {
    this.#options = options
  }

  /** Nobody was told of what was under way when an earlier life ended. */
  async start(): Promise<void> {
    await this.#reconcile()
  }

  stop(): void {
    this.#stopped = true
    this.#pending?.()
    for (const cancel of this.#sweeps.values()) cancel()
  }

  /** Half a control plane is left: tries again until there is none. */
  wake(): void {
    if (this.#stopped) return
    this.#pending ??= this.#options.clock.after(TRY_AGAIN_MS, () => {
      this.#pending = undefined
      void this.#reconcile()
    })
  }

  /** A global is back: what it told meanwhile may be lost. It reads its feed before it serves its API, so this may take a while. */
  sweep(shard: string): void {
    this.#sweeps.get(shard)?.()
    this.#sweeps.delete(shard)
    this.#sweep(shard).catch((thrown: unknown) => {
      this.#options.log.info('accounts of zones are compared later', { shard, error: AppError.from(thrown) })
      if (!this.#stopped)
        this.#sweeps.set(
          shard,
          this.#options.clock.after(TRY_AGAIN_MS, () => this.sweep(shard)),
        )
    })
  }

  async #reconcile(): Promise<void> {
    try {
      if ((await this.#options.controlPlanes.reconcile()) > 0) this.wake()
    } catch (thrown) {
      this.#options.log.warn('halves of control planes may be left', { error: AppError.from(thrown) })
      this.wake()
    }
  }

  async #sweep(shard: string): Promise<void> {
    const { store, controlPlanes, provisioning } = this.#options
    for (const organization of await store.organizations()) {
      const records = new Records(store.organization(organization))
      for (const controlPlane of await controlPlanes.list(records)) {
        if (controlPlane.body.shard === shard) await provisioning.sweep(records, controlPlane, SYSTEM_TRAIL)
      }
    }
  }
}
