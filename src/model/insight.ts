import type { DataplaneNetworking } from './specs/dataplane.js'

/** Insights in protobuf JSON: who was connected when, and what was sent and answered. 64-bit counters are strings. */
export interface Subscription {
  readonly id: string
  /** RFC 3339. Absent in a subscription that was announced and never opened. */
  readonly connectTime?: string
  readonly disconnectTime?: string
}

export interface ServiceStats {
  readonly responsesSent?: string
  readonly responsesAcknowledged?: string
  readonly responsesRejected?: string
}

/** One GlobalToZoneSync stream (kuma `KDSSubscription`). */
export interface KdsSubscription extends Subscription {
  readonly globalInstanceId?: string
  readonly zoneInstanceId?: string
  readonly status?: {
    readonly lastUpdateTime?: string
    readonly total?: ServiceStats
    readonly stat?: Readonly<Record<string, ServiceStats>>
  }
  readonly version?: { readonly kumaCp?: Readonly<Record<string, string | boolean>> }
  readonly generation?: number
  /** The zone's configuration as JSON text. */
  readonly config?: string
  readonly authTokenProvided?: boolean
}

export interface ZoneInsightSpec {
  readonly subscriptions?: readonly KdsSubscription[]
  readonly healthCheck?: { readonly time?: string }
  readonly kdsStreams?: Readonly<Record<string, { readonly globalInstanceId?: string; readonly connectTime?: string }>>
}

/** One xDS stream of a sidecar (kuma `DiscoverySubscription`). */
export interface DiscoverySubscription extends Subscription {
  readonly controlPlaneInstanceId?: string
  readonly generation?: number
  readonly status?: {
    readonly lastUpdateTime?: string
    readonly total?: ServiceStats
    readonly cds?: ServiceStats
    readonly eds?: ServiceStats
    readonly lds?: ServiceStats
    readonly rds?: ServiceStats
  }
  readonly version?: {
    readonly kumaDp?: Readonly<Record<string, string | boolean>>
    readonly envoy?: Readonly<Record<string, string | boolean>>
    readonly dependencies?: Readonly<Record<string, string>>
  }
}

export interface DataplaneInsightSpec {
  readonly subscriptions?: readonly DiscoverySubscription[]
  readonly mTLS?: {
    readonly certificateExpirationTime?: string
    readonly lastCertificateRegeneration?: string
    readonly certificateRegenerations?: number
    readonly issuedBackend?: string
    readonly supportedBackends?: readonly string[]
  }
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** Some subscription is open. */
export function isOnline(insight: { readonly subscriptions?: readonly Subscription[] } | undefined): boolean {
  return (insight?.subscriptions ?? []).some(
    ({ connectTime, disconnectTime }) => connectTime !== undefined && disconnectTime === undefined,
  )
}

/**
 * The same id is replaced in place. A new one is last, and closes at its own connect time those that were left open,
 * for a peer has one stream at a time; only the newest `limit` stay.
 */
export function upsertSubscription<Item extends Subscription>(
  stored: readonly Item[],
  next: Item,
  limit: number,
): readonly Item[] {
  if (stored.some(({ id }) => id === next.id)) return stored.map((item) => (item.id === next.id ? next : item))
  const closed = stored.map((item) =>
    item.disconnectTime === undefined && next.connectTime !== undefined
      ? { ...item, disconnectTime: next.connectTime }
      : item,
  )
  return [...closed, next].slice(-limit)
}

export type DataplaneStatus = 'Online' | 'Offline' | 'Partially degraded'

/**
 * Connected, and how much of it is ready; a gateway is judged by its connection alone (kuma
 * `pkg/core/resources/apis/mesh/dataplane_overview_helpers.go`). In protobuf JSON an absent `ready` is false.
 */
export function dataplaneStatus(
  networking: DataplaneNetworking | undefined,
  insight: DataplaneInsightSpec | undefined,
): DataplaneStatus {
  const online = isOnline(insight)
  if (networking?.gateway !== undefined) return online ? 'Online' : 'Offline'
  const inbounds = networking?.inbound ?? []
  const listeners = networking?.listeners ?? []
  const ready =
    inbounds.filter(({ state, health }) => state !== 'NotReady' && (health === undefined || health.ready === true))
      .length + listeners.filter(({ state }) => state !== 'NotReady').length
  if (!online || ready === 0) return 'Offline'
  return ready < inbounds.length + listeners.length ? 'Partially degraded' : 'Online'
}
