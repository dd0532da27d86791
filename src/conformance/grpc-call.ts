import type { Clock } from '../base/clock.js'
import { GRPC_STATUS } from '../base/errors.js'
import type { Answer } from './answer.js'
import type { CallDraft, Field } from './call-draft.js'
import type { Http2Connection, StreamEvents } from './http2/connection.js'
import type { ReceivedField } from './http2/hpack.js'
import { shownField, withoutCredentials } from './redaction.js'
import type { Exchange } from './result.js'

export interface GrpcCallOptions {
  /** Of the method; a draft may name another. */
  readonly path: string
  /** It goes on until somebody ends it; otherwise one message answers one. */
  readonly isSession: boolean
  /** The message that it begins with; undefined: it begins with silence. */
  readonly first: Uint8Array | undefined
  /** A stream that is served is answered: silence is then no sign of service, and it is not asked to end. */
  readonly isAnswered?: boolean
  /** Statuses that this service refuses with, beside those that every one does. */
  readonly refusals?: ReadonlyMap<number, Answer>
  readonly draft: CallDraft
  readonly authority: string
  readonly scheme: 'http' | 'https'
  readonly clock: Clock
  /** From the first byte on; then the call is given up. */
  readonly deadlineMs: number
}

/**
 * A stream that says nothing is accepted, but silence takes a while to hear: after this the call is asked to end, and how the
 * target does that tells a late refusal from a stream that was open.
 */
const SILENCE_MS = 60
/** How long a target that serves a stream may take to notice that its peer has no more to say. */
const GOODBYE_MS = 1_000
/** A call has a dozen frames; a target that floods must not fill the report. */
const FRAMES_MAX = 60

type State =
  | { readonly kind: 'asked' }
  /** `proved` by a message; otherwise silence was taken for it. */
  | { readonly kind: 'accepted'; readonly proved: boolean }
  | { readonly kind: 'over'; readonly answer: Answer; readonly text: string; readonly status?: number }

/**
 * One gRPC call over the raw connection. As the legal peer it opens and asks, and never answers: a global deletes what a zone's
 * first response lacks.
 */
export class GrpcCall {
  readonly #options: GrpcCallOptions
  readonly #connection: Http2Connection
  readonly #stream: number
  readonly #fields: readonly Field[]
  readonly #frames: string[] = []
  readonly #startedMs: number
  readonly #waiting = new Set<() => void>()
  #state: State = { kind: 'asked' }
  #halfClosed: boolean
  readonly #received: Buffer[] = []
  #responseSeen = false
  #trailersOnly: boolean | undefined
  #settledMs: number | undefined
  #opening: Exchange | undefined

  constructor(connection: Http2Connection, options: GrpcCallOptions) {
    this.#options = options
    this.#connection = connection
    this.#startedMs = options.clock.monotonicMs()
    this.#fields = [...pseudoFields(options), ...FIXED_FIELDS, ...options.draft.fields]
    this.#stream = connection.request(this.#fields, this.#events(), false)
    this.#halfClosed = this.#ask()
  }

