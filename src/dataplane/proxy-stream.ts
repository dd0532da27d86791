import { invariant } from '../base/assert.js'
import { type Cancel, type Clock, sleep } from '../base/clock.js'
import type { CloseReason } from '../protocol/close-reason.js'
import type { Duplex } from '../protocol/duplex.js'
import type { DeltaRequest, DeltaResponse } from '../protocol/messages.js'
import type { Outcome, ReceivedBatch, Sink } from '../protocol/ports.js'
import { type Ask, Subscriber } from '../protocol/subscriber.js'
import type { WireNode } from '../wire/delta-codec.js'
import { ENVOY_KINDS, ENVOY_TYPE_URL, type EnvoyKind } from '../wire/envoy-codec.js'
import type { AnyValue } from '../wire/spec-codec.js'
import type { Player } from './behaviour.js'
import type { Configuration, Wanted } from './configuration.js'
import { ReadingGate } from './reading-gate.js'

export type AdsDuplex = Duplex<DeltaRequest, DeltaResponse<AnyValue>>

export interface ProxyStreamOptions {
  readonly duplex: AdsDuplex
  readonly node: WireNode
  readonly configuration: Configuration
  readonly player: Player
  readonly clock: Clock
  /** A response has come. */
  readonly onReceived: () => void
  /** A response has been judged; its answer goes out next. */
  readonly onAnswered: (batch: ReceivedBatch<AnyValue>, outcome: Outcome) => void
  /** Once. */
  readonly onEnd: (reason: CloseReason) => void
}

/** A cluster waits so long for its endpoints (Envoy's `initial_fetch_timeout`). */
export const WARMING_TIMEOUT_MS = 15_000

const KIND_OF_URL: ReadonlyMap<string, EnvoyKind> = new Map(ENVOY_KINDS.map((kind) => [ENVOY_TYPE_URL[kind], kind]))

/**
 * One delta ADS stream of one proxy, as Envoy has it: everything of clusters and listeners without naming any, then what
 * they refer to by name. A stream after the first says what is held already.
 */
export class ProxyStream implements Sink<AnyValue> {
  readonly #options: ProxyStreamOptions
  readonly #subscriber: Subscriber<AnyValue>
  readonly #gate: ReadingGate<DeltaRequest, DeltaResponse<AnyValue>>
  /** Aborted with the stream: ends whatever a behaviour waits for, so that nothing of it touches the configuration later. */
  readonly #over = new AbortController()
  readonly #applying = new Set<EnvoyKind>()
  #cancelWarming: Cancel | undefined
  /** What the subscriber has been told to ask for. */
  #told: Wanted | undefined

  constructor(options: ProxyStreamOptions) {
    this.#options = options
    this.#gate = new ReadingGate(options.duplex)
    this.#subscriber = new Subscriber<AnyValue>({
      duplex: this.#gate,
      sink: this,
      clock: options.clock,
      observer: { onReceived: () => options.onReceived(), onEnd: (reason) => this.#ended(reason) },
      asks: asksOf(options.configuration),
      node: options.node,
      nodeShort: undefined,
      // As Envoy's, the answers to what came in one read leave in one write.
      inTurn: (speak) => process.nextTick(speak),
    })
  }

  open(): void {
    this.#subscriber.start()
    void this.#playConnected()
  }

  end(reason: CloseReason): void {
    this.#subscriber.end(reason)
  }

  /** Received and not answered yet. */
  get applying(): ReadonlySet<EnvoyKind> {
    return this.#applying
  }

  async apply(batch: ReceivedBatch<AnyValue>): Promise<Outcome> {
    const kind = KIND_OF_URL.get(batch.type)
    invariant(kind, 'only what is asked for is received')
    this.#applying.add(kind)
    try {
      const { step, delayMs } = this.#options.player.next({ on: 'response', type: kind })
      if (delayMs > 0) await sleep(this.#options.clock, delayMs, this.#over.signal)
      if (step === 'hold') await untilAborted(this.#over.signal)
      return this.#take(kind, batch, step === 'refuse')
    } finally {
      this.#applying.delete(kind)
    }
  }

  #take(kind: EnvoyKind, batch: ReceivedBatch<AnyValue>, refuse: boolean): Outcome {
    const { configuration, clock, onAnswered } = this.#options
    const outcome = refuse
      ? configuration.refuse(kind, batch, 'refused by the behaviour of this mock', clock.nowMs())
      : configuration.receive(kind, batch, clock.nowMs())
    this.#askForWanted()
    this.#watchWarming()
    this.#applying.delete(kind)
    onAnswered(batch, outcome)
    return outcome
  }

  #askForWanted(): void {
    const { wanted } = this.#options.configuration
    if (wanted === this.#told) return
    this.#told = wanted
    this.#subscriber.setNames(ENVOY_TYPE_URL.endpoint, [...wanted.endpoint])
    this.#subscriber.setNames(ENVOY_TYPE_URL.secret, [...wanted.secret])
  }

  #watchWarming(): void {
    const { configuration, clock } = this.#options
    if (configuration.warming.size === 0 || this.#cancelWarming) return
    this.#cancelWarming = clock.after(WARMING_TIMEOUT_MS, () => {
      this.#cancelWarming = undefined
      configuration.endWarming(clock.nowMs() - WARMING_TIMEOUT_MS)
      this.#watchWarming()
    })
  }

  async #playConnected(): Promise<void> {
    const { player, clock } = this.#options
    const { step, delayMs } = player.next({ on: 'connected' })
    if (step === 'stay') return
    try {
      await sleep(clock, delayMs, this.#over.signal)
    } catch {
      // The stream ended by itself first.
      return
    }
    if (step === 'stop-reading') this.#gate.shut()
    else this.#subscriber.abort({ kind: 'shutting-down', detail: 'the behaviour of this mock drops the stream' })
  }

  #ended(reason: CloseReason): void {
    this.#over.abort()
    this.#cancelWarming?.()
    this.#options.onEnd(reason)
  }
}

/** Clusters and listeners without a name, as Envoy has it; what they refer to only if they are known from before. */
function asksOf(configuration: Configuration): readonly Ask[] {
  const ask = (kind: EnvoyKind, subscribe: readonly string[]): Ask => ({
    type: ENVOY_TYPE_URL[kind],
    subscribe,
    initialVersions: configuration.versions(kind),
  })
  const { endpoint, secret } = configuration.wanted
  return [
    ask('cluster', []),
    ...(endpoint.size > 0 ? [ask('endpoint', [...endpoint])] : []),
    ask('listener', []),
    ...(secret.size > 0 ? [ask('secret', [...secret])] : []),
  ]
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
