import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { CallMetadata } from '../../auth/zone-call.js'
import { type Clock, systemClock } from '../../base/clock.js'
import { AppError, GRPC_STATUS } from '../../base/errors.js'
import { type Logger, silentLogger } from '../../base/log.js'
import type { CloseReason } from '../../protocol/close-reason.js'
import type { Duplex } from '../../protocol/duplex.js'
import { headerValues } from '../../wire/metadata.js'
import type { Method } from '../../wire/method.js'
import { statusOfError } from '../../wire/status.js'
import { type KeepaliveTimes, keepAlive } from './keepalive.js'
import { MESSAGE_BYTES_MAX, SESSION_MEMORY_MB } from './limits.js'
import { ENCODINGS, Framer, MessageReader } from './message-reader.js'
import { duplexFromServerCall, onlyMessage, ServerCall } from './server-call.js'

export interface GrpcServerOptions<Identity> {
  /**
   * Decides who calls, before any handler sees the call. What it throws becomes the status. Called for each call of each
   * method; `path` is the method's.
   */
  readonly authenticate: (metadata: CallMetadata, path: string) => Promise<Identity>
  /** PEM texts; undefined: plaintext. */
  readonly tls?: { readonly certPem: string; readonly keyPem: string }
  /** Limit of one message that is received. Default: Kuma's 10 MiB. */
  readonly messageBytesMax?: number
  /** Default: Kuma's 15 s and 15 s. */
  readonly keepaliveMs?: KeepaliveTimes
  readonly clock?: Clock
  readonly log?: Logger
}

/** A peer that does not answer is gone after twice this (kuma `pkg/kds/mux/server.go`). */
const KEEPALIVE_MS: KeepaliveTimes = { time: 15_000, timeout: 15_000 }

type StreamEvent = [ServerHttp2Stream, IncomingHttpHeaders, number, readonly string[]]
type Handle = (call: ServerCall, metadata: CallMetadata) => void

/** Takes gRPC calls over HTTP/2 and hands them, authenticated, to the handlers of their methods. A stream never ends with OK. */
export class GrpcServer<Identity> {
  readonly #options: GrpcServerOptions<Identity>
  readonly #clock: Clock
  readonly #log: Logger
  readonly #server: Http2Server | Http2SecureServer
  readonly #methods = new Map<string, Handle>()
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #streams = new Set<Duplex<never, never>>()
  readonly #framer = new Framer()

