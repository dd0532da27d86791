import { unreachable } from '../base/assert.js'
import type { Clock } from '../base/clock.js'
import { Deadline } from '../base/deadline.js'
import { AppError } from '../base/errors.js'
import type { CloseReason } from './close-reason.js'
import type { Duplex } from './duplex.js'
import type { DeltaRequest, EncodedResponse } from './messages.js'
import { independent, maySend, nextTurn, removalsOf, type StreamOrder } from './order.js'
import { Outlet, WRITABLE_TIMEOUT_MS } from './outlet.js'
import type { Batch, Next, PublisherObserver, Refusal, Removals, Since, Source } from './ports.js'
import {
  firstState,
  type PublisherEffect,
  type PublisherEvent,
  type PublisherState,
  readRequest,
  step,
} from './publisher-state.js'

export interface PublisherOptions {
  readonly duplex: Duplex<EncodedResponse, DeltaRequest>
  readonly source: Source
  readonly clock: Clock
  readonly observer?: PublisherObserver
  /** Which type goes before which. Default: none before another. */
  readonly order?: StreamOrder
  /** Types that may be asked for; another one ends the stream. Default: all, the source answers unknown ones with nothing. */
  readonly allows?: (type: string) => boolean
  /** When a stream that has something to send may do so; asked once for all that changes until then. Default: at once. */
  readonly inTurn?: (send: () => void) => void
  /** How long a message may wait in the transport before the stream is aborted. Default 60 s. */
  readonly writableTimeoutMs?: number
  /** After how long a missing answer is reported; the stream goes on. Default 30 s, above any honest time to apply a batch. */
  readonly answerOverdueMs?: number
}

/** What status shows of one type of a stream. */
export interface PublishedType {
  readonly type: string
  readonly known: Since
  /** True while something is in flight or may be waiting for its turn. */
  readonly behind: boolean
  /** Monotonic time at which the response in flight was sent. */
  readonly awaitingSinceMs: number | undefined
  readonly refusals: readonly Refusal[]
}

/** Kuma's server is built for as many types a stream (`pkg/kds/server/components.go`); no honest peer comes near. */
const TYPES_MAX = 1000
/** Names held for one type: ten times the largest sidecar, and a bound for a hostile one. */
const NAMES_MAX = 100_000
const ANSWER_OVERDUE_MS = 30_000

/** One stream on which we have resources and a peer asks for them. Carries out what `publisher-state` decides. */
export class Publisher {
  readonly #duplex: Duplex<EncodedResponse, DeltaRequest>
  readonly #source: Source
  readonly #clock: Clock
  readonly #observer: PublisherObserver
  readonly #order: StreamOrder
  readonly #allows: (type: string) => boolean
  readonly #inTurn: (send: () => void) => void
  readonly #answerOverdueMs: number
  readonly #outlet: Outlet<EncodedResponse>
  readonly #types = new Map<string, PublisherState>()
  /** Types that may want a turn: few, when a peer has asked for many. */
  readonly #due = new Set<string>()
  readonly #answers = new Map<string, Deadline>()
  readonly #served = new Set<string>()
  /** What goes with the next write. */
  readonly #leaving: EncodedResponse[] = []
  /** Renewals of a type that comes to be asked for later: a peer that resumes holds it, and would not be told it anew. */
  readonly #unaskedRenewals = new Map<string, ReadonlySet<string>>()
  #unlisten: (() => void) | undefined
  #open = false
  #pumping = false
  /** One function, so that who shares out turns knows it again. */
  readonly #takeTurn = () => this.#safely(() => this.#pump())

  constructor(options: PublisherOptions) {
    this.#duplex = options.duplex
    this.#source = options.source
    this.#clock = options.clock
    this.#observer = options.observer ?? {}
    this.#order = options.order ?? independent()
    this.#allows = options.allows ?? (() => true)
    this.#inTurn = options.inTurn ?? ((send) => send())
    this.#answerOverdueMs = options.answerOverdueMs ?? ANSWER_OVERDUE_MS
    this.#outlet = new Outlet(options.duplex, options.clock, options.writableTimeoutMs ?? WRITABLE_TIMEOUT_MS)
  }

