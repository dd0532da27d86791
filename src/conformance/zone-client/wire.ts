import { connect, type Socket } from 'node:net'
import { createServer as createTlsServer, type SecureContextOptions } from 'node:tls'

/** What TLS came to on a connection. A client that distrusts may say so after its side of the handshake is done. */
export type Handshake =
  | { readonly kind: 'none' }
  | { readonly kind: 'begun' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly why: string }

export interface WireOptions {
  readonly socket: Socket
  readonly atMs: number
  /** Undefined: plaintext. */
  readonly tls: SecureContextOptions | undefined
  /** Where the global of the scene serves in plaintext. */
  readonly innerPort: number
}

/** RFC 8446 §5.1. */
const TLS_HANDSHAKE_RECORD = 0x16
/** Enough to hold the metadata of the six calls; what comes later is counted only. */
const KEPT_BYTES_MAX = 65_536

/** One connection of a zone: TLS ends here, every byte below it is seen, and goes on to the global of the scene. */
export class Wire {
  readonly atMs: number
  readonly #socket: Socket
  readonly #innerPort: number
  readonly #kept: Buffer[] = []
  #keptBytes = 0
  #bytes = 0
  #handshake: Handshake

  constructor({ socket, atMs, tls, innerPort }: WireOptions) {
    this.atMs = atMs
    this.#socket = socket
    this.#innerPort = innerPort
    this.#handshake = { kind: tls === undefined ? 'none' : 'begun' }
    // A connection that breaks is an observation and no error.
    socket.on('error', () => {})
    if (tls === undefined) this.#relay(socket)
    else socket.once('data', (first: Buffer) => this.#begin(tls, first))
  }

  get handshake(): Handshake {
    return this.#handshake
  }

  get open(): boolean {
    return !this.#socket.destroyed
  }

  /** How much came below TLS, or at all where there is none. */
  get bytes(): number {
    return this.#bytes
  }

  /** Its beginning. */
  get received(): Buffer {
    return Buffer.concat(this.#kept)
  }

  hangUp(): void {
    this.#socket.destroy()
  }

  /** What does not begin as TLS does is read as it is, so that what a client lets slip there is seen. */
  #begin(tls: SecureContextOptions, first: Buffer): void {
    this.#socket.pause()
    this.#socket.unshift(first)
    if (first[0] === TLS_HANDSHAKE_RECORD) this.#secure(tls)
    else {
      this.#handshake = { kind: 'none' }
      this.#relay(this.#socket)
    }
  }

  #secure(tls: SecureContextOptions): void {
    const server = createTlsServer({ ...tls, ALPNProtocols: ['h2'] }, (secure) => {
      this.#handshake = { kind: 'done' }
      this.#relay(secure)
    })
    server.on('tlsClientError', (error) => {
      this.#handshake = { kind: 'failed', why: error.message.replace(/\s+/g, ' ').trim() }
      this.#socket.destroy()
    })
    server.emit('connection', this.#socket)
  }

  #relay(outer: Socket): void {
    const inner = connect(this.#innerPort, '127.0.0.1')
    outer.on('data', (chunk: Buffer) => this.#saw(chunk))
    outer.pipe(inner)
    inner.pipe(outer)
    const end = () => {
      inner.destroy()
      outer.destroy()
      this.#socket.destroy()
    }
    for (const side of [outer, inner]) side.on('error', end).on('close', end)
  }

  #saw(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#keptBytes >= KEPT_BYTES_MAX) return
    this.#kept.push(chunk)
    this.#keptBytes += chunk.length
  }
}
