import type { PeerIdentity } from '../auth/zone-authenticator.js'
import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Hops } from '../base/hops.js'
import type { Logger } from '../base/log.js'
import type { Random } from '../base/random.js'
import { clientVersion } from '../insights/client-versions.js'
import type { DeltaMetrics, StreamMetrics } from '../insights/delta-metrics.js'
import { readNode } from '../insights/sync-subscription.js'
import type { ZoneSubscription } from '../insights/zone.js'
import { DOWN_TYPES } from '../model/registry.js'
import type { CloseReason } from '../protocol/close-reason.js'
import type { Duplex } from '../protocol/duplex.js'
import type { DeltaRequest, EncodedResponse } from '../protocol/messages.js'
import type { Batch, PublisherObserver } from '../protocol/ports.js'
import { type PublishedType, Publisher } from '../protocol/publisher.js'
import { LazySource } from '../sync/lazy-source.js'
import type { View } from '../sync/view.js'
import type { TenantRuntime } from './tenant-runtime.js'
import type { TenantTurns } from './tenant-turns.js'

export interface DownStreamOptions {
  readonly peer: PeerIdentity
  readonly duplex: Duplex<EncodedResponse, DeltaRequest>
  readonly tenant: TenantRuntime
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly hops: Hops
  readonly metrics: DeltaMetrics
  readonly turns: TenantTurns
  /** The zone asked, answered or was refused something. */
  readonly onProgress: () => void
  readonly onEnd: () => void
}

/** Zones ask for their types back to back; one that asks for nothing new in so long does not know the other types. */
const ASKS_WITHIN_MS = 1_000

/** One GlobalToZoneSync stream: a publisher over the view of its zone's class, and the subscription in its ZoneInsight. */
export class DownStream implements PublisherObserver {
  readonly peer: PeerIdentity
  /** Resolves when the stream has ended and its subscription is stored as closed. */
  readonly closed: Promise<void>
  readonly #options: DownStreamOptions
  readonly #publisher: Publisher
  readonly #source = new LazySource()
  readonly #subscription: ZoneSubscription
  readonly #metrics: StreamMetrics
  readonly #withheld = new Map<string, string>()
  readonly #unasked = new Set<string>(DOWN_TYPES)
  #cancelAsking: Cancel = () => {}
  #view: View | undefined
  #lastHeardMs: number
  #clientVersion: string | undefined
  #resolveClosed: () => void = () => {}

  constructor(options: DownStreamOptions) {
    this.#options = options
    this.peer = options.peer
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    this.#lastHeardMs = options.clock.monotonicMs()
    this.#metrics = options.metrics.stream()
    const tokenProvided = options.peer.credential.kind !== 'none'
    this.#subscription = this.#insight.open(options.random.uuid(), tokenProvided)
    const { duplex, clock, turns, peer } = options
    const inTurn = (send: () => void) => turns.ask(peer.tenant, send)
    this.#publisher = new Publisher({ duplex, clock, source: this.#source, observer: this, inTurn })
  }

  /** Serves at once; the Zone that the stream belongs to is made meanwhile, and then the zone is online. */
  start(): void {
    const { tenant, log } = this.#options
    this.#metrics.opened()
    this.#publisher.start()
    tenant.ensureZone(this.peer).then(
      () => {
        this.#insight.streamOpened('globalToZone')
        return this.#insight.flush()
      },
      (thrown: unknown) => {
        log.error('a zone is not there', { tenant: this.peer.tenant, zone: this.peer.zone, error: thrown })
        this.end(reasonWithoutZone(thrown))
      },
    )
  }

  end(reason: CloseReason): void {
    this.#publisher.end(reason)
  }

  abort(reason: CloseReason): void {
    this.#publisher.abort(reason)
  }

  get types(): readonly PublishedType[] {
    return this.#publisher.types
  }

  get view(): View | undefined {
    return this.#view
  }

  get withheld(): ReadonlyMap<string, string> {
    return this.#withheld
  }

  /** Whether the zone has asked for all that it will: for every type that there is, or for nothing new in a while. */
  get hasAsked(): boolean {
    return this.#unasked.size === 0
  }

  /** What the zone runs, once it has said so. */
  get clientVersion(): string | undefined {
    return this.#clientVersion
  }

  /** Monotonic time of the zone's last message on this stream. */
  get lastHeardMs(): number {
    return this.#lastHeardMs
  }

  onRequest(type: string, node: unknown): void {
    this.#lastHeardMs = this.#options.clock.monotonicMs()
    this.#subscription.onRequest(type, node)
    if (this.#unasked.size > 0 && this.#unasked.delete(type)) this.#awaitNextType()
    if (this.#view) return
    const { features, version } = readNode(node)
    this.#clientVersion = clientVersion(version)
    this.#view = this.#options.tenant.acquireView(features)
    this.#source.bind(this.#view.sourceFor(this.peer.zone))
    // Now the peer has said its version and instance: an admin should not wait ten seconds to see them.
    void this.#insight.flush()
  }

  onSent(type: string, batch: Batch): void {
    this.#withheld.delete(type)
    this.#subscription.onSent(type)
    this.#metrics.sent(type, batch.response.bytes.length)
    this.#emit('kds-sent', type, batch)
  }

  /** Comes with the request that answers. */
  onAnswered(type: string, batch: Batch, error: string | undefined, sentAtMs: number): void {
    this.#subscription.onAnswered(type, batch, error)
    this.#metrics.answered(type, error, this.#lastHeardMs - sentAtMs)
    this.#emit(error === undefined ? 'kds-acked' : 'kds-nacked', type, batch)
    this.#options.onProgress()
  }

  onWithheld(type: string, reason: string): void {
    this.#withheld.set(type, reason)
    const { tenant, zone } = this.peer
    this.#options.log.error('a type is withheld from a zone', { tenant, zone, type, reason })
  }

  onEnd(reason: CloseReason): void {
    const { log, onEnd, tenant } = this.#options
    const { zone } = this.peer
    log.info('GlobalToZoneSync ended', { tenant: this.peer.tenant, zone, reason: reason.kind, detail: reason.detail })
    this.#metrics.closed()
    this.#cancelAsking()
    this.#source.unbind()
    if (this.#view) tenant.releaseView(this.#view)
    onEnd()
    void this.#insight.close(this.#subscription).then(this.#resolveClosed)
  }

  #awaitNextType(): void {
    this.#cancelAsking()
    if (this.hasAsked) return
    this.#cancelAsking = this.#options.clock.after(ASKS_WITHIN_MS, () => {
      this.#unasked.clear()
      this.#options.onProgress()
    })
  }

  get #insight() {
    return this.#options.tenant.insightOf(this.#options.peer.zone)
  }

  #emit(hop: 'kds-sent' | 'kds-acked' | 'kds-nacked', type: string, batch: Batch): void {
    const { hops } = this.#options
    const { tenant, zone: peer } = this.peer
    if (!hops.readsOf(tenant)) return
    for (const { name, version } of batch.entries) hops.emit({ hop, tenant, peer, type, name, version })
    for (const name of batch.removed) hops.emit({ hop, tenant, peer, type, name, version: undefined })
  }
}

/** Why a sync stream ends whose Zone could not be had (`TenantRuntime.ensureZone`). */
export function reasonWithoutZone(thrown: unknown): CloseReason {
  const { code, message } = AppError.from(thrown)
  if (code === 'unauthenticated') return { kind: 'refused', code, detail: message }
  return { kind: 'apply-failed', detail: 'could not store the zone' }
}
