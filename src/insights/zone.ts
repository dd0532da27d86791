import type { Clock } from '../base/clock.js'
import type { Logger } from '../base/log.js'
import { isJsonObject, type Json, type JsonObject } from '../model/json.js'
import type { ResourceKey } from '../model/resource.js'
import type { PublisherObserver } from '../protocol/ports.js'
import type { TenantStore } from '../store/store.js'
import { InsightWriter } from './insight-writer.js'
import { withSubscription } from './subscription-list.js'
import { type PeerNode, readNode, StreamStats, timestamp } from './sync-subscription.js'

/** The five streams of a zone as `ZoneInsight.kdsStreams` names them (kuma `KDSStreams`). */
export type KdsStreamKind = 'globalToZone' | 'zoneToGlobal' | 'configDump' | 'stats' | 'clusters'

const ADMIN_KINDS: ReadonlySet<KdsStreamKind> = new Set(['configDump', 'stats', 'clusters'])

export interface ZoneInsightOptions {
  readonly store: TenantStore
  readonly zone: string
  /** Which end we are: a global keeps the GlobalToZoneSync stream's, a zone the ZoneToGlobalSync stream's (kds.md §6.3). */
  readonly side: 'global' | 'zone'
  readonly instanceId: string
  readonly clock: Clock
  readonly log: Logger
  /** Kuma's zoneInsightFlushInterval, 10 s. */
  readonly flushIntervalMs: number
  /** Subscriptions kept, newest last (kuma `metrics.zone.subscriptionLimit`, 10). */
  readonly subscriptionLimit: number
}

/**
 * The ZoneInsight of one zone: who is connected, since when, what was sent and answered. One object per zone lives as
 * long as the zone has streams; all of its facts go into one resource through one writer.
 */
export class ZoneInsight {
  readonly #options: ZoneInsightOptions
  readonly #writer: InsightWriter
  readonly #streams = new Map<KdsStreamKind, number>()
  #healthCheckMs: number | undefined
  #subscription: ZoneSubscription | undefined

  constructor(options: ZoneInsightOptions) {
    this.#options = options
    const key: ResourceKey = { type: 'ZoneInsight', mesh: undefined, name: options.zone }
    const owner: ResourceKey = { type: 'Zone', mesh: undefined, name: options.zone }
    const update = (stored: JsonObject) => this.#update(stored)
    const { store, clock, log, flushIntervalMs } = options
    this.#writer = new InsightWriter({ store, key, owner, clock, log, untilDueMs: () => flushIntervalMs, update })
  }

  /** The sync stream that we publish on has opened. `flush` makes the zone online, once there is a Zone to own it. */
  open(id: string, authTokenProvided: boolean): ZoneSubscription {
    const { clock, instanceId, side } = this.#options
    const changed = () => this.#writer.changed()
    this.#subscription = new ZoneSubscription({ id, side, instanceId, authTokenProvided, clock, changed })
    return this.#subscription
  }