  constructor(options: GrpcServerOptions<Identity>) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#log = options.log ?? silentLogger
    const { tls } = options
    const limits = { maxSessionMemory: SESSION_MEMORY_MB }
    this.#server = tls ? createSecureServer({ ...limits, cert: tls.certPem, key: tls.keyPem }) : createServer(limits)
    this.#server.on('session', (session: ServerHttp2Session) => this.#connected(session))
    const onStream = (...[stream, headers, , raw]: StreamEvent) => this.#called(stream, headers, raw)
    this.#server.on('stream', onStream)
  }

  /** Registers a stream's handler; before `listen`. It owns the duplex: to end it and to open it. */
  stream<ServerIn, ServerOut>(
    method: Method<never, ServerIn, ServerOut, unknown>,
    handler: (identity: Identity, duplex: Duplex<ServerOut, ServerIn>) => void,
  ): void {
    const codec = { encode: method.encodeResponse, decode: method.decodeRequest }
    const { path } = method
    this.#methods.set(path, (call, metadata) => {
      const onOver = () => this.#streams.delete(duplex)
      const duplex = duplexFromServerCall(call, { codec, clock: this.#clock, onOver })
      this.#streams.add(duplex)
      this.#identify(metadata, path).then(
        (identity) => {
          if (!call.isOver) this.#handle(path, duplex, () => handler(identity, duplex))
        },
        (thrown: unknown) => call.endWith(statusOfError(this.#failure(thrown, path))),
      )
    })
  }

  /** Registers the handler of a unary method; before `listen`. What it throws becomes the status. */
  unary<ServerIn, ServerOut>(
    method: Method<never, ServerIn, ServerOut, unknown>,
    handler: (identity: Identity, request: ServerIn) => ServerOut | Promise<ServerOut>,
  ): void {
    const { path } = method
    const answer = async (call: ServerCall, metadata: CallMetadata): Promise<void> => {
      try {
        const caller = await this.#identify(metadata, path)
        const request = method.decodeRequest(await onlyMessage(call))
        call.write([method.encodeResponse(await handler(caller, request))])
        call.endWith({ code: GRPC_STATUS.OK, details: '' })
      } catch (thrown) {
        call.endWith(statusOfError(this.#failure(thrown, path)))
      }
    }
    this.#methods.set(path, (call, metadata) => void answer(call, metadata))
  }

  /** Resolves to the port, which is another than asked for only if that was 0. Throws `port-taken`. */
  async listen({ host, port }: { host: string; port: number }): Promise<{ port: number }> {
    return new Promise((resolve, reject) => {
      const failed = (cause: Error) =>
        reject(new AppError('port-taken', `cannot listen on ${host}:${port}: ${cause.message}`, { cause }))
      this.#server.once('error', failed)
      this.#server.listen(port, host, () => {
        this.#server.off('error', failed)
        resolve({ port: (this.#server.address() as AddressInfo).port })
      })
    })
  }

  /** New connections are served with it; those that stand go on. Without effect on a server without TLS. */
  replaceCertificate({ certPem, keyPem }: NonNullable<GrpcServerOptions<Identity>['tls']>): void {
    if ('setSecureContext' in this.#server) this.#server.setSecureContext({ cert: certPem, key: keyPem })
  }

  /** Ends every stream with UNAVAILABLE, waits up to `graceMs` for peers to take it, then drops the connections. */
  async stop(graceMs: number): Promise<void> {
    const reason: CloseReason = { kind: 'shutting-down', detail: 'the server is shutting down' }
    for (const stream of [...this.#streams]) stream.end(reason)
    for (const session of this.#sessions) session.close()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    const cancel = this.#clock.after(graceMs, () => {
      for (const session of this.#sessions) session.destroy()
    })
    await closed
    cancel()
  }

  #connected(session: ServerHttp2Session): void {
    this.#sessions.add(session)
    // A connection that breaks tells its streams, which know more.
    session.on('error', () => {})
    session.on('close', () => this.#sessions.delete(session))
    keepAlive(session, this.#options.keepaliveMs ?? KEEPALIVE_MS, this.#clock, () => session.destroy())
  }

  #called(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: readonly string[]): void {
    if (!String(headers['content-type']).startsWith('application/grpc')) {
      stream.respond({ ':status': 415 }, { endStream: true })
      return
    }
    const encoding = headers['grpc-encoding'] ?? 'identity'
    const known = ENCODINGS.find((each) => each === encoding)
    const reader = new MessageReader(this.#options.messageBytesMax ?? MESSAGE_BYTES_MAX, known ?? 'identity')
    const call = new ServerCall(stream, reader, this.#framer)
    const path = headers[':path'] ?? ''
    const handle = this.#methods.get(path)
    // Without the path: its query may hold what nobody should repeat.
    if (!handle) call.endWith(unimplemented('no such method is served here'))
    else if (!known) call.endWith(unimplemented(`messages may be compressed with ${ENCODINGS.join(', ')} only`))
    else handle(call, metadataOf(raw, stream.session?.socket.remoteAddress ?? ''))
  }

  #identify(metadata: CallMetadata, path: string): Promise<Identity> {
    return Promise.resolve().then(() => this.#options.authenticate(metadata, path))
  }

  #handle(path: string, duplex: Pick<Duplex<never, never>, 'end'>, run: () => void): void {
    try {
      run()
    } catch (thrown) {
      duplex.end({ kind: 'internal', detail: this.#failure(thrown, path).message })
    }
  }

  #failure(thrown: unknown, path: string): AppError {
    const error = AppError.from(thrown)
    if (error.code === 'internal') this.#log.error('a call failed', { method: path, error })
    return error
  }
}

function unimplemented(details: string) {
  return { code: GRPC_STATUS.UNIMPLEMENTED, details }
}

/** From the headers as they came: Node's own object keeps the first of a repeated `authorization` and hides the rest. */
function metadataOf(raw: readonly string[], peerAddress: string): CallMetadata {
  return {
    peerAddress,
    values: (name) => {
      const received: string[] = []
      for (let at = 0; at < raw.length; at += 2) if (raw[at] === name) received.push(raw[at + 1] as string)
      return headerValues(name, received)
    },
  }
}
