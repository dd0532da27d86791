import type { PeerIdentity } from '../auth/zone-authenticator.js'
import type { Clock } from '../base/clock.js'
import type { Hops } from '../base/hops.js'
import type { Logger } from '../base/log.js'
import type { Metrics } from '../base/metrics.js'
import type { Random } from '../base/random.js'
import { DeltaMetrics } from '../insights/delta-metrics.js'
import type { KdsStreamKind } from '../insights/zone.js'
import { DOWN_TYPES, UP_TYPES } from '../model/registry.js'
import type { TenantId } from '../model/tenant.js'
import type { CloseReason } from '../protocol/close-reason.js'
import type { Duplex } from '../protocol/duplex.js'
import type { DeltaRequest, DeltaResponse, EncodedResponse } from '../protocol/messages.js'
import type { Outcome } from '../protocol/ports.js'
import { Subscriber } from '../protocol/subscriber.js'
import { globalRules } from '../sync/receiver-rules.js'
import { StoreSink } from '../sync/store-sink.js'
import { fullNode, shortNode } from '../sync/sync-node.js'
import type { AdminRequest, AdminResponse } from '../wire/admin-codec.js'
import type { AdminRelay, AdminRpc } from './admin-relay.js'
import { DownStream, reasonWithoutZone } from './down-stream.js'
import type { KdsRpc, Session, Sessions } from './sessions.js'
import type { TenantRuntime } from './tenant-runtime.js'
import { TenantTurns } from './tenant-turns.js'

export interface KdsServiceOptions {
  readonly tenantOf: (tenant: TenantId) => TenantRuntime
  readonly sessions: Sessions
  readonly relay: AdminRelay
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
  readonly hops: Hops
  readonly instanceId: string
  /** A zone's downward stream opened, answered or ended. */
  readonly onProgress: () => void
}

/** The six RPCs that zones call. Everything here runs after the call was authenticated; `peer` is proved. */
export class KdsService {
  readonly #options: KdsServiceOptions
  readonly #downStreams = new Set<DownStream>()
  readonly #downMetrics: DeltaMetrics
  readonly #turns: TenantTurns
  #stopped = false

  constructor(options: KdsServiceOptions) {
    this.#options = options
    this.#downMetrics = new DeltaMetrics(options, 'kds', DOWN_TYPES)
    this.#turns = new TenantTurns({ clock: options.clock })
  }

  /** The zone asks, we publish. The zone is online from here until the stream ends. */
  globalToZone(peer: PeerIdentity, duplex: Duplex<EncodedResponse, DeltaRequest>): void {
    const stream = new DownStream({
      ...this.#options,
      metrics: this.#downMetrics,
      turns: this.#turns,
      peer,
      duplex,
      tenant: this.#options.tenantOf(peer.tenant),
      onEnd: () => {
        this.#downStreams.delete(stream)
        this.#options.onProgress()
        this.#closed(session)
      },
    })
    const session = sessionOf(peer, 'GlobalToZoneSync', stream)
    this.#downStreams.add(stream)
    stream.start()
    this.#opened(session)
  }

  /** We ask, the zone publishes. What it says is stored as the authenticated zone's. */
  zoneToGlobal(peer: PeerIdentity, duplex: Duplex<DeltaRequest, DeltaResponse<Uint8Array>>): void {
    const { tenantOf, clock, metrics, instanceId } = this.#options
    const applySeconds = metrics.histogram('kds_resources_sync')
    const tenant = tenantOf(peer.tenant)
    // Either sync stream may come first (kds.md trap 27): what this one brings waits for its Zone.
    const zone = tenant.ensureZone(peer)
    zone.then(
      () => tenant.insightOf(peer.zone).streamOpened('zoneToGlobal'),
      (thrown: unknown) => subscriber.end(reasonWithoutZone(thrown)),
    )
    const sink = this.#sinkFor(peer)
    const subscriber = new Subscriber({
      duplex,
      sink: {
        async apply(batch) {
          await zone
          const startMs = clock.monotonicMs()
          const outcome = await sink.apply(batch)
          applySeconds.observe((clock.monotonicMs() - startMs) / 1e3)
          return outcome
        },
      },
      clock,
      asks: UP_TYPES.map((type) => ({ type, subscribe: ['*'] })),
      node: fullNode({ zone: peer.zone, instanceId, config: '' }),
      nodeShort: shortNode(peer.zone),
      nackRepeatsWildcard: true,
      observer: {
        onOutcome: (type, _nonce, outcome) => this.#countRefused(peer, type, outcome),
        onEnd: (reason) => {
          sink.stop()
          this.#closed(session)
          const { kind, detail } = reason
          this.#options.log.info('ZoneToGlobalSync ended', { ...peerFields(peer), reason: kind, detail })
        },
      },
    })
    const session = sessionOf(peer, 'ZoneToGlobalSync', subscriber)
    subscriber.start()
    this.#opened(session)
  }