  /** The stream has ended: the zone is offline as soon as this resolves. */
  async close(subscription: ZoneSubscription): Promise<void> {
    subscription.closed()
    if (this.#subscription === subscription) await this.#writer.flush()
  }

  /** Whether a list of stored subscriptions has the newest of ours. */
  isStoredIn(subscriptions: Json | undefined): boolean {
    const id = this.#subscription?.id
    return Array.isArray(subscriptions) && subscriptions.some((item) => isJsonObject(item) && item.id === id)
  }

  /** Writes what is known now: after the Zone exists, and when the peer has said who it is. */
  flush(): Promise<void> {
    return this.#writer.flush()
  }

  /** Writes what is pending and nothing more. */
  finish(): Promise<void> {
    return this.#writer.finish()
  }

  streamOpened(kind: KdsStreamKind): void {
    this.#streams.set(kind, this.#options.clock.nowMs())
    this.#writer.changed()
  }

  healthChecked(): void {
    this.#healthCheckMs = this.#options.clock.nowMs()
    this.#writer.changed()
  }

  #update(stored: JsonObject): JsonObject {
    const own = this.#subscription?.json()
    return {
      ...stored,
      ...(own && { subscriptions: withSubscription(stored.subscriptions, own, this.#closing) }),
      ...(this.#healthCheckMs !== undefined && { healthCheck: { time: timestamp(this.#healthCheckMs) } }),
      ...(this.#streams.size > 0 && this.#streamsJson(stored)),
    }
  }

  get #closing() {
    const { clock, subscriptionLimit: limit } = this.#options
    return { limit, closedAtMs: clock.nowMs() }
  }

  /** Where each stream is, unless another instance has a newer one, and for the admin streams once more in Kuma's older form. */
  #streamsJson(stored: JsonObject): JsonObject {
    const { instanceId: globalInstanceId } = this.#options
    const before = asObject(stored.kdsStreams)
    const own = [...this.#streams].filter(([kind, atMs]) => atMs >= connectedMs(before[kind]))
    const entries = own.map(([kind, atMs]) => [kind, { globalInstanceId, connectTime: timestamp(atMs) }])
    const admin = own
      .filter(([kind]) => ADMIN_KINDS.has(kind))
      .map(([kind]) => [`${kind}GlobalInstanceId`, globalInstanceId])
    return {
      envoyAdminStreams: { ...asObject(stored.envoyAdminStreams), ...Object.fromEntries(admin) },
      kdsStreams: { ...before, ...Object.fromEntries(entries) },
    }
  }
}

function connectedMs(stream: Json | undefined): number {
  const { connectTime } = asObject(stream)
  return typeof connectTime === 'string' ? Date.parse(connectTime) : 0
}

interface SubscriptionOptions {
  readonly id: string
  readonly side: 'global' | 'zone'
  readonly instanceId: string
  readonly authTokenProvided: boolean
  readonly clock: Clock
  readonly changed: () => void
}

/** One KDSSubscription; it observes the publisher of its stream. */
export class ZoneSubscription implements PublisherObserver {
  readonly #options: SubscriptionOptions
  readonly #stats = new StreamStats()
  readonly #connectedAtMs: number
  #disconnectedAtMs: number | undefined
  #node: PeerNode | undefined

  constructor(options: SubscriptionOptions) {
    this.#options = options
    this.#connectedAtMs = options.clock.nowMs()
  }

  get id(): string {
    return this.#options.id
  }

  /** Only the first request of a stream says who the peer is. */
  onRequest(_type: string, node: unknown): void {
    this.#node ??= readNode(node)
  }

  onSent(type: string): void {
    this.#stats.sent(type)
    this.#options.changed()
  }

  onAnswered(type: string, _batch: unknown, error: string | undefined): void {
    this.#stats.answered(type, error !== undefined, this.#options.clock.nowMs())
    this.#options.changed()
  }

  closed(): void {
    this.#disconnectedAtMs ??= this.#options.clock.nowMs()
  }

  json(): JsonObject {
    const { id, side, instanceId, authTokenProvided } = this.#options
    const peerId = this.#node?.instanceId
    const [globalId, zoneId] = side === 'global' ? [instanceId, peerId] : [peerId, instanceId]
    const lastUpdateTime = this.#stats.lastUpdateTime
    return {
      id,
      ...(globalId !== undefined && { globalInstanceId: globalId }),
      connectTime: timestamp(this.#connectedAtMs),
      ...(this.#disconnectedAtMs !== undefined && { disconnectTime: timestamp(this.#disconnectedAtMs) }),
      status: { ...(lastUpdateTime && { lastUpdateTime }), total: this.#stats.total, stat: this.#stats.perType },
      ...(this.#node?.version && { version: withCompatibility(this.#node.version) }),
      ...(this.#node?.config !== undefined && { config: this.#node.config }),
      ...(authTokenProvided && { authTokenProvided }),
      ...(zoneId !== undefined && { zoneInstanceId: zoneId }),
    }
  }
}

/** Same major, minor within two: Kuma's rule for a zone that a global can serve; what does not parse is compatible. False is left out. */
function withCompatibility(version: JsonObject): JsonObject {
  const kumaCp = asObject(version.kumaCp)
  return { ...version, kumaCp: { ...kumaCp, ...(isCompatible(kumaCp.version) && { kumaCpGlobalCompatible: true }) } }
}

const OUR_VERSION = { major: 3, minor: 0 }

function isCompatible(version: Json | undefined): boolean {
  const parts = typeof version === 'string' ? /^(\d+)\.(\d+)\.\d+$/.exec(version) : null
  if (!parts) return true
  return Number(parts[1]) === OUR_VERSION.major && Math.abs(Number(parts[2]) - OUR_VERSION.minor) <= 2
}

function asObject(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}
