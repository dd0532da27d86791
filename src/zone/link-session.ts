import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Hops } from '../base/hops.js'
import type { Logger } from '../base/log.js'
import type { Random } from '../base/random.js'
import type { ZoneInsight } from '../insights/zone.js'
import { DOWN_TYPES } from '../model/registry.js'
import type { CloseReason } from '../protocol/close-reason.js'
import type { Duplex } from '../protocol/duplex.js'
import type { DeltaRequest, DeltaResponse, EncodedResponse } from '../protocol/messages.js'
import { type PublishedType, Publisher } from '../protocol/publisher.js'
import { Subscriber } from '../protocol/subscriber.js'
import type { TenantStore } from '../store/store.js'
import { zoneRules } from '../sync/receiver-rules.js'
import { type Applied, StoreSink } from '../sync/store-sink.js'
import { fullNode, shortNode } from '../sync/sync-node.js'
import type { View } from '../sync/view.js'
import type { AdminRequest, AdminResponse } from '../wire/admin-codec.js'

/** One connection to a global: the streams that a zone opens on it. The transport is behind this port. */
export interface GlobalConnection {
  globalToZone(): Duplex<DeltaRequest, DeltaResponse<Uint8Array>>
  zoneToGlobal(): Duplex<EncodedResponse, DeltaRequest>
  admin(rpc: AdminRpc): Duplex<AdminResponse, AdminRequest>
  /** Undefined: the global leaves the interval to us. Throws AppError. */
  healthCheck(): Promise<number | undefined>
  close(): void
}

/** What a session tells its link. Reports of an older session count for nothing. */
export interface LinkReports {
  /** The global said something on a sync stream: the link is good, the back-off starts anew. */
  heard(): void
  /** Any of the session's parts failed, which fails the whole. */
  ended(reason: CloseReason): void
}

export type AdminRpc = 'StreamXDSConfigs' | 'StreamStats' | 'StreamClusters'
export const ADMIN_RPCS: readonly AdminRpc[] = ['StreamXDSConfigs', 'StreamStats', 'StreamClusters']

export interface LinkSessionOptions {
  readonly connect: () => GlobalConnection
  /** The control plane at the global that this zone belongs to, as far as the zone knows. */
  readonly tenant: string
  readonly zone: string
  readonly instanceId: string
  /** This zone's configuration as JSON text; holds `store.type` (kds.md trap 23). */
  readonly config: string
  readonly store: TenantStore
  /** What goes up. */
  readonly view: View
  readonly insight: ZoneInsight
  readonly authTokenProvided: boolean
  readonly serveAdmin: (
    rpc: AdminRpc,
    duplex: Duplex<AdminResponse, AdminRequest>,
    onEnd: (reason: CloseReason) => void,
  ) => void
  readonly reports: LinkReports
  /** Resolves when the session before has stored what it received. */
  readonly before: Promise<void>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly hops: Hops
}

/** Kuma's cadence until the global says otherwise (`pkg/kds/mux/client.go`). */
const HEALTH_CHECK_INTERVAL_MS = 5 * 60_000

/** gRPC codes after which an admin stream stays closed and the rest goes on (kds.md §1.6). */
const TOLERATED_ADMIN_ENDS = [1, 12]

/** One life of the link: six RPCs on one connection. The first end of any of them ends all. */
export class LinkSession {
  readonly #options: LinkSessionOptions
  readonly #sink: StoreSink
  #connection: GlobalConnection | undefined
  #subscriber: Subscriber<Uint8Array> | undefined
  #publisher: Publisher | undefined
  #cancelHealthCheck: Cancel = () => {}
  #insightClosed: Promise<void> = Promise.resolve()
  #greeted = false
  #over = false

  constructor(options: LinkSessionOptions) {
    this.#options = options
    const { store, clock, random, log, hops, zone, tenant } = options
    const onApplied = (type: string, applied: readonly Applied[]) => {
      if (!hops.active) return
      for (const one of applied) hops.emit({ hop: 'zone-stored', tenant, peer: zone, type, ...one })
    }
    this.#sink = new StoreSink({ store, rules: zoneRules, clock, random, log, onApplied })
  }