  adminStream(peer: PeerIdentity, rpc: AdminRpc, duplex: Duplex<AdminRequest, AdminResponse>): void {
    const session = sessionOf(peer, rpc, duplex)
    this.#options.relay.serve(session, duplex)
    this.#opened(session)
    this.#options.tenantOf(peer.tenant).insightOf(peer.zone).streamOpened(ADMIN_STREAM_KINDS[rpc])
  }

  /** Kuma's default: no interval of ours, the zone keeps its own (kds.md §6.5). */
  healthCheck(peer: PeerIdentity): void {
    this.#options.tenantOf(peer.tenant).insightOf(peer.zone).healthChecked()
  }

  /** The open downward streams, for status. */
  get downStreams(): ReadonlySet<DownStream> {
    return this.#downStreams
  }

  /**
   * Ends every stream so that each zone reconnects, never with OK (kds.md trap 1), and lets no further one live. Resolves
   * when the insights are closed: for a peer that takes no message, not before the transport has let go of it.
   */
  async stop(): Promise<void> {
    this.#stopped = true
    const streams = [...this.#downStreams]
    for (const session of this.#options.sessions.all()) session.end(STOPPING)
    await Promise.all(streams.map((stream) => stream.closed))
  }

  #sinkFor(peer: PeerIdentity): StoreSink {
    const { tenantOf, clock, random, log, metrics } = this.#options
    const rules = globalRules(peer.zone, (type, claimed) => {
      metrics.counter('kds_zone_attribution_rewrites_total', { resource_type: type }).add(1)
      log.warn('a gateway claimed another zone', { ...peerFields(peer), claimed })
    })
    return new StoreSink({ store: tenantOf(peer.tenant).store, rules, clock, random, log })
  }

  #countRefused(peer: PeerIdentity, type: string, { kind }: Outcome): void {
    if (kind !== 'refused') return
    this.#options.metrics.counter('kds_nack_total', { zone_name: peer.zone, resource_type: type }).add(1)
  }

  /** After the stream has started: what ends it must reach it. */
  #opened(session: Session): void {
    this.#options.sessions.open(session)
    this.#countConnections(session, 1)
    if (this.#stopped) session.end(STOPPING)
  }

  #closed(session: Session): void {
    this.#options.sessions.closed(session)
    this.#countConnections(session, -1)
  }

  /** Kuma counts the two sync streams, not the admin ones. */
  #countConnections({ zone, rpc }: Session, change: 1 | -1): void {
    if (rpc !== 'GlobalToZoneSync' && rpc !== 'ZoneToGlobalSync') return
    this.#options.metrics.gauge('kds_zone_active_connections', { zone_name: zone }).add(change)
  }
}

function sessionOf(peer: PeerIdentity, rpc: KdsRpc, stream: Pick<Session, 'end' | 'abort'>): Session {
  return { ...peer, rpc, end: (reason) => stream.end(reason), abort: (reason) => stream.abort(reason) }
}

const STOPPING: CloseReason = { kind: 'shutting-down', detail: 'the global control plane is shutting down' }

function peerFields({ tenant, zone }: PeerIdentity): { readonly tenant: string; readonly zone: string } {
  return { tenant, zone }
}

const ADMIN_STREAM_KINDS = {
  StreamXDSConfigs: 'configDump',
  StreamStats: 'stats',
  StreamClusters: 'clusters',
} as const satisfies Record<AdminRpc, KdsStreamKind>
