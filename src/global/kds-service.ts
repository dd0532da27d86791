import type { PeerIdentity } from '../auth/zone-authenticator.js'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Hops } from '../base/hops.js'
import type { Logger } from '../base/log.js'
import type { Metrics } from '../base/metrics.js'
import type { Random } from '../base/random.js'
import type { KdsStreamKind } from '../insights/zone.js'
import { UP_TYPES } from '../model/registry.js'
import type { TenantId } from '../model/tenant.js'
import type { CloseReason } from '../protocol/close-reason.js'
import type { Duplex } from '../protocol/duplex.js'
import type { DeltaRequest, DeltaResponse, EncodedResponse } from '../protocol/messages.js'
import { Subscriber } from '../protocol/subscriber.js'
import { globalRules } from '../sync/receiver-rules.js'
import { StoreSink } from '../sync/store-sink.js'
import { fullNode, shortNode } from '../sync/sync-node.js'
import type { AdminRequest, AdminResponse } from '../wire/admin-codec.js'
import type { AdminRelay, AdminRpc } from './admin-relay.js'
import { DownStream } from './down-stream.js'
import type { KdsRpc, Session, Sessions } from './sessions.js'
import type { TenantRuntime } from './tenant-runtime.js'

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

  constructor(options: KdsServiceOptions) {
    this.#options = options
  }

  /** The zone asks, we publish. The zone is online from here until the stream ends. */
  globalToZone(peer: PeerIdentity, duplex: Duplex<EncodedResponse, DeltaRequest>): void {
    const { tenantOf, clock, random, log, hops, metrics } = this.#options
    const tenant = tenantOf(peer.tenant)
    const stream = new DownStream({
      peer,
      duplex,
      tenant,
      clock,
      random,
      log,
      hops,
      metrics,
      onProgress: this.#options.onProgress,
      onEnd: () => {
        this.#downStreams.delete(stream)
        this.#options.onProgress()
        this.#options.sessions.closed(session)
      },
    })
    const session = this.#session(peer, 'GlobalToZoneSync', (reason) => stream.end(reason))
    this.#downStreams.add(stream)
    this.#options.sessions.open(session)
    this.#inZone(peer, 'globalToZone', duplex, () => stream.start())
  }

  /** We ask, the zone publishes. What it says is stored as the authenticated zone's. */
  zoneToGlobal(peer: PeerIdentity, duplex: Duplex<DeltaRequest, DeltaResponse<Uint8Array>>): void {
    this.#inZone(peer, 'zoneToGlobal', duplex, () => this.#subscribe(peer, duplex))
  }

  adminStream(peer: PeerIdentity, rpc: AdminRpc, duplex: Duplex<AdminRequest, AdminResponse>): void {
    const session = this.#session(peer, rpc, (reason) => duplex.end(reason))
    this.#options.relay.serve(session, duplex)
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

  /** Ends every stream so that each zone reconnects: never OK (kds.md trap 1). Resolves when the insights are closed. */
  async stop(): Promise<void> {
    const streams = [...this.#downStreams]
    const reason: CloseReason = { kind: 'shutting-down', detail: 'the global control plane is shutting down' }
    for (const session of this.#options.sessions.all()) session.end(reason)
    await Promise.all(streams.map((stream) => stream.closed))
  }

  #subscribe(peer: PeerIdentity, duplex: Duplex<DeltaRequest, DeltaResponse<Uint8Array>>): void {
    const { tenantOf, clock, log, metrics, sessions, instanceId } = this.#options
    const rewrites = metrics.counter('kds_zone_attribution_rewrites_total')
    const rules = globalRules(peer.zone, (type, claimed) => {
      rewrites.add(1, { resource_type: type })
      log.warn('a gateway claimed another zone', { tenant: peer.tenant, zone: peer.zone, claimed })
    })
    const sink = new StoreSink({ store: tenantOf(peer.tenant).store, rules, log })
    const subscriber = new Subscriber({
      duplex,
      sink,
      clock,
      asks: UP_TYPES.map((type) => ({ type, subscribe: ['*'] })),
      node: fullNode({ zone: peer.zone, instanceId, config: '' }),
      nodeShort: shortNode(peer.zone),
      nackRepeatsWildcard: true,
      observer: {
        onOutcome: (type, _nonce, outcome) => {
          if (outcome.kind === 'refused')
            metrics.counter('kds_nack_total').add(1, { zone_name: peer.zone, resource_type: type })
        },
        onEnd: (reason) => {
          sink.stop()
          sessions.closed(session)
          log.info('ZoneToGlobalSync ended', {
            tenant: peer.tenant,
            zone: peer.zone,
            reason: reason.kind,
            detail: reason.detail,
          })
        },
      },
    })
    const session = this.#session(peer, 'ZoneToGlobalSync', (reason) => subscriber.end(reason))
    sessions.open(session)
    subscriber.start()
  }

  /** A sync stream belongs to a Zone that exists; either of the two may come first (kds.md trap 27). */
  #inZone(peer: PeerIdentity, kind: KdsStreamKind, duplex: Pick<Duplex<never, never>, 'end'>, run: () => void): void {
    const tenant = this.#options.tenantOf(peer.tenant)
    const start = async () => {
      await tenant.ensureZone(peer.zone)
      run()
      tenant.insightOf(peer.zone).streamOpened(kind)
    }
    start().catch((thrown: unknown) => {
      const error = AppError.from(thrown)
      this.#options.log.error('a zone stream could not start', { tenant: peer.tenant, zone: peer.zone, error })
      duplex.end({ kind: 'apply-failed', detail: 'could not store the zone' })
    })
  }

  #session(peer: PeerIdentity, rpc: KdsRpc, end: (reason: CloseReason) => void): Session {
    return { tenant: peer.tenant, zone: peer.zone, rpc, openedAtMs: this.#options.clock.nowMs(), end }
  }
}

const ADMIN_STREAM_KINDS = {
  StreamXDSConfigs: 'configDump',
  StreamStats: 'stats',
  StreamClusters: 'clusters',
} as const satisfies Record<AdminRpc, KdsStreamKind>
