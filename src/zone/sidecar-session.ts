import type { Clock } from '../base/clock.js'
import type { Hops } from '../base/hops.js'
import type { Logger } from '../base/log.js'
import type { Random } from '../base/random.js'
import { DataplaneSubscription } from '../insights/dataplane.js'
import type { DeltaMetrics, StreamMetrics } from '../insights/delta-metrics.js'
import type { Labels } from '../model/labels.js'
import type { CloseReason } from '../protocol/close-reason.js'
import type { Duplex } from '../protocol/duplex.js'
import type { DeltaRequest, EncodedResponse } from '../protocol/messages.js'
import { makeBeforeBreak } from '../protocol/order.js'
import type { Batch, PublisherObserver } from '../protocol/ports.js'
import { type PublishedType, Publisher } from '../protocol/publisher.js'
import type { TenantStore } from '../store/store.js'
import { ENVOY_TYPE_URL } from '../wire/envoy-codec.js'
import { TYPE_URL_PREFIX } from '../wire/type-urls.js'
import type { SidecarNode } from './sidecar-node.js'
import type { ServedSidecar, SidecarSnapshots } from './sidecar-snapshots.js'

export interface SidecarSessionOptions {
  readonly node: SidecarNode
  readonly labels: Labels
  readonly duplex: Duplex<EncodedResponse, DeltaRequest>
  readonly store: TenantStore
  readonly snapshots: SidecarSnapshots
  readonly tenant: string
  readonly zone: string
  readonly instanceId: string
  readonly untilFlushMs: () => number
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: DeltaMetrics
  readonly hops: Hops
  readonly onProgress: () => void
  readonly onEnd: () => void
}

/** Kuma's sidecars have their routes inline; the type is named because the order of changes knows it. */
const ROUTES = `${TYPE_URL_PREFIX}envoy.config.route.v3.RouteConfiguration`

const ORDER = makeBeforeBreak({
  clusters: ENVOY_TYPE_URL.cluster,
  endpoints: ENVOY_TYPE_URL.endpoint,
  listeners: ENVOY_TYPE_URL.listener,
  routes: ROUTES,
})

const COUNTED = { cds: ENVOY_TYPE_URL.cluster, eds: ENVOY_TYPE_URL.endpoint, lds: ENVOY_TYPE_URL.listener, rds: ROUTES }

/** One ADS stream: a publisher over the sidecar's own snapshot, counted in its DataplaneInsight. */
export class SidecarSession implements PublisherObserver {
  readonly node: SidecarNode
  /** Resolves when the stream has ended and its subscription is stored as closed. */
  readonly closed: Promise<void>
  readonly #options: SidecarSessionOptions
  readonly #served: ServedSidecar
  readonly #publisher: Publisher
  readonly #subscription: DataplaneSubscription
  readonly #metrics: StreamMetrics
  #lastHeardMs: number
  #resolveClosed: () => void = () => {}

  constructor(options: SidecarSessionOptions) {
    this.#options = options
    this.node = options.node
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    this.#metrics = options.metrics.stream()
    const { node, snapshots, duplex, clock, random } = options
    this.#lastHeardMs = clock.monotonicMs()
    this.#served = snapshots.serve(node.mesh, node.name)
    this.#subscription = new DataplaneSubscription({
      ...options,
      ...node,
      id: random.uuid(),
      counted: COUNTED,
      certificate: () => snapshots.certificateOf(node.mesh, node.name),
    })
    this.#publisher = new Publisher({ duplex, source: this.#served.source, clock, observer: this, order: ORDER })
  }

  start(): void {
    this.#metrics.opened()
    this.#publisher.start()
    void this.#subscription.open(this.node.version)
  }

  end(reason: CloseReason): void {
    this.#publisher.end(reason)
  }

  /** A newer stream of the same sidecar has taken over: its insight is that one's to write. */
  supersede(): void {
    this.#subscription.superseded()
    this.end({ kind: 'superseded', detail: `${this.node.mesh}.${this.node.name} opened a newer stream` })
  }

  get types(): readonly PublishedType[] {
    return this.#publisher.types
  }

  /** Monotonic time of the sidecar's last message. */
  get lastHeardMs(): number {
    return this.#lastHeardMs
  }

  onRequest(): void {
    this.#lastHeardMs = this.#options.clock.monotonicMs()
  }

  onSent(type: string, batch: Batch): void {
    this.#subscription.onSent(type)
    this.#metrics.sent(type, batch.response.bytes.length)
    this.#emit('xds-sent', type, batch)
  }

  /** Comes with the request that answers. */
  onAnswered(type: string, batch: Batch, error: string | undefined, sentAtMs: number): void {
    this.#subscription.onAnswered(type, batch, error)
    this.#metrics.answered(type, error, this.#lastHeardMs - sentAtMs)
    this.#emit(error === undefined ? 'xds-acked' : 'xds-nacked', type, batch)
    if (error !== undefined) {
      this.#options.log.warn('a sidecar refused what it was sent', {
        mesh: this.node.mesh,
        name: this.node.name,
        type,
        reason: error,
      })
    }
    this.#options.onProgress()
  }

  onEnd(reason: CloseReason): void {
    const { log, snapshots, onEnd } = this.#options
    log.info('ADS stream ended', {
      mesh: this.node.mesh,
      name: this.node.name,
      reason: reason.kind,
      detail: reason.detail,
    })
    this.#metrics.closed()
    snapshots.release(this.#served)
    onEnd()
    void this.#subscription.close().then(this.#resolveClosed)
  }

  #emit(hop: 'xds-sent' | 'xds-acked' | 'xds-nacked', type: string, batch: Batch): void {
    const { hops, zone, tenant } = this.#options
    if (!hops.active) return
    const peer = `${zone}/${this.node.mesh}.${this.node.name}`
    for (const { name, version } of batch.entries) hops.emit({ hop, tenant, peer, type, name, version })
    for (const name of batch.removed) hops.emit({ hop, tenant, peer, type, name, version: undefined })
  }
}