  /** Opens everything; whatever fails, a token file that cannot be read included, is reported as the session's end. */
  open(): void {
    try {
      const connection = this.#options.connect()
      this.#connection = connection
      this.#openUpward(connection)
      for (const rpc of ADMIN_RPCS) this.#openAdmin(connection, rpc)
      this.#healthCheck(connection)
      this.#openDownward(connection).catch((thrown: unknown) => this.#failed(thrown))
    } catch (thrown) {
      this.#failed(thrown)
    }
  }

  /** Resolves when what was received is stored, so that the next session states what is really held, and the insight is closed. */
  async settled(): Promise<void> {
    await this.#subscriber?.settled()
    await this.#insightClosed
  }

  /** Ends every stream and the connection; nothing is reported after. */
  close(): void {
    this.#over = true
    this.#cancelHealthCheck()
    const reason: CloseReason = { kind: 'shutting-down', detail: 'the zone hangs up' }
    this.#subscriber?.end(reason)
    this.#publisher?.end(reason)
    this.#sink.stop()
    this.#connection?.close()
  }

  /** How far the global is with what we send up. */
  get published(): readonly PublishedType[] {
    return this.#publisher?.types ?? []
  }

  async #openDownward(connection: GlobalConnection): Promise<void> {
    await this.#options.before
    const { zone, instanceId, config, clock, reports } = this.#options
    const asks = await Promise.all(
      DOWN_TYPES.map(async (type) => ({ type, subscribe: ['*'], initialVersions: await this.#sink.versions(type) })),
    )
    if (this.#over) return
    this.#subscriber = new Subscriber({
      duplex: connection.globalToZone(),
      sink: this.#sink,
      clock,
      asks,
      node: fullNode({ zone, instanceId, config }),
      nodeShort: shortNode(zone),
      nackRepeatsWildcard: true,
      observer: { onReceived: () => reports.heard(), onEnd: (reason) => this.#fail(reason) },
    })
    this.#subscriber.start()
  }

  #openUpward(connection: GlobalConnection): void {
    const { view, clock, reports, insight, random, authTokenProvided } = this.#options
    const subscription = insight.open(random.uuid(), authTokenProvided)
    this.#publisher = new Publisher({
      duplex: connection.zoneToGlobal(),
      source: view.sourceFor(undefined),
      clock,
      observer: {
        onRequest: (type, node) => {
          reports.heard()
          subscription.onRequest(type, node)
          if (this.#greeted) return
          // Now the global has said which instance it is: the zone's own insight shows the link without delay.
          this.#greeted = true
          void insight.flush()
        },
        onSent: (type) => subscription.onSent(type),
        onAnswered: (type, batch, error) => subscription.onAnswered(type, batch, error),
        onEnd: (reason) => {
          this.#insightClosed = insight.close(subscription)
          this.#fail(reason)
        },
      },
    })
    this.#publisher.start()
  }

  #openAdmin(connection: GlobalConnection, rpc: AdminRpc): void {
    this.#options.serveAdmin(rpc, connection.admin(rpc), (reason) => {
      const tolerated = reason.kind === 'peer-ended' && TOLERATED_ADMIN_ENDS.includes(reason.status)
      if (!tolerated) this.#fail(reason)
    })
  }

  #healthCheck(connection: GlobalConnection): void {
    connection.healthCheck().then(
      (intervalMs) => {
        if (this.#over) return
        const again = () => this.#healthCheck(connection)
        this.#cancelHealthCheck = this.#options.clock.after(intervalMs || HEALTH_CHECK_INTERVAL_MS, again)
      },
      (thrown: unknown) => {
        const error = AppError.from(thrown)
        if (error.code !== 'unimplemented') this.#fail({ kind: 'peer-lost', detail: `health check: ${error.message}` })
      },
    )
  }

  #failed(thrown: unknown): void {
    this.#fail({ kind: 'apply-failed', detail: AppError.from(thrown).message })
  }

  #fail(reason: CloseReason): void {
    if (this.#over) return
    this.#over = true
    this.#options.reports.ended(reason)
  }
}
