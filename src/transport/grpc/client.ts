import type { OutgoingHttpHeaders } from 'node:http2'
import { type Clock, systemClock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import type { CloseReason } from '../../protocol/close-reason.js'
import type { Duplex } from '../../protocol/duplex.js'
import type { Headers } from '../../wire/metadata.js'
import type { Method } from '../../wire/method.js'
import { answerTo, ClientCall, duplexFromClientCall } from './client-call.js'
import { ClientConnection, type ConnectionOptions } from './client-connection.js'
import { type ClientTrust, dialerOf, type Endpoint } from './client-trust.js'
import type { KeepaliveTimes } from './keepalive.js'
import { MESSAGE_BYTES_MAX } from './limits.js'
import { ENCODINGS } from './message-reader.js'

export interface GrpcClientOptions {
  /** `host:port`, with an IPv6 address in brackets. */
  readonly target: string
  readonly trust: ClientTrust
  /** Asked for each call, so that a token file that was rewritten is picked up. What it throws fails that call. */
  readonly headers: () => Headers
  /** Limit of one message, both ways. Default: Kuma's 10 MiB. */
  readonly messageBytesMax?: number
  /** When to ask whether the server is there, and how long it may take to answer. Default 20 s and 15 s. */
  readonly keepaliveMs?: KeepaliveTimes
  readonly clock?: Clock
}

/** A Go server says goodbye to who pings more often than every 15 s (kds.md trap 32). */
const KEEPALIVE_MS: KeepaliveTimes = { time: 20_000, timeout: 15_000 }

/**
 * Calls to one server over one HTTP/2 connection, made with the first call. When it is gone the next call makes another;
 * nothing is tried again for a call, and nobody waits before a dial: that is for who calls.
 */
export class GrpcClient {
  readonly #options: GrpcClientOptions
  readonly #clock: Clock
  readonly #messageBytesMax: number
  readonly #connect: ConnectionOptions
  readonly #fixedHeaders: OutgoingHttpHeaders
  readonly #streams = new Set<Duplex<never, never>>()
  #connection: ClientConnection | undefined
  #closed = false

  /** Throws `invalid-argument` for a target that is none. */
  constructor(options: GrpcClientOptions) {
    const { target, trust, messageBytesMax = MESSAGE_BYTES_MAX, keepaliveMs = KEEPALIVE_MS } = options
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#messageBytesMax = messageBytesMax
    const scheme = trust.kind === 'plaintext' ? 'http' : 'https'
    this.#connect = { endpoint: endpointOf(target), scheme, dial: dialerOf(trust), keepaliveMs, clock: this.#clock }
    this.#fixedHeaders = {
      ':method': 'POST',
      ':scheme': scheme,
      ':authority': target,
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': `grpc-node-zonelab/${process.versions.node}`,
      'grpc-accept-encoding': ENCODINGS.join(','),
    }
  }

  /** Opens a stream. A refusal or a server that is not there is the stream's end. Throws what `headers` throws. */
  open<ClientOut, ClientIn>(method: Method<ClientOut, unknown, never, ClientIn>): Duplex<ClientOut, ClientIn> {
    const call = this.#call(method.path, {})
    const codec = { encode: method.encodeRequest, decode: method.decodeResponse }
    const onOver = () => this.#streams.delete(duplex)
    const duplex = duplexFromClientCall(call, { codec, clock: this.#clock, onOver })
    this.#streams.add(duplex)
    return duplex
  }

  /** Throws AppError with the code that the status stands for; `timed-out` after `deadlineMs`. */
  async unary<ClientOut, ClientIn>(
    method: Method<ClientOut, unknown, never, ClientIn>,
    request: ClientOut,
    deadlineMs: number,
  ): Promise<ClientIn> {
    const bytes = method.encodeRequest(request)
    const call = this.#call(method.path, { 'grpc-timeout': `${deadlineMs}m` })
    let cancel = () => {}
    const late = new Promise<never>((_resolve, reject) => {
      cancel = this.#clock.after(deadlineMs, () => {
        reject(new AppError('timed-out', `no answer within ${deadlineMs} ms`))
        call.reset()
      })
    })
    try {
      return method.decodeResponse(await Promise.race([answerTo(call, bytes), late]))
    } finally {
      cancel()
    }
  }

  /** Resets what is open and closes the connection. */
  close(): void {
    this.#closed = true
    const reason: CloseReason = { kind: 'shutting-down', detail: 'the connection was closed here' }
    for (const stream of [...this.#streams]) stream.abort(reason)
    this.#connection?.close()
  }

  #call(path: string, more: OutgoingHttpHeaders): ClientCall {
    const headers = { ...this.#fixedHeaders, ':path': path, ...more, ...checked(this.#options.headers()) }
    const connection = this.#connected()
    const stream = connection.request(headers)
    return new ClientCall({ stream, connection, messageBytesMax: this.#messageBytesMax })
  }

  #connected(): ClientConnection {
    if (this.#closed) throw new AppError('cancelled', 'the connection was closed here')
    if (!this.#connection || this.#connection.isOver) this.#connection = new ClientConnection(this.#connect)
    return this.#connection
  }
}

const PORT_MAX = 65_535

function endpointOf(target: string): Endpoint {
  const [, v6, name, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(target) ?? []
  const host = v6 ?? name
  if (host === undefined || Number(port) > PORT_MAX) {
    throw new AppError('invalid-argument', `a target is host:port, an IPv6 address in brackets; not ${target}`)
  }
  return { host, port: Number(port) }
}

/** Node sends no more than 65,535 in a call, ours included, and says of more only that it was refused. */
const HEADER_BYTES_MAX = 64_000

/** What HTTP/2 cannot carry would end the whole connection. The value, which may be a token, is not repeated. */
function checked(headers: Headers): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = {}
  let bytes = 0
  for (const [name, values] of Object.entries(headers)) {
    if (!/^[0-9a-z_.-]+$/.test(name)) throw new AppError('invalid-argument', `no header can be called ${name}`)
    if (!values.every((value) => /^[ -~]*$/.test(value))) {
      throw new AppError(
        'invalid-argument',
        `the value of the header ${name} has characters that a header cannot carry`,
      )
    }
    bytes += values.reduce((sum, value) => sum + name.length + value.length, 0)
    if (bytes > HEADER_BYTES_MAX) {
      throw new AppError('invalid-argument', `with ${name} the headers of a call are over ${HEADER_BYTES_MAX} bytes`)
    }
    fields[name] = [...values]
  }
  return fields
}
