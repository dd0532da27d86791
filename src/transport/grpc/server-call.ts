import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { Clock } from '../../base/clock.js'
import { AppError, GRPC_STATUS } from '../../base/errors.js'
import type { CloseReason } from '../../protocol/close-reason.js'
import { type GrpcStatus, statusOfReason } from '../../wire/status.js'
import { type Codec, GrpcDuplex } from './duplex-from-call.js'
import { IncomingMessages } from './incoming-messages.js'
import { ENCODINGS, type Framer, type MessageReader } from './message-reader.js'
import { writeTogether } from './write-together.js'

const RESPONSE_HEADERS = {
  ':status': 200,
  'content-type': 'application/grpc',
  'grpc-accept-encoding': ENCODINGS.join(','),
}

export interface ServerCallEvents {
  /** What the peer sent is no message, or one over the limit. */
  onFault(reason: CloseReason): void
  /** The peer has said all that it will. */
  onHalfClose(): void
  /** The peer or the connection has given up the call. */
  onLost(reason: CloseReason): void
  /** Nothing of the call is left in the transport. */
  onClosed(): void
}

/** One call as its server sees it: messages in, messages out, and the status at its end. */
export class ServerCall {
  readonly #stream: ServerHttp2Stream
  /** A stream forgets its session when it closes, and only the session knows whether the connection is there. */
  readonly #session: ServerHttp2Session | undefined
  readonly #incoming: IncomingMessages
  readonly #framer: Framer
  #events: ServerCallEvents | undefined
  /** Node's own answer is worked out anew each time, and is asked for with every message. */
  #hasResponded = false

  constructor(stream: ServerHttp2Stream, reader: MessageReader, framer: Framer) {
    this.#stream = stream
    this.#session = stream.session as ServerHttp2Session | undefined
    this.#incoming = new IncomingMessages(stream, reader, {
      onFault: (reason) => this.#events?.onFault(reason),
      onEnd: () => this.#events?.onHalfClose(),
    })
    this.#framer = framer
    // A reset with a code is an error of Node's stream as well; `close` follows and says the same.
    stream.on('error', () => {})
  }

  /** Whether the peer or the connection has given up the call. */
  get isOver(): boolean {
    return this.#stream.aborted || this.#stream.destroyed
  }

  watch(events: ServerCallEvents): void {
    this.#events = events
    this.#stream.on('aborted', () => events.onLost(this.#lossReason()))
    this.#stream.on('close', () => {
      events.onLost(this.#lossReason())
      events.onClosed()
    })
  }

  /** Begins to deliver messages. */
  read(onMessage: (message: Buffer) => void): void {
    this.#incoming.read(onMessage)
  }

  write(messages: readonly Uint8Array[], done: (error?: Error | null) => void = () => {}): void {
    if (!this.#hasResponded) {
      this.#hasResponded = true
      this.#stream.respond(RESPONSE_HEADERS, { waitForTrailers: true })
    }
    const frames = messages.map((message) => this.#framer.frame(message))
    writeTogether(this.#stream, frames, done)
  }

  pause(): void {
    this.#incoming.pause()
  }

  resume(): void {
    this.#incoming.resume()
  }

  /** Ends the call with a status, after what was written. */
  endWith(status: GrpcStatus): void {
    const stream = this.#stream
    if (this.isOver || stream.writableEnded) return
    const trailers = { 'grpc-status': String(status.code), 'grpc-message': headerText(status.details) }
    if (!this.#hasResponded) {
      this.#hasResponded = true
      stream.respond({ ...RESPONSE_HEADERS, ...trailers }, { endStream: true })
      return
    }
    stream.on('wantTrailers', () => stream.sendTrailers(trailers))
    stream.end()
  }

  reset(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL)
  }

  #lossReason(): CloseReason {
    const session = this.#session
    // Node closes the streams of a broken connection before it destroys their session.
    if (!session || session.destroyed || session.socket.destroyed)
      return { kind: 'peer-lost', detail: 'the connection was lost' }
    return { kind: 'peer-ended', status: GRPC_STATUS.CANCELLED, detail: 'the peer cancelled the call' }
  }
}

/** A call that a server has taken, as a Duplex. */
export function duplexFromServerCall<Out, In>(
  call: ServerCall,
  options: { codec: Codec<Out, In>; clock: Clock; onOver: () => void },
): GrpcDuplex<Out, In> {
  const duplex = new GrpcDuplex({
    ...options,
    call: {
      write: (messages, done) => call.write(messages, done),
      read: (onBytes) => call.read(onBytes),
      pause: () => call.pause(),
      resume: () => call.resume(),
      finish: (reason) => call.endWith(statusOfReason(reason)),
      reset: () => call.reset(),
    },
  })
  call.watch({
    onFault: (reason) => duplex.end(reason),
    onHalfClose: () => duplex.end({ kind: 'peer-ended', status: GRPC_STATUS.OK, detail: 'the peer closed its side' }),
    onLost: (reason) => duplex.peerEnded(reason),
    onClosed: () => duplex.closed(),
  })
  return duplex
}

/** The request of a unary call, when its caller has said all. */
export function onlyMessage(call: ServerCall): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const messages: Buffer[] = []
    call.watch({
      onFault: ({ kind, detail }) => reject(new AppError(kind === 'too-large' ? kind : 'undecodable', detail)),
      onHalfClose() {
        const [message] = messages
        if (message && messages.length === 1) resolve(message)
        else reject(new AppError('undecodable', `a unary call has one message, not ${messages.length}`))
      },
      onLost: ({ detail }) => reject(new AppError('cancelled', detail)),
      onClosed: () => {},
    })
    call.read((message) => messages.push(message))
  })
}

/** Node refuses trailers over 64 KiB, and percent-encoding makes up to nine bytes of one character. */
const DETAILS_MAX = 4_000

/** Percent-encoded UTF-8 (gRPC over HTTP/2, Status-Message). A lone half of a surrogate pair has none and is replaced. */
function headerText(details: string): string {
  return encodeURI(Buffer.from(details.slice(0, DETAILS_MAX), 'utf8').toString('utf8'))
}
