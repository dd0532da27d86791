import { invariant, unreachable } from '../base/assert.js'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { CloseReason } from './close-reason.js'
import type { Duplex } from './duplex.js'
import type { DeltaRequest, DeltaResponse } from './messages.js'
import { Outlet, WRITABLE_TIMEOUT_MS } from './outlet.js'
import type { Outcome, ReceivedBatch, Sink, SubscriberObserver } from './ports.js'
import {
  hasWords,
  type SubscriberEffect,
  type SubscriberEvent,
  type SubscriberRules,
  type SubscriberState,
  step,
  unasked,
} from './subscriber-state.js'

export interface Ask {
  readonly type: string
  /** Names to subscribe; `['*']` for everything, `[]` for everything in the legacy way of Envoy's CDS and LDS. */
  readonly subscribe: readonly string[]
  /** name → content version already held. If there are any, the first response is an increment. */
  readonly initialVersions?: ReadonlyMap<string, string>
}

export interface SubscriberOptions<P> {
  readonly duplex: Duplex<DeltaRequest, DeltaResponse<P>>
  readonly sink: Sink<P>
  readonly clock: Clock
  readonly observer?: SubscriberObserver
  /** Asked for in this order as soon as the stream starts. */
  readonly asks: readonly Ask[]
  /** Goes with the first request of each type; opaque. */
  readonly node: unknown
  /** Goes with every later request: a Kuma peer fails on one without a node id (kds.md, trap 2). */
  readonly nodeShort: unknown
  /** A NACK of everything names `*` again, as Kuma's does. Default false. */
  readonly nackRepeatsWildcard?: boolean
  /** When what there is to say is said, all of it in one write. Default: at once. */
  readonly inTurn?: (send: () => void) => void
  /** How long a message may wait in the transport before the stream is aborted. Default 60 s. */
  readonly writableTimeoutMs?: number
}

/** One stream on which a peer has resources and we ask for them. Carries out what `subscriber-state` decides. */
export class Subscriber<P> {
  readonly #duplex: Duplex<DeltaRequest, DeltaResponse<P>>
  readonly #sink: Sink<P>
  readonly #observer: SubscriberObserver
  readonly #outlet: Outlet<DeltaRequest>
  readonly #node: unknown
  readonly #nodeShort: unknown
  readonly #rules: SubscriberRules
  readonly #types = new Map<string, SubscriberState>()
  /** Types with something to say, the longest waiting first: each holds one message, so this is as long as `#types` at most. */
  readonly #speakers = new Set<string>()
  /** What goes with the next write. */
  readonly #leaving: DeltaRequest[] = []
  readonly #inTurn: (send: () => void) => void
  #open = false
  #applying: string | undefined
  #settling: Promise<void> = Promise.resolve()
  /** One function, so that who shares out turns knows it again. */
  readonly #takeTurn = () => this.#safely(() => this.#speak())

  constructor(options: SubscriberOptions<P>) {
    this.#duplex = options.duplex
    this.#sink = options.sink
    this.#observer = options.observer ?? {}
    this.#outlet = new Outlet(options.duplex, options.clock, options.writableTimeoutMs ?? WRITABLE_TIMEOUT_MS)
    this.#node = options.node
    this.#nodeShort = options.nodeShort
    this.#inTurn = options.inTurn ?? ((send) => send())
    this.#rules = { nackRepeatsWildcard: options.nackRepeatsWildcard ?? false }
    for (const { type, subscribe, initialVersions } of options.asks)
      this.#set(type, unasked(subscribe, initialVersions ?? new Map()))
  }

