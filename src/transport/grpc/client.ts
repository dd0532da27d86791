import { Client, connectivityState, Metadata, type StatusObject } from '@grpc/grpc-js'
import { type Clock, systemClock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import type { CloseReason } from '../../protocol/close-reason.js'
import type { Duplex } from '../../protocol/duplex.js'
import type { Headers } from '../../wire/metadata.js'
import type { Method } from '../../wire/method.js'
import { errorOfStatus } from '../../wire/status.js'
import { MESSAGE_BYTES_MAX, messageOptions } from './channel-options.js'
import { duplexFromClientCall } from './client-call.js'
import { type ClientTrust, securityOf } from './client-trust.js'

export interface GrpcClientOptions {
  /** `host:port`. */
  readonly target: string
  readonly trust: ClientTrust
  /** Asked for each call, so that a token file that was rewritten is picked up. What it throws fails that call. */
  readonly headers: () => Headers
  readonly userAgent?: string
  /** Limit of one message, both ways. Default: Kuma's 10 MiB. */
  readonly messageBytesMax?: number
  /** When to ask whether the server is there, and how long it may take to answer. Default 20 s and 15 s. */
  readonly keepaliveMs?: { readonly time: number; readonly timeout: number }
  /** `gzip` as Kuma's zones send; only servers since Kuma 2.10 take it. Default `identity`. */
  readonly compression?: 'identity' | 'gzip'
  readonly clock?: Clock
}

/** A Go server says goodbye to who pings more often than every 15 s (kds.md trap 32). */
const KEEPALIVE_MS = { time: 20_000, timeout: 15_000 }

const GZIP = 2

/** One HTTP/2 connection to one server, made with the first call. */
export class GrpcClient {
  readonly #options: GrpcClientOptions
  readonly #clock: Clock
  readonly #client: Client
  readonly #lost = new Set<() => void>()
  readonly #streams = new Set<Duplex<never, never>>()
  #closed = false

  constructor(options: GrpcClientOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    const { time, timeout } = options.keepaliveMs ?? KEEPALIVE_MS
    const security = securityOf(options.trust, options.target)
    this.#client = new Client(options.target, security.credentials, {
      ...security.options,
      ...messageOptions(options.messageBytesMax ?? MESSAGE_BYTES_MAX),
      ...(options.userAgent !== undefined && { 'grpc.primary_user_agent': options.userAgent }),
      ...(options.compression === 'gzip' && { 'grpc.default_compression_algorithm': GZIP }),
      'grpc.keepalive_time_ms': time,
      'grpc.keepalive_timeout_ms': timeout,
      'grpc.keepalive_permit_without_calls': 1,
      // A connection of its own: grpc-js would share one among all clients of an address.
      'grpc.use_local_subchannel_pool': 1,
      // A buffered message counts as written; without the buffer the write callback waits for the transport.
      'grpc.per_rpc_retry_buffer_size': 0,
      // Counters per call that nobody reads.
      'grpc.enable_channelz': 0,
      'grpc.service_config_disable_resolution': 1,
      'grpc.enable_http_proxy': 0,
    })
    this.#watch(connectivityState.IDLE)
  }

  /** Opens a stream. A refusal or a server that is not there is the stream's end. Throws what `headers` throws. */
  open<ClientOut, ClientIn>(method: Method<ClientOut, unknown, never, ClientIn>): Duplex<ClientOut, ClientIn> {
    const call = this.#client.makeBidiStreamRequest<Buffer, Buffer>(method.path, identity, identity, this.#metadata())
    const codec = { encode: method.encodeRequest, decode: method.decodeResponse }
    const onOver = () => this.#streams.delete(duplex)
    const duplex = duplexFromClientCall(call, { codec, clock: this.#clock, onOver, lost: () => !this.#connected })
    this.#streams.add(duplex)
    return duplex
  }

  /** Throws AppError with the code that the status stands for; `timed-out` after `deadlineMs`. */
  async unary<ClientOut, ClientIn>(
    method: Method<ClientOut, unknown, never, ClientIn>,
    request: ClientOut,
    deadlineMs: number,
  ): Promise<ClientIn> {
    const bytes = Buffer.from(method.encodeRequest(request))
    const deadline = this.#clock.nowMs() + deadlineMs
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const done = (error: StatusObject | null, value?: Buffer) => {
        if (error) reject(errorOfStatus(error))
        else resolve(value ?? Buffer.alloc(0))
      }
      this.#client.makeUnaryRequest(method.path, identity, identity, bytes, this.#metadata(), { deadline }, done)
    })
    return method.decodeResponse(answer)
  }

  /** Calls when a connection that stood is gone, for whatever reason but `close`. Returns the unsubscriber. */
  onLost(listener: () => void): () => void {
    this.#lost.add(listener)
    return () => this.#lost.delete(listener)
  }

  /** Resets what is open and closes the connection. */
  close(): void {
    this.#closed = true
    const reason: CloseReason = { kind: 'shutting-down', detail: 'the connection was closed here' }
    for (const stream of [...this.#streams]) stream.abort(reason)
    this.#client.close()
  }

  get #connected(): boolean {
    return !this.#closed && this.#client.getChannel().getConnectivityState(false) === connectivityState.READY
  }

  #watch(from: connectivityState): void {
    this.#client.getChannel().watchConnectivityState(from, Number.POSITIVE_INFINITY, () => {
      if (this.#closed) return
      const now = this.#client.getChannel().getConnectivityState(false)
      this.#watch(now)
      if (from === connectivityState.READY && now !== from) for (const listener of [...this.#lost]) listener()
    })
  }

  #metadata(): Metadata {
    const metadata = new Metadata()
    for (const [name, values] of Object.entries(this.#options.headers())) {
      for (const value of values) addHeader(metadata, name, value)
    }
    return metadata
  }
}

/** grpc-js would name the whole value, which may be a token, in its error. */
function addHeader(metadata: Metadata, name: string, value: string): void {
  try {
    metadata.add(name, value)
  } catch {
    throw new AppError('invalid-argument', `the value of the header ${name} has characters that a header cannot carry`)
  }
}

function identity<T>(value: T): T {
  return value
}
