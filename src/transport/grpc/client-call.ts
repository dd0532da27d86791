import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2'
import type { Clock } from '../../base/clock.js'
import { AppError, GRPC_STATUS } from '../../base/errors.js'
import type { CloseReason } from '../../protocol/close-reason.js'
import { errorOfStatus, type GrpcStatus, reasonOfStatus } from '../../wire/status.js'
import { receptionOf, statusOfReset, statusOfTrailers } from './call-status.js'
import type { ClientConnection } from './client-connection.js'
import { type Codec, GrpcDuplex } from './duplex-from-call.js'
import { IncomingMessages } from './incoming-messages.js'
import { framed, MessageReader } from './message-reader.js'
import { writeTogether } from './write-together.js'

interface ClientCallEvents {
  /** A message, one way or the other, cannot be: it is none, or over the limit. */
  onFault(reason: CloseReason): void
  /** The call is over, and all that came before was delivered. Told once; `lost`: the connection is gone. */
  onEnd(status: GrpcStatus, lost: boolean): void
  /** Nothing of the call is left in the transport. */
  onClosed(): void
}

export interface ClientCallOptions {
  readonly stream: ClientHttp2Stream
  readonly connection: Pick<ClientConnection, 'isLost' | 'why'>
  /** Limit of one message, both ways. */
  readonly messageBytesMax: number
}

/** One call as its client sees it: messages out, messages in, and the status that the server ends it with. */
export class ClientCall {
  readonly #options: ClientCallOptions
  readonly #stream: ClientHttp2Stream
  readonly #reader: MessageReader
  readonly #incoming: IncomingMessages
  #events: ClientCallEvents | undefined
  /** What the server ended the call with, until its last message is delivered. */
  #status: GrpcStatus | undefined
  #over = false
  #writing = false
  #finishing = false
  #error: Error | undefined

  constructor(options: ClientCallOptions) {
    this.#options = options
    this.#stream = options.stream
    this.#reader = new MessageReader(options.messageBytesMax, 'identity')
    this.#incoming = new IncomingMessages(this.#stream, this.#reader, {
      onFault: (reason) => this.#events?.onFault(reason),
      onEnd: () => this.#heardAll(),
    })
  }

  watch(events: ClientCallEvents): void {
    this.#events = events
    this.#stream.on('response', (headers, flags) => this.#responded(headers, flags))
    this.#stream.on('trailers', (fields) => {
      this.#status = statusOfTrailers(fields)
    })
    // `close` follows.
    this.#stream.on('error', (error) => {
      this.#error = error
    })
    this.#stream.on('close', () => {
      if (!this.#status) this.#conclude(this.#statusOfLoss(), this.#isLost)
      else if (!this.#incoming.held) this.#conclude(this.#status)
      events.onClosed()
    })
  }

  /** Begins to deliver messages. */
  read(onMessage: (message: Buffer) => void): void {
    this.#incoming.read(onMessage)
  }

  write(messages: readonly Uint8Array[], done: (error?: Error | null) => void = () => {}): void {
    const { messageBytesMax } = this.#options
    const largest = Math.max(...messages.map(({ length }) => length))
    if (largest > messageBytesMax) {
      const detail = `a message to send is larger than max (${largest} vs. ${messageBytesMax})`
      this.#events?.onFault({ kind: 'too-large', detail })
      return
    }
    this.#writing = true
    writeTogether(this.#stream, messages.map(framed), (error) => {
      this.#writing = false
      done(error)
      if (this.#finishing) this.reset()
    })
  }

  pause(): void {
    this.#incoming.pause()
  }

  resume(): void {
    this.#incoming.resume()
  }

  /** All is said that the server is to answer. */
  halfClose(): void {
    this.#stream.end()
  }

  /** A client has no status to send: its goodbye is a reset, after the message that is on its way. */
  finish(): void {
    this.#finishing = true
    if (!this.#writing) this.reset()
  }

  reset(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL)
  }

  get #isLost(): boolean {
    return this.#options.connection.isLost
  }

  #responded(headers: IncomingHttpHeaders, flags: number): void {
    if (flags & constants.NGHTTP2_FLAG_END_STREAM) {
      this.#status = statusOfTrailers(headers)
      this.#conclude(this.#status)
      return
    }
    const reception = receptionOf(headers)
    if (reception.kind === 'accepted') this.#reader.encoding = reception.encoding
    else this.#conclude(reception.status)
  }

  #heardAll(): void {
    // Trailers come before the end. Node ends what was reset, too, and closes it in the same turn.
    if (this.#status) this.#conclude(this.#status)
    else setImmediate(() => this.#conclude(this.#statusOfLoss(), this.#isLost))
  }

  #conclude(status: GrpcStatus, lost = false): void {
    if (this.#over) return
    this.#over = true
    this.#events?.onEnd(status, lost)
    // What is still to be written nobody reads.
    if (this.#writing || !this.#status) this.reset()
    else this.#stream.end()
  }

  #statusOfLoss(): GrpcStatus {
    if (!this.#isLost) return statusOfReset(this.#stream.rstCode ?? constants.NGHTTP2_NO_ERROR)
    const why = this.#options.connection.why ?? this.#error?.message
    return { code: GRPC_STATUS.UNAVAILABLE, details: `the connection was lost${why === undefined ? '' : `: ${why}`}` }
  }
}

/** A call that a client has made, as a Duplex. */
export function duplexFromClientCall<Out, In>(
  call: ClientCall,
  options: { codec: Codec<Out, In>; clock: Clock; onOver: () => void },
): GrpcDuplex<Out, In> {
  const duplex = new GrpcDuplex<Out, In>({ ...options, call })
  call.watch({
    onFault: (reason) => duplex.end(reason),
    onEnd: (status, lost) =>
      duplex.peerEnded(lost ? { kind: 'peer-lost', detail: status.details } : reasonOfStatus(status)),
    onClosed: () => duplex.closed(),
  })
  return duplex
}

/** Makes a call of one message each way. Throws AppError with the code that the status stands for. */
export function answerTo(call: ClientCall, request: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const answers: Buffer[] = []
    call.watch({
      onFault({ kind, detail }) {
        reject(new AppError(kind === 'too-large' ? kind : 'undecodable', detail))
        call.reset()
      },
      onEnd(status) {
        const [answer] = answers
        if (status.code !== GRPC_STATUS.OK) reject(errorOfStatus(status))
        else if (answer && answers.length === 1) resolve(answer)
        else reject(new AppError('undecodable', `a unary call has one answer, not ${answers.length}`))
      },
      onClosed: () => {},
    })
    call.read((message) => answers.push(message))
    call.write([request])
    call.halfClose()
  })
}