  /** Begins to listen, and asks. */
  start(): void {
    this.#open = true
    this.#duplex.open({
      onMessage: (response) => this.#guarded(() => this.#responded(response)),
      onWritable: () => {
        this.#outlet.written()
        this.#guarded(() => {})
      },
      onEnd: (reason) => this.#ended(reason),
    })
    this.#guarded(() => {})
  }

  /** Makes `names` the whole by-name subscription of a type; a type that was not asked for yet is asked for now. Between start and end. */
  setNames(type: string, names: readonly string[]): void {
    this.#guarded(() => {
      if (this.#types.has(type)) this.#step(type, { kind: 'names-changed', names })
      else if (names.length > 0) this.#set(type, unasked(names, new Map()))
    })
  }

  /** Ends the stream with a status, after the message in the transport. The observer's `onEnd` follows. */
  end(reason: CloseReason): void {
    if (!this.#open) return
    this.#open = false
    this.#duplex.end(reason)
  }

  /** As `end`, but at once: unsent bytes are dropped. */
  abort(reason: CloseReason): void {
    if (!this.#open) return
    this.#open = false
    this.#duplex.abort(reason)
  }

  /** Each type's state: which were answered, which are being applied. */
  get states(): ReadonlyMap<string, SubscriberState['kind']> {
    return new Map([...this.#types].map(([type, { kind }]) => [type, kind]))
  }

  /** Resolves when the sink has let go of the last batch. The stream's successor opens after it, or it would ask by stale versions. */
  settled(): Promise<void> {
    return this.#settling
  }

  #responded(response: DeltaResponse<P>): void {
    invariant(this.#applying === undefined, 'a stream is paused while it applies')
    const { type, nonce, resources, removed } = response
    if (!this.#types.has(type)) {
      this.end({ kind: 'protocol-error', detail: `a response has type ${type}, which was not asked for` })
      return
    }
    this.#observer.onReceived?.(type, nonce, resources.length + removed.length)
    this.#step(type, { kind: 'responded', response })
  }

  #apply(type: string, nonce: string, batch: ReceivedBatch<P>): void {
    this.#applying = type
    this.#duplex.pause()
    const settle = (outcome: Outcome) => {
      this.#applying = undefined
      this.#guarded(() => {
        this.#observer.onOutcome?.(type, nonce, outcome)
        this.#step(type, { kind: 'outcome', outcome })
        this.#duplex.resume()
      })
    }
    this.#settling = applied(this.#sink, batch).then(settle)
  }

  /** All that there is to say goes in one write: a message a type at most. */
  #speak(): void {
    if (!this.#outlet.free) return
    for (const type of this.#speakers) {
      this.#speakers.delete(type)
      this.#step(type, { kind: 'turn' })
    }
    const messages = this.#leaving.splice(0)
    if (messages.length > 0) this.#outlet.send(...messages)
  }

  #step(type: string, event: SubscriberEvent<P>): void {
    const state = this.#types.get(type)
    if (!state) return
    const { state: after, effects } = step(state, event, this.#rules)
    this.#set(type, after)
    for (const effect of effects) this.#carryOut(type, after, effect)
  }

  #set(type: string, state: SubscriberState): void {
    this.#types.set(type, state)
    if (hasWords(state)) this.#speakers.add(type)
  }

  #carryOut(type: string, state: SubscriberState, effect: SubscriberEffect<P>): void {
    switch (effect.kind) {
      case 'send':
        this.#leaving.push({ type, node: effect.first ? this.#node : this.#nodeShort, ...effect.request })
        break
      case 'apply':
        invariant(state.kind === 'applying', 'what is to be applied makes the type applying')
        this.#apply(type, state.nonce, effect.batch)
        break
      case 'end':
        this.end(effect.reason)
        break
      default:
        unreachable(effect)
    }
  }

  /** Every way in: what happened is taken in at once, and what is to be said for it is said in turn. */
  #guarded(work: () => void): void {
    this.#safely(work)
    if (this.#open && this.#speakers.size > 0 && this.#outlet.free) this.#inTurn(this.#takeTurn)
  }

  /** Nothing happens after the end, and a mistake of ours ends this stream only. */
  #safely(work: () => void): void {
    if (!this.#open) return
    try {
      work()
    } catch (thrown) {
      this.abort({ kind: 'internal', detail: AppError.from(thrown).message })
    }
  }

  #ended(reason: CloseReason): void {
    this.#open = false
    this.#outlet.release()
    this.#observer.onEnd?.(reason)
  }
}

/** A sink that throws has failed: the stream ends and nothing is acknowledged. */
async function applied<P>(sink: Sink<P>, batch: ReceivedBatch<P>): Promise<Outcome> {
  try {
    return await sink.apply(batch)
  } catch (thrown) {
    return { kind: 'failed', detail: AppError.from(thrown).message }
  }
}
