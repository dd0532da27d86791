import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Cancel, Clock } from '../../base/clock.js'
import type { Dial, Endpoint } from './client-trust.js'
import { type KeepaliveTimes, keepAlive } from './keepalive.js'
import { SESSION_MEMORY_MB } from './limits.js'

export interface ConnectionOptions {
  readonly endpoint: Endpoint
  readonly scheme: 'http' | 'https'
  readonly dial: Dial
  readonly keepaliveMs: KeepaliveTimes
  readonly clock: Clock
}

/** As gRPC's clients allow (gRPC connection back-off, MIN_CONNECT_TIMEOUT). */
const CONNECT_WITHIN_MS = 20_000

/** How long a goodbye may wait for a server that does not hang up. */
const CLOSE_WITHIN_MS = 1_000

/** One HTTP/2 connection to a server. It is dialled at once, and never again: who wants another makes another. */
export class ClientConnection {
  readonly #socket: Socket
  readonly #session: ClientHttp2Session
  readonly #clock: Clock
  readonly #cancelConnect: Cancel
  #why: string | undefined

  constructor({ endpoint, scheme, dial, keepaliveMs, clock }: ConnectionOptions) {
    this.#clock = clock
    this.#socket = dial(endpoint)
    this.#socket.on('error', (error) => this.#note(textOf(error)))
    this.#session = connect(`${scheme}://localhost`, {
      createConnection: () => this.#socket,
      maxSessionMemory: SESSION_MEMORY_MB,
      // gRPC has no pushed streams, and nobody would read them.
      settings: { enablePush: false },
    })
    this.#session.unref()
    // Its streams tell why they ended.
    this.#session.on('error', () => {})
    this.#session.on('goaway', (code, _lastStream, data) => this.#saidGoodbye(code, data))
    this.#cancelConnect = clock.after(CONNECT_WITHIN_MS, () => this.#drop(`nothing within ${CONNECT_WITHIN_MS} ms`))
    this.#session.on('connect', () => {
      this.#cancelConnect()
      const silent = `no answer to a ping within ${keepaliveMs.timeout} ms`
      keepAlive(this.#session, keepaliveMs, clock, () => this.#drop(silent))
    })
    this.#session.on('close', () => this.#cancelConnect())
  }

  /** The server has said goodbye, or the connection is gone: calls that are open may go on, new ones need another connection. */
  get isOver(): boolean {
    // Node closes a session to which its peer has said goodbye.
    return this.isLost || this.#session.closed
  }

  get isLost(): boolean {
    // Node closes the streams of a broken connection before it destroys their session.
    return this.#session.destroyed || this.#socket.destroyed
  }

  /** Why the connection is gone, if anybody said so. */
  get why(): string | undefined {
    return this.#why
  }

  request(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    return this.#session.request(headers)
  }

  /** Takes its leave. Streams that are open are to be reset before. */
  close(): void {
    if (this.#session.connecting) {
      this.#drop('the connection was closed here')
      return
    }
    this.#session.close()
    const cancel = this.#clock.after(CLOSE_WITHIN_MS, () => this.#socket.destroy())
    this.#socket.on('close', cancel)
  }

  #drop(why: string): void {
    this.#note(why)
    this.#socket.destroy()
  }

  /** The first word about it is the cause, what follows are its consequences. */
  #note(why: string): void {
    this.#why ??= why
  }

  #saidGoodbye(code: number, data: Uint8Array | undefined): void {
    if (code === constants.NGHTTP2_NO_ERROR) return
    const words =
      data === undefined
        ? ''
        : Buffer.from(data)
            .toString('latin1')
            .replace(/[^ -~]/g, '?')
            .slice(0, 100)
    this.#note(`the server hung up with HTTP/2 error ${code}${words && `: ${words}`}`)
  }
}

/** A name whose addresses all failed has an error for each, and no words of its own. */
function textOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(({ message }: Error) => message).join('; ') : error.message
}
