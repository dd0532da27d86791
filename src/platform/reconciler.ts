import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { RecordStore } from '../store/records.js'
import type { ControlPlanes } from './control-planes.js'
import { Records } from './entities.js'
import type { Provisioning } from './provision-zone.js'
import type { ShardClient } from './shard-client.js'
import { SYSTEM_TRAIL } from './zone-events.js'

export interface ReconcilerOptions {
  readonly store: RecordStore
  readonly controlPlanes: ControlPlanes
  readonly provisioning: Provisioning
  readonly shards: ReadonlyMap<string, Pick<ShardClient, 'instanceId'>>
  readonly clock: Clock
  readonly log: Logger
}

/** How long half a control plane may be left after its global has come back. */
const TRY_AGAIN_MS = 2_000
/** How long a global that has started anew may be without what it has lost. */
const LOOK_EVERY_MS = 2_000

/**
 * Brings manager and globals together again after failures: halves of control planes, control planes that a global has lost,
 * accounts of zones that are gone.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions
  #pending: Cancel | undefined
  #cancelLook: Cancel = () => {}
  /** By shard: one that is to be tried again. */
  readonly #sweeps = new Map<string, Cancel>()
  /** By shard: what it is busy with. One sweep at a time, lest one takes for gone what another is making again. */
  readonly #turns = new Map<string, Promise<void>>()
  /** By shard, as it was last seen. */
  readonly #instances = new Map<string, string>()
  /** Control planes that were lost and whose zones are not all there again. */
  readonly #lost = new Set<string>()
  #stopped = false

  constructor(options: ReconcilerOptions) {
    this.#options = options
  }

  /** Nobody was told of what was under way when an earlier life ended. */
  async start(): Promise<void> {
    await this.#reconcile()
    void this.#look()
  }

  stop(): void {
    this.#stopped = true
    this.#pending?.()
    this.#cancelLook()
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

  /** A global is back: what it had or told meanwhile may be lost. It reads its feed before it serves its API, so this may take a while. */
  sweep(shard: string): void {
    this.#sweeps.get(shard)?.()
    this.#sweeps.delete(shard)
    const { clock, log } = this.#options
    const turn = (this.#turns.get(shard) ?? Promise.resolve())
      .then(() => this.#sweep(shard))
      .catch((thrown: unknown) => {
        log.info('a global is compared with the manager later', { shard, error: AppError.from(thrown) })
        if (this.#stopped) return
        this.#sweeps.get(shard)?.()
        this.#sweeps.set(
          shard,
          clock.after(TRY_AGAIN_MS, () => this.sweep(shard)),
        )
      })
    this.#turns.set(shard, turn)
  }

  /** A global that says that it is another instance has started anew. */
  async #look(): Promise<void> {
    const { shards, clock } = this.#options
    await Promise.all(
      [...shards].map(async ([shard, client]) => {
        // One that is away is looked at again.
        const instance = await client.instanceId().catch(() => undefined)
        if (this.#stopped || instance === undefined || instance === this.#instances.get(shard)) return
        this.#instances.set(shard, instance)
        this.sweep(shard)
      }),
    )
    if (!this.#stopped) this.#cancelLook = clock.after(LOOK_EVERY_MS, () => void this.#look())
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
        if (controlPlane.body.shard !== shard || this.#stopped) continue
        if (await controlPlanes.restore(records, controlPlane)) this.#lost.add(controlPlane.id)
        if (this.#lost.has(controlPlane.id)) await provisioning.restore(records, controlPlane)
        else await provisioning.sweep(records, controlPlane, SYSTEM_TRAIL)
        this.#lost.delete(controlPlane.id)
      }
    }
  }
}
