import type { PeerIdentity } from '../auth/zone-authenticator.js'
import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Hops } from '../base/hops.js'
import type { Logger } from '../base/log.js'
import type { Metrics } from '../base/metrics.js'
import type { Random } from '../base/random.js'
import { ZoneInsight } from '../insights/zone.js'
import { canonicalJson } from '../model/json.js'
import type { TenantStore } from '../store/store.js'
import { type RecipientClass, recipientClass } from '../sync/features.js'
import type { LabelOptions } from '../sync/outbound-map.js'
import { downRecipe } from '../sync/recipes.js'
import { View } from '../sync/view.js'
import { publicKeyOfSecret } from './public-key.js'

export interface TenantRuntimeOptions {
  readonly store: TenantStore
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
  readonly hops: Hops
  readonly instanceId: string
  readonly insightFlushIntervalMs: number
  readonly subscriptionLimit: number
  readonly messageBytesMax: number
  readonly labels: LabelOptions
}

/** A view outlives its last stream by this, so that a herd that reconnects finds it complete. */
const VIEW_LINGER_MS = 60_000

/** What one tenant's streams share: a view per class of zones, an insight per zone. Nothing of it exists without streams. */
export class TenantRuntime {
  readonly #options: TenantRuntimeOptions
  readonly #views = new Map<string, HeldView>()
  readonly #insights = new Map<string, ZoneInsight>()

  constructor(options: TenantRuntimeOptions) {
    this.#options = options
  }

  get store(): TenantStore {
    return this.#options.store
  }

  /** The view for zones with these features; started on first use. Give it back with `releaseView`. */
  acquireView(features: readonly string[]): View {
    const recipient = recipientClass(features)
    let held = this.#views.get(recipient.key)
    if (!held || held.view.isLost) {
      held = { view: this.#makeView(recipient), streams: 0, cancelDrop: () => {} }
      this.#views.set(recipient.key, held)
    }
    held.cancelDrop()
    held.streams += 1
    return held.view
  }

  releaseView(view: View): void {
    for (const [key, held] of this.#views) {
      if (held.view !== view) continue
      held.streams -= 1
      if (held.streams > 0) continue
      held.cancelDrop = this.#options.clock.after(VIEW_LINGER_MS, () => {
        view.stop()
        this.#views.delete(key)
      })
    }
  }

  insightOf(zone: string): ZoneInsight {
    let insight = this.#insights.get(zone)
    if (!insight) {
      const {
        store,
        clock,
        log,
        instanceId,
        insightFlushIntervalMs: flushIntervalMs,
        subscriptionLimit,
      } = this.#options
      insight = new ZoneInsight({
        store,
        zone,
        side: 'global',
        instanceId,
        clock,
        log,
        flushIntervalMs,
        subscriptionLimit,
      })
      this.#insights.set(zone, insight)
    }
    return insight
  }

  /**
   * Creates the Zone on its first sync stream; both may race, and an admin may have made it before (kds.md §6.1). One that was
   * provisioned is not made again by connecting: throws `unauthenticated` when it was deleted (auth.md row 150).
   */
  async ensureZone({ zone, credential }: PeerIdentity): Promise<void> {
    const key = { type: 'Zone', mesh: undefined, name: zone } as const
    if (await this.store.get(key)) return
    if (credential.kind === 'access-token' && credential.managed) {
      throw new AppError('unauthenticated', `zone ${zone} was deleted, and its token with it; provision it again`)
    }
    const resource = {
      ...key,
      // None, as Kuma's: what a control plane makes by itself did not come through the API that sets labels.
      labels: {},
      spec: canonicalJson({ enabled: true }),
      status: undefined,
      owner: undefined,
      syncedVersion: undefined,
    }
    await this.store.commit([{ kind: 'put', resource, expect: 'absent' }])
  }

  /** Resolves when what is known of the zones is stored. */
  async stop(): Promise<void> {
    for (const { view, cancelDrop } of this.#views.values()) {
      cancelDrop()
      view.stop()
    }
    this.#views.clear()
    await Promise.all([...this.#insights.values()].map((insight) => insight.finish()))
  }

  #makeView(recipient: RecipientClass): View {
    const { store, labels, metrics, messageBytesMax, hops, clock, random, log } = this.#options
    const recipe = downRecipe(recipient, publicKeyOfSecret, labels)
    const view = new View({
      store: existing(store),
      recipe,
      id: random.uuid().slice(0, 8),
      messageBytesMax,
      metrics,
      hops: { hops, tenant: store.tenant },
      clock,
      random,
    })
    view.start().catch((error: unknown) => log.error('a view could not be read', { tenant: store.tenant, error }))
    return view
  }
}

/** A control plane has its keys at least: one without any revision was deleted, and to its zones that is no empty one. */
function existing(store: TenantStore): Pick<TenantStore, 'listAll' | 'watch'> {
  return {
    watch: (listener) => store.watch(listener),
    async listAll(types) {
      const listing = await store.listAll(types)
      if (listing.head.revision > 0) return listing
      throw new AppError('not-found', `control plane ${store.tenant} was deleted`)
    },
  }
}

interface HeldView {
  readonly view: View
  streams: number
  cancelDrop: Cancel
}