  /** Begins to listen to the peer and to the source. Nothing is sent until the peer asks. */
  start(): void {
    this.#open = true
    this.#unlisten = this.#source.onChange((types) => this.#guarded(() => this.#sourceChanged(types)))
    this.#duplex.open({
      onMessage: (request) => this.#guarded(() => this.#requested(request)),
      onWritable: () => {
        this.#outlet.written()
        this.#guarded(() => {})
      },
      onEnd: (reason) => this.#ended(reason),
    })
  }

  /** Ends the stream with a status, after the message in the transport. The observer's `onEnd` follows. */
  end(reason: CloseReason): void {
    if (!this.#open) return
    this.#close()
    this.#duplex.end(reason)
  }

  /** As `end`, but at once: unsent bytes are dropped. */
  abort(reason: CloseReason): void {
    if (!this.#open) return
    this.#close()
    this.#duplex.abort(reason)
  }

  get types(): readonly PublishedType[] {
    return [...this.#types].map(([type, state]) => ({
      type,
      known: state.known,
      behind: state.kind === 'awaiting' || state.pending,
      awaitingSinceMs: state.kind === 'awaiting' ? state.sentAtMs : undefined,
      refusals: [...state.refusals.values()],
    }))
  }

  #requested(request: DeltaRequest): void {
    const violation = this.#violation(request)
    if (violation !== undefined) {
      this.end({ kind: 'protocol-error', detail: violation })
      return
    }
    this.#observer.onRequest?.(request.type, request.node)
    const state = this.#types.get(request.type)
    if (state) {
      for (const event of readRequest(state, request)) this.#step(request.type, event)
    } else {
      if (request.nonce !== '') this.#observer.onStaleNonce?.(request.type, request.nonce)
      this.#become(request.type, firstState(request))
      this.#renew(request.type, [...(this.#unaskedRenewals.get(request.type) ?? [])])
      this.#unaskedRenewals.delete(request.type)
    }
  }

  #violation({ type, subscribe }: DeltaRequest): string | undefined {
    if (type === '') return 'a request has an empty type'
    if (!this.#allows(type)) return `type ${type} is not served on this stream`
    const state = this.#types.get(type)
    if (!state && this.#types.size >= TYPES_MAX) return `more than ${TYPES_MAX} types are subscribed`
    const names = (state?.subscription.names.size ?? 0) + subscribe.length
    return names > NAMES_MAX ? `more than ${NAMES_MAX} names of type ${type} are subscribed` : undefined
  }

  #sourceChanged(types: readonly string[]): void {
    for (const type of types) if (this.#types.has(type)) this.#step(type, { kind: 'source-changed' })
  }

  /** Hands out turns while the transport takes messages. Each turn settles what its type has pending, so this ends. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.#open && this.#outlet.free) {
        const type = nextTurn(this.#order, this.#types, this.#due, this.#served)
        if (type === undefined) return
        if (this.#served.has(type)) this.#served.clear()
        this.#takeTurnOf(type)
        const renewed = this.#leaving.length > 0 ? this.#order.renews.get(type) : undefined
        if (renewed !== undefined && maySend(this.#order, this.#types, renewed)) this.#takeTurnOf(renewed)
        this.#leave()
      }
    } finally {
      this.#pumping = false
    }
  }

  #takeTurnOf(type: string): void {
    this.#served.add(type)
    this.#askSource(type)
  }

  #leave(): void {
    const messages = this.#leaving.splice(0)
    if (this.#open && messages.length > 0) this.#outlet.send(...messages)
  }

  #askSource(type: string): void {
    const state = this.#types.get(type)
    if (!state) return
    const removals = removalsOf(this.#order, this.#types, type)
    let next = this.#source.next(type, state.subscription, state.known, removals)
    // What the peer lacks, removals included, has gone before: only then may everything be repeated (P6).
    const whole = next.kind === 'nothing' && state.repeat && removals === 'now'
    if (whole) next = this.#everything(type, state, removals)
    this.#step(type, { kind: 'source-answered', next, removals, whole, nowMs: this.#clock.monotonicMs() })
  }

  #everything(type: string, state: PublisherState, removals: Removals): Next {
    const subscription = { ...state.subscription, anew: state.subscription.names }
    return this.#source.next(type, subscription, { kind: 'nothing' }, removals)
  }

  #step(type: string, event: PublisherEvent): void {
    const state = this.#types.get(type)
    if (!state) return
    const { state: after, effects } = step(state, event)
    this.#become(type, after)
    for (const effect of effects) this.#carryOut(type, effect)
  }

  #become(type: string, state: PublisherState): void {
    this.#types.set(type, state)
    if (state.pending || state.held) this.#due.add(type)
    else this.#due.delete(type)
  }

  #carryOut(type: string, effect: PublisherEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#send(type, effect.batch)
        break
      case 'answered':
        this.#answers.get(type)?.stop()
        this.#observer.onAnswered?.(type, effect.batch, effect.error, effect.sentAtMs)
        break
      case 'stale-nonce':
        this.#observer.onStaleNonce?.(type, effect.nonce)
        break
      case 'withheld':
        this.#observer.onWithheld?.(type, effect.reason)
        break
      case 'overdue':
        this.#observer.onOverdue?.(type, effect.waitedMs)
        break
      case 'end':
        this.end(effect.reason)
        break
      default:
        unreachable(effect)
    }
  }

  #send(type: string, batch: Batch): void {
    this.#leaving.push(batch.response)
    this.#answerOf(type).start()
    this.#observer.onSent?.(type, batch)
    const renewed = this.#order.renews.get(type)
    if (renewed === undefined) return
    const names = batch.entries.map(({ name }) => name)
    if (this.#types.has(renewed)) {
      this.#renew(renewed, names)
      return
    }
    const waiting = new Set([...(this.#unaskedRenewals.get(renewed) ?? []), ...names])
    for (const name of batch.removed) waiting.delete(name)
    this.#unaskedRenewals.set(renewed, waiting)
  }

  #answerOf(type: string): Deadline {
    let answer = this.#answers.get(type)
    if (!answer) {
      const alarm = () => this.#guarded(() => this.#step(type, { kind: 'overdue', nowMs: this.#clock.monotonicMs() }))
      answer = new Deadline(this.#clock, this.#answerOverdueMs, alarm)
      this.#answers.set(type, answer)
    }
    return answer
  }

  #renew(type: string, names: readonly string[]): void {
    if (names.length > 0) this.#step(type, { kind: 'renewed', names })
  }

  /** Every way in: what happened is taken in at once, and what is to be sent for it goes in turn. */
  #guarded(work: () => void): void {
    this.#safely(work)
    if (this.#open && this.#due.size > 0 && this.#outlet.free) this.#inTurn(this.#takeTurn)
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
    this.#close()
    this.#outlet.release()
    this.#observer.onEnd?.(reason)
  }

  /** A message that is in the transport while the stream ends keeps its deadline. */
  #close(): void {
    this.#open = false
    this.#unlisten?.()
    for (const answer of this.#answers.values()) answer.release()
  }
}
