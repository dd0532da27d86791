import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { checkServerIdentity, connect as connectTls, type SecureVersion, type TLSSocket } from 'node:tls'
import type { Clock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import type { ClientTrust } from '../../transport/grpc/client-trust.js'
import type { Field } from '../call-draft.js'
import {
  contentOf,
  describeFrame,
  encodeFrame,
  errorName,
  FLAG,
  FRAME,
  type Frame,
  FrameReader,
  headerFrames,
  PREFACE,
} from './frames.js'
import { decodeFields, encodeFields, type ReceivedField } from './hpack.js'

export interface Dial {
  readonly host: string
  readonly port: number
  readonly trust: ClientTrust
  /** Default: `h2`. */
  readonly alpn?: readonly string[]
  readonly versions?: { readonly min: SecureVersion; readonly max: SecureVersion }
  /** Shown to the server, which may ask for none. */
  readonly clientCertificate?: { readonly certPem: string; readonly keyPem: string }
  readonly localAddress?: string
  readonly withinMs: number
  readonly clock: Clock
}

/** What happens to one stream. */
export interface StreamEvents {
  onFrame(line: string): void
  onHeaders(fields: readonly ReceivedField[], end: boolean): void
  onData(bytes: Buffer, end: boolean): void
  /** Reset, goodbye or the end of the connection; the last event. */
  onBroken(why: string): void
}

/** Windows so wide that nothing here ever fills one; the most that a window may be (RFC 9113 §6.9.1). */
const WINDOW_BYTES = 0x7fff_ffff
const INITIAL_WINDOW_BYTES = 65_535
const SETTINGS = settings([
  [1, 0],
  [2, 0],
  [4, WINDOW_BYTES],
])

/**
 * A client's HTTP/2 connection that sends what it is told, legal or not: node:http2 joins, drops or refuses fields, and these
 * cases are about the bytes.
 */
export class Http2Connection {
  readonly #socket: Socket
  readonly #reader = new FrameReader()
  readonly #streams = new Map<number, StreamEvents>()
  #nextStream = 1
  #pendingHeaders: { stream: number; flags: number; blocks: Buffer[] } | undefined
  #closed: string | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    this.fingerprint = (socket as Partial<TLSSocket>).getPeerCertificate?.().fingerprint256
    socket.on('data', (chunk: Buffer) => this.#received(chunk))
    socket.on('error', (error) => this.#close(error.message))
    socket.on('close', () => this.#close('the connection was closed'))
    socket.write(
      Buffer.concat([
        PREFACE,
        encodeFrame({ type: FRAME.SETTINGS, flags: 0, stream: 0, payload: SETTINGS }),
        encodeFrame({
          type: FRAME.WINDOW_UPDATE,
          flags: 0,
          stream: 0,
          payload: uint32(WINDOW_BYTES - INITIAL_WINDOW_BYTES),
        }),
      ]),
    )
  }

  /** Throws AppError `unavailable` with what the socket or the handshake said. */
  static async dial(dial: Dial): Promise<Http2Connection> {
    return new Http2Connection(await openSocket(dial))
  }

  get open(): boolean {
    return this.#closed === undefined
  }

  /** SHA-256 of the server's certificate, in Node's notation; undefined without TLS. */
  readonly fingerprint: string | undefined

  /** Opens a stream with these fields, pseudo-fields included; returns its number. */
  request(fields: readonly Field[], events: StreamEvents, end: boolean): number {
    const stream = this.#nextStream
    this.#nextStream += 2
    this.#streams.set(stream, events)
    if (this.#closed !== undefined) {
      this.#streams.delete(stream)
      events.onBroken(this.#closed)
      return stream
    }
    this.#send(headerFrames(stream, encodeFields(fields), end))
    return stream
  }

  data(stream: number, payload: Buffer, end: boolean): void {
    this.#send([{ type: FRAME.DATA, flags: end ? FLAG.END_STREAM : 0, stream, payload }])
  }

  trailers(stream: number, fields: readonly Field[]): void {
    this.#send(headerFrames(stream, encodeFields(fields), true))
  }

  /** Ends a stream; nothing of it is told any more. */
  cancel(stream: number): void {
    if (!this.#streams.delete(stream)) return
    this.#send([{ type: FRAME.RST_STREAM, flags: 0, stream, payload: uint32(8) }])
  }

  close(): void {
    this.#socket.destroy()
    this.#close('the connection was closed here')
  }

  #send(frames: readonly Frame[]): void {
    if (this.#closed !== undefined) return
    for (const frame of frames) {
      this.#streams.get(frame.stream)?.onFrame(describeFrame('>', frame))
      this.#socket.write(encodeFrame(frame))
    }
  }

  #received(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.push(chunk)) this.#take(frame)
    } catch (thrown) {
      this.#socket.destroy()
      this.#close(`the peer does not speak HTTP/2: ${AppError.from(thrown).message}`)
    }
  }

  #take(frame: Frame): void {
    this.#streams.get(frame.stream)?.onFrame(describeFrame('<', frame))
    switch (frame.type) {
      case FRAME.SETTINGS:
      case FRAME.PING:
        this.#acknowledge(frame)
        break
      case FRAME.HEADERS:
      case FRAME.CONTINUATION:
        this.#headers(frame)
        break
      case FRAME.DATA:
        this.#data(frame)
        break
      case FRAME.RST_STREAM:
        this.#broken(frame.stream, `the stream was reset with ${errorName(frame.payload.readUInt32BE(0))}`)
        break
      case FRAME.GOAWAY:
        this.#goodbye(frame)
        break
      default:
    }
  }

  #acknowledge({ type, flags, payload }: Frame): void {
    if (flags & FLAG.ACK) return
    const echo = type === FRAME.PING ? payload : Buffer.alloc(0)
    this.#socket.write(encodeFrame({ type, flags: FLAG.ACK, stream: 0, payload: echo }))
  }

  #data(frame: Frame): void {
    const end = (frame.flags & FLAG.END_STREAM) !== 0
    const events = this.#streams.get(frame.stream)
    if (end) this.#streams.delete(frame.stream)
    events?.onData(contentOf(frame), end)
  }

  #headers(frame: Frame): void {
    const pending = frame.type === FRAME.HEADERS ? undefined : this.#pendingHeaders
    const blocks = [...(pending?.blocks ?? []), contentOf(frame)]
    const flags = (pending?.flags ?? 0) | frame.flags
    if (!(flags & FLAG.END_HEADERS)) {
      this.#pendingHeaders = { stream: frame.stream, flags, blocks }
      return
    }
    this.#pendingHeaders = undefined
    const end = (flags & FLAG.END_STREAM) !== 0
    const events = this.#streams.get(frame.stream)
    if (end) this.#streams.delete(frame.stream)
    events?.onHeaders(decodeFields(Buffer.concat(blocks)), end)
  }

  /** Streams above the one that it names will not be served; with an error nothing will. */
  #goodbye({ payload }: Frame): void {
    const last = payload.readUInt32BE(0) & 0x7fff_ffff
    const code = payload.readUInt32BE(4)
    const why = `the server said goodbye with ${errorName(code)}`
    for (const stream of [...this.#streams.keys()]) if (stream > last || code !== 0) this.#broken(stream, why)
  }

  #broken(stream: number, why: string): void {
    const events = this.#streams.get(stream)
    this.#streams.delete(stream)
    events?.onBroken(why)
  }

  #close(why: string): void {
    if (this.#closed !== undefined) return
    this.#closed = why
    for (const stream of [...this.#streams.keys()]) this.#broken(stream, why)
  }
}

function openSocket(dial: Dial): Promise<Socket> {
  const { host, port, trust, localAddress, withinMs, clock } = dial
  const secure = trust.kind !== 'plaintext'
  const place = { host, port, ...(localAddress !== undefined && { localAddress }) }
  return new Promise((resolve, reject) => {
    const socket = secure ? connectTls({ ...place, ...tlsOptions(dial) }) : connectPlain(place)
    let reached = false
    socket.once('connect', () => {
      reached = true
    })
    const cancel = clock.after(withinMs, () => fail(`no ${reached ? 'handshake' : 'connection'} within ${withinMs} ms`))
    const fail = (why: string) => {
      cancel()
      socket.destroy()
      reject(new AppError('unavailable', why))
    }
    const ready = () => {
      cancel()
      socket.removeAllListeners('error').removeAllListeners('close')
      const chosen = secure ? (socket as TLSSocket).alpnProtocol : 'h2'
      // Without a protocol in common most servers take HTTP/1.1 for granted, and a gRPC client gives up.
      if (chosen !== 'h2') {
        socket.on('error', () => {})
        return fail('the server did not agree to HTTP/2 (ALPN)')
      }
      resolve(socket)
    }
    socket.once(secure ? 'secureConnect' : 'connect', ready)
    socket.once('close', () => fail('the connection was closed before it stood'))
    socket.once('error', (error: NodeJS.ErrnoException) => fail(`${error.code ?? 'error'}: ${error.message}`))
    socket.setNoDelay(true)
  })
}

function tlsOptions({ host, trust, alpn = ['h2'], versions, clientCertificate }: Dial) {
  return {
    ...(trust.kind === 'ca' && trust.caPem !== undefined && { ca: trust.caPem }),
    rejectUnauthorized: trust.kind === 'ca',
    ALPNProtocols: [...alpn],
    // TLS has no server name for an address (RFC 6066 §3); the certificate is checked for it all the same.
    ...(isIP(host) === 0 && { servername: host }),
    checkServerIdentity: (_name: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
      checkServerIdentity(host, certificate),
    // OpenSSL speaks the old versions only below its default security level.
    ...(versions && { minVersion: versions.min, maxVersion: versions.max, ciphers: 'DEFAULT@SECLEVEL=0' }),
    ...(clientCertificate && { cert: clientCertificate.certPem, key: clientCertificate.keyPem }),
  }
}

function settings(pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  return Buffer.concat(
    pairs.map(([id, value]) => {
      const entry = Buffer.alloc(6)
      entry.writeUInt16BE(id, 0)
      entry.writeUInt32BE(value, 2)
      return entry
    }),
  )
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
