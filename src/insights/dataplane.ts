import type { Clock } from '../base/clock.js'
import type { Logger } from '../base/log.js'
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../model/json.js'
import type { Labels } from '../model/labels.js'
import type { PublisherObserver } from '../protocol/ports.js'
import type { TenantStore } from '../store/store.js'
import { InsightWriter } from './insight-writer.js'
import { withSubscription } from './subscription-list.js'
import { StreamStats, timestamp } from './sync-subscription.js'

export interface DataplaneInsightOptions {
  readonly store: TenantStore
  readonly mesh: string
  readonly name: string
  /** Those of the Dataplane that the sync name is made of, so that both get the same one at the global (kds.md trap 10). */
  readonly labels: Labels
  readonly instanceId: string
  readonly clock: Clock
  readonly log: Logger
  /** Until the insights of all sidecars are written. */
  readonly untilFlushMs: () => number
  /** What the sidecar is served now; undefined while it speaks no TLS of the mesh. Default: it never does. */
  readonly certificate?: () => ServedCertificate | undefined
}

/** A sidecar's certificate, as far as an insight tells of it. */
export interface ServedCertificate {
  /** KRI of the MeshIdentity that it is from. */
  readonly issuedBackend: string
  /** KRIs of the mesh's MeshTrusts, sorted. */
  readonly supportedBackends: readonly string[]
  readonly issuedAtMs: number
  readonly expiresAtMs: number
}

/** Subscriptions kept: Kuma keeps two for sidecars (dataplane.md §1.7). */
const SUBSCRIPTION_LIMIT = 2

/** How the status of a DataplaneInsight calls the types; the others are counted in the total alone. */
export interface CountedTypes {
  readonly cds: string
  readonly eds: string
  readonly lds: string
  readonly rds: string
}

/** One life of a sidecar's stream, written into its DataplaneInsight: at connect, at close, and seldom in between. */
export class DataplaneSubscription implements PublisherObserver {
  readonly #options: DataplaneInsightOptions & { readonly id: string; readonly counted: CountedTypes }
  readonly #writer: InsightWriter
  readonly #stats = new StreamStats()
  readonly #connectedAtMs: number
  #disconnectedAtMs: number | undefined
  #version: JsonObject | undefined

  constructor(options: DataplaneInsightOptions & { readonly id: string; readonly counted: CountedTypes }) {
    this.#options = options
    const { store, mesh, name, clock, log, untilFlushMs: untilDueMs, labels } = options
    this.#connectedAtMs = clock.nowMs()
    this.#writer = new InsightWriter({
      store,
      key: { type: 'DataplaneInsight', mesh, name },
      owner: { type: 'Dataplane', mesh, name },
      clock,
      log,
      untilDueMs,
      labels,
      update: (stored) => this.#update(stored),
    })
  }

  /** Stored at once: the sidecar is online. */
  open(version: JsonObject | undefined): Promise<void> {
    this.#version = version
    return this.#writer.flush()
  }

  close(): Promise<void> {
    this.#disconnectedAtMs ??= this.#options.clock.nowMs()
    return this.#writer.flush()
  }

  /** A newer stream of the same sidecar writes from now on, and closes this one. */
  superseded(): void {
    this.#writer.stop()
  }

  onSent(type: string): void {
    this.#stats.sent(type)
    this.#writer.changed()
  }

  onAnswered(type: string, _batch: unknown, error: string | undefined): void {
    this.#stats.answered(type, error !== undefined, this.#options.clock.nowMs())
    this.#writer.changed()
  }

  #update(stored: JsonObject): JsonObject {
    const closing = { limit: SUBSCRIPTION_LIMIT, closedAtMs: this.#connectedAtMs }
    const { mTLS, ...others } = stored
    const certificate = this.#options.certificate?.()
    return {
      ...others,
      subscriptions: withSubscription(stored.subscriptions, this.#json(), closing),
      ...(certificate && { mTLS: mtlsJson(mTLS, certificate) }),
    }
  }

  #json(): JsonObject {
    const { id, instanceId, counted } = this.#options
    const { lastUpdateTime, total } = this.#stats
    const byType = Object.entries(counted).map(([field, type]) => [field, this.#stats.ofType(type)])
    return {
      id,
      controlPlaneInstanceId: instanceId,
      connectTime: timestamp(this.#connectedAtMs),
      ...(this.#disconnectedAtMs !== undefined && { disconnectTime: timestamp(this.#disconnectedAtMs) }),
      status: { ...(lastUpdateTime && { lastUpdateTime }), total, ...Object.fromEntries(byType) },
      ...(this.#version && { version: this.#version }),
    }
  }
}

/** Another certificate, or another trust, counts as one regeneration more (kuma `dataplane_insight_helpers.go` UpdateCert). */
function mtlsJson(before: Json | undefined, certificate: ServedCertificate): Json {
  const { issuedBackend, supportedBackends, issuedAtMs, expiresAtMs } = certificate
  const stored = isJsonObject(before) ? before : {}
  const told = { issuedBackend, supportedBackends, certificateExpirationTime: timestamp(expiresAtMs) }
  const same = canonicalJson({ ...stored, ...told }) === canonicalJson(stored)
  if (same) return stored
  return {
    ...told,
    lastCertificateRegeneration: timestamp(issuedAtMs),
    certificateRegenerations: Number(stored.certificateRegenerations ?? 0) + 1,
  }
}