  /**
   * Resolves when it is known whether the call is served: at its end, its first message, or when it stays silent although
   * the target has answered another call since (`yardstick`), so that a busy one is not mistaken for one that serves.
   */
  async settled(yardstick: () => Promise<void>): Promise<Exchange> {
    const { deadlineMs, clock, isAnswered } = this.#options
    const decided = () => this.#state.kind !== 'asked'
    if (!isAnswered && !(await this.#until(decided, SILENCE_MS)) && !this.#halfClosed) {
      this.#halfClose()
      if (!(await this.#until(decided, GOODBYE_MS))) {
        await yardstick()
        if (!(await this.#until(decided, GOODBYE_MS))) this.#become({ kind: 'accepted', proved: false })
      }
    }
    if (!(await this.#until(decided, deadlineMs - (clock.monotonicMs() - this.#startedMs)))) {
      this.#become({ kind: 'over', answer: 'TIMEOUT', text: `no answer within ${deadlineMs} ms` })
    }
    return this.exchange
  }

  /** As `settled`, but the call is left open: silence is taken for service until `ended` tells otherwise. */
  async opened(): Promise<Exchange> {
    if (this.#halfClosed || this.#options.isAnswered) return this.settled(async () => {})
    if (!(await this.#until(() => this.#state.kind !== 'asked', SILENCE_MS))) {
      this.#become({ kind: 'accepted', proved: false })
    }
    return this.exchange
  }

  /** Whether it goes on until somebody ends it. */
  get isSession(): boolean {
    return this.#options.isSession
  }

  /** All that the target has sent on it. */
  get received(): Buffer {
    return Buffer.concat(this.#received)
  }

  get alive(): boolean {
    return this.#state.kind === 'accepted'
  }

  /** How it began: what came after it was accepted does not count, unless that shows that it never was. */
  get opening(): Exchange {
    return this.#opening ?? this.exchange
  }

  async ended(withinMs: number): Promise<Exchange | undefined> {
    return (await this.#until(() => this.#state.kind === 'over', withinMs)) ? this.exchange : undefined
  }

  close(): void {
    this.#connection.cancel(this.#stream)
  }

  get exchange(): Exchange {
    const state = this.#state
    const over = state.kind === 'over' ? state : { answer: state.kind === 'accepted' ? 'OK' : 'TIMEOUT', text: '' }
    return {
      path: this.#options.draft.path ?? this.#options.path,
      metadata: this.#fields.map(shownField),
      frames: [...this.#frames],
      answer: over.answer as Answer,
      ...('status' in over && over.status !== undefined && { status: over.status }),
      text: withoutCredentials(over.text, this.#fields),
      ...(this.#trailersOnly !== undefined && { trailersOnly: this.#trailersOnly }),
      elapsedMs: (this.#settledMs ?? this.#options.clock.monotonicMs()) - this.#startedMs,
    }
  }

  /** The words of the target as they came, for looking whether they repeat a credential. */
  get rawText(): string {
    return this.#state.kind === 'over' ? this.#state.text : ''
  }

  /** Sends what the call begins with; true when that was all. */
  #ask(): boolean {
    const { first, isSession, draft } = this.#options
    const { trailers } = draft
    const last = !isSession && trailers === undefined
    if (first !== undefined) this.#connection.data(this.#stream, message(first), last)
    if (trailers !== undefined) this.#connection.trailers(this.#stream, trailers)
    return !isSession || trailers !== undefined
  }

  #halfClose(): void {
    this.#halfClosed = true
    this.#connection.data(this.#stream, Buffer.alloc(0), true)
  }

  #events(): StreamEvents {
    return {
      onFrame: (line) => {
        if (this.#frames.length < FRAMES_MAX) this.#frames.push(line)
      },
      onHeaders: (fields, end) => this.#headers(fields, end),
      onData: (bytes) => {
        this.#received.push(bytes)
        if (this.#options.isSession && this.#state.kind === 'asked') {
          this.#become({ kind: 'accepted', proved: true })
        }
      },
      onBroken: (why) => this.#become({ kind: 'over', answer: 'CONNECTION', text: why }),
    }
  }

  #headers(fields: readonly ReceivedField[], end: boolean): void {
    const value = (name: string) => fields.find(([candidate]) => candidate === name)?.[1]
    const status = value('grpc-status')
    if (status !== undefined) this.#note(`grpc-status=${status}`)
    const http = value(':status')
    // What is no 200 is no gRPC, whatever page comes behind it (gRPC PROTOCOL-HTTP2).
    if (!end && (http === undefined || http === '200')) {
      this.#responseSeen = true
      return
    }
    this.#trailersOnly = !this.#responseSeen
    if (status === undefined) {
      const text = http === undefined ? 'the stream ended without a status' : `HTTP status ${http}`
      this.#become({ kind: 'over', answer: http === '431' ? 'CONNECTION' : 'OTHER', text })
      return
    }
    const code = Number(status)
    this.#become({ kind: 'over', answer: this.#answerOf(code), status: code, text: decodedText(value('grpc-message')) })
  }

  /** A stream that ends, however it does, because we have no more to say was served. */
  #answerOf(code: number): Answer {
    const { isSession, refusals } = this.#options
    const answer = refusals?.get(code) ?? ANSWER_OF_STATUS.get(code) ?? 'OTHER'
    if (!isSession) return code === GRPC_STATUS.OK ? 'OK' : answer
    const goodbye = this.#halfClosed && this.#options.draft.trailers === undefined
    return goodbye && !REFUSALS.has(answer) ? 'OK' : answer
  }

  #note(mark: string): void {
    const last = this.#frames.at(-1)
    if (last !== undefined) this.#frames[this.#frames.length - 1] = `${last} ${mark}`
  }

  #become(state: State): void {
    if (this.#state.kind === 'over') return
    if (state.kind === 'over' && state.answer === 'TIMEOUT') this.#connection.cancel(this.#stream)
    const before = this.#state
    this.#settledMs ??= this.#options.clock.monotonicMs()
    this.#state = state
    if (state.kind === 'accepted') this.#opening = this.exchange
    else if (before.kind === 'accepted' && !before.proved && isRefusal(state)) this.#opening = undefined
    for (const wake of [...this.#waiting]) wake()
  }

  #until(holds: () => boolean, withinMs: number): Promise<boolean> {
    if (holds()) return Promise.resolve(true)
    return new Promise((resolve) => {
      const done = (held: boolean) => {
        cancel()
        this.#waiting.delete(wake)
        resolve(held)
      }
      const wake = () => {
        if (holds()) done(true)
      }
      const cancel = this.#options.clock.after(Math.max(0, withinMs), () => done(holds()))
      this.#waiting.add(wake)
    })
  }
}

const FIXED_FIELDS: readonly Field[] = [
  ['te', 'trailers'],
  ['content-type', 'application/grpc'],
  ['user-agent', 'zonelab-conformance'],
]

function pseudoFields({ path: methodPath, draft, authority, scheme }: GrpcCallOptions): readonly Field[] {
  const { query, userinfo, path = methodPath } = draft
  return [
    [':method', 'POST'],
    [':scheme', scheme],
    [':path', query === undefined ? path : `${path}?${query}`],
    [':authority', userinfo === undefined ? authority : `${userinfo}@${authority}`],
  ]
}

/** The five bytes before a gRPC message: not compressed, and its length. */
function message(bytes: Uint8Array): Buffer {
  const framed = Buffer.alloc(5 + bytes.length)
  framed.writeUInt32BE(bytes.length, 1)
  framed.set(bytes, 5)
  return framed
}

const ANSWER_OF_STATUS: ReadonlyMap<number, Answer> = new Map<number, Answer>([
  [GRPC_STATUS.CANCELLED, 'CANCELLED'],
  [GRPC_STATUS.INVALID_ARGUMENT, 'INVALID_ARGUMENT'],
  [GRPC_STATUS.PERMISSION_DENIED, 'PERMISSION_DENIED'],
  [GRPC_STATUS.RESOURCE_EXHAUSTED, 'RESOURCE_EXHAUSTED'],
  [GRPC_STATUS.UNIMPLEMENTED, 'UNIMPLEMENTED'],
  [GRPC_STATUS.UNAVAILABLE, 'UNAVAILABLE'],
  [GRPC_STATUS.UNAUTHENTICATED, 'UNAUTHENTICATED'],
])

/** Said of the caller, so that it was true from the start. */
function isRefusal(state: State): boolean {
  const words: readonly Answer[] = ['UNAUTHENTICATED', 'PERMISSION_DENIED', 'INVALID_ARGUMENT']
  return state.kind === 'over' && words.includes(state.answer)
}

const REFUSALS: ReadonlySet<Answer> = new Set<Answer>([
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'INVALID_ARGUMENT',
  'RESOURCE_EXHAUSTED',
  'UNAVAILABLE',
  'UNIMPLEMENTED',
])

/** gRPC percent-encodes its status text. */
function decodedText(text = ''): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
