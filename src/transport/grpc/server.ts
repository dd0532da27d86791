import { type Metadata, Server, ServerCredentials } from '@grpc/grpc-js'
import type { CallMetadata } from '../../auth/zone-call.js'
import { type Clock, systemClock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import { type Logger, silentLogger } from '../../base/log.js'
import type { CloseReason } from '../../protocol/close-reason.js'
import type { Duplex } from '../../protocol/duplex.js'
import { headerValues } from '../../wire/metadata.js'
import type { Method } from '../../wire/method.js'
import { statusOfError } from '../../wire/status.js'
import { MESSAGE_BYTES_MAX, messageOptions } from './channel-options.js'
import { duplexFromServerCall, endCall } from './server-call.js'

export interface GrpcServerOptions<Identity> {
  /**
   * Decides who calls, before any handler sees the call. What it throws becomes the status. Called for each call of each
   * method; `path` is the method's.
   */
  readonly authenticate: (metadata: CallMetadata, path: string) => Promise<Identity>
  /** PEM texts; undefined: plaintext. */
  readonly tls?: { readonly certPem: string; readonly keyPem: string }
  /** Limit of one message, both ways. Default: Kuma's 10 MiB. */
  readonly messageBytesMax?: number
  /** When an idle peer is asked whether it is there, and how long it may take to answer. Default: Kuma's 15 s and 15 s. */
  readonly keepaliveMs?: { readonly time: number; readonly timeout: number }
  readonly clock?: Clock
  readonly log?: Logger
}

/** A peer that does not answer is gone after twice this (kuma `pkg/kds/mux/server.go`). */
const KEEPALIVE_MS = { time: 15_000, timeout: 15_000 }

/** Takes gRPC calls and hands them, authenticated, to the handlers of their methods. A stream never ends with OK. */
export class GrpcServer<Identity> {
  readonly #options: GrpcServerOptions<Identity>
  readonly #clock: Clock
  readonly #log: Logger
  readonly #server: Server
  readonly #streams = new Set<Duplex<never, never>>()

  constructor(options: GrpcServerOptions<Identity>) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#log = options.log ?? silentLogger
    const { time, timeout } = options.keepaliveMs ?? KEEPALIVE_MS
    this.#server = new Server({
      ...messageOptions(options.messageBytesMax ?? MESSAGE_BYTES_MAX),
      'grpc.keepalive_time_ms': time,
      'grpc.keepalive_timeout_ms': timeout,
      // Without it grpc-js forgets its connections, and `forceShutdown` closes none of them.
      'grpc.enable_channelz': 1,
    })
  }

  /** Registers a stream's handler; before `listen`. It owns the duplex: to end it and to open it. */
  stream<ServerIn, ServerOut>(
    method: Method<never, ServerIn, ServerOut, unknown>,
    handler: (identity: Identity, duplex: Duplex<ServerOut, ServerIn>) => void,
  ): void {
    const codec = { encode: method.encodeResponse, decode: method.decodeRequest }
    const { path } = method
    this.#server.register<Buffer, Buffer>(
      path,
      (call: Parameters<typeof duplexFromServerCall>[0]) => {
        const onOver = () => this.#streams.delete(duplex)
        const duplex = duplexFromServerCall(call, { codec, clock: this.#clock, onOver })
        this.#streams.add(duplex)
        this.#identify(call.metadata, path).then(
          (identity) => {
            if (!call.cancelled) this.#handle(path, duplex, () => handler(identity, duplex))
          },
          (thrown: unknown) => endCall(call, statusOfError(this.#failure(thrown, path))),
        )
      },
      identity,
      identity,
      'bidi',
    )
  }

  /** Registers the handler of a unary method; before `listen`. What it throws becomes the status. */
  unary<ServerIn, ServerOut>(
    method: Method<never, ServerIn, ServerOut, unknown>,
    handler: (identity: Identity, request: ServerIn) => ServerOut | Promise<ServerOut>,
  ): void {
    const { path } = method
    const answer = async (metadata: Metadata, request: Buffer): Promise<Buffer> => {
      const caller = await this.#identify(metadata, path)
      return Buffer.from(method.encodeResponse(await handler(caller, method.decodeRequest(request))))
    }
    this.#server.register<Buffer, Buffer>(
      path,
      (call: { metadata: Metadata; request: Buffer }, done: (status: object | null, response?: Buffer) => void) => {
        answer(call.metadata, call.request).then(
          (response) => done(null, response),
          (thrown: unknown) => done(statusOfError(this.#failure(thrown, path))),
        )
      },
      identity,
      identity,
      'unary',
    )
  }

  /** Resolves to the port, which is another than asked for only if that was 0. Throws `port-taken`. */
  async listen({ host, port }: { host: string; port: number }): Promise<{ port: number }> {
    const { tls } = this.#options
    const credentials = tls
      ? ServerCredentials.createSsl(null, [
          { cert_chain: Buffer.from(tls.certPem), private_key: Buffer.from(tls.keyPem) },
        ])
      : ServerCredentials.createInsecure()
    const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, credentials, (error, bound) => {
        if (error) reject(new AppError('port-taken', `cannot listen on ${address}: ${error.message}`, { cause: error }))
        else resolve({ port: bound })
      })
    })
  }

  /** Ends every stream with UNAVAILABLE, waits up to `graceMs` for peers to take it, then drops the connections. */
  async stop(graceMs: number): Promise<void> {
    const reason: CloseReason = { kind: 'shutting-down', detail: 'the server is shutting down' }
    for (const stream of [...this.#streams]) stream.end(reason)
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(graceMs, resolve)
      this.#server.tryShutdown(() => {
        cancel()
        resolve()
      })
    })
    this.#server.forceShutdown()
  }

  #identify(metadata: Metadata, path: string): Promise<Identity> {
    const values = (name: string) => headerValues(name, metadata.get(name))
    return Promise.resolve().then(() => this.#options.authenticate({ values }, path))
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

function identity<T>(value: T): T {
  return value
}
