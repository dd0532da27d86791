import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

export interface TappedMessage {
  readonly from: 'zone' | 'global'
  /** The bit in front of a gRPC message (gRPC over HTTP/2, "Compressed-Flag"). */
  readonly compressed: boolean
  /** Uncompressed. */
  readonly bytes: Buffer
}

export interface TappedCall {
  /** Name of the RPC. */
  readonly rpc: string
  readonly headers: IncomingHttpHeaders
  readonly messages: TappedMessage[]
  /** What the global's trailers said; undefined while the call is open and if it ended without any. */
  status: number | undefined
  closed: boolean
  /** Chunks of the zone that were held back and have been passed on. */
  late: number
}

/** Sits between a zone and a global on loopback, passes every frame on, and keeps what both said, call by call. */
export class KdsTap {
  readonly port: number
  readonly calls: TappedCall[] = []
  readonly #server: ReturnType<typeof createServer>
  readonly #targetPort: number
  readonly #sessions = new Map<Http2Session, ClientHttp2Session>()
  readonly #delays = new Map<string, number>()

  private constructor(server: ReturnType<typeof createServer>, targetPort: number) {
    this.#server = server
    this.#targetPort = targetPort
    this.port = (server.address() as AddressInfo).port
    server.on('session', (session: ServerHttp2Session) => this.#openSession(session))
    server.on('stream', (stream: ServerHttp2Stream, _headers, _flags, raw: string[]) => this.#relay(stream, raw))
  }

  static async start(targetPort: number): Promise<KdsTap> {
    const server = createServer({ settings: { initialWindowSize: 1 << 20, maxConcurrentStreams: 1_000 } })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new KdsTap(server, targetPort)
  }

  /** For a zone's configuration. */
  get address(): string {
    return `grpc://127.0.0.1:${this.port}`
  }

  callsOf(rpc: string): TappedCall[] {
    return this.calls.filter((call) => call.rpc === rpc)
  }

  /** Holds what the zone says in `rpc` back for so long. */
  delayZone(rpc: string, ms: number): void {
    this.#delays.set(rpc, ms)
  }

  /** While true the network is down for new connections. */
  closed = false

  /** The network breaks: every connection is lost at once. */
  cut(): void {
    for (const [zone, global] of this.#sessions) {
      zone.destroy()
      global.destroy()
    }
  }

  async stop(): Promise<void> {
    this.cut()
    this.#server.close()
  }

  #openSession(zone: ServerHttp2Session): void {
    if (this.closed) {
      zone.destroy()
      return
    }
    const global = connect(`http://127.0.0.1:${this.#targetPort}`, { settings: { initialWindowSize: 1 << 20 } })
    this.#sessions.set(zone, global)
    zone.on('error', () => {})
    global.on('error', () => zone.destroy())
    global.on('close', () => zone.destroy())
    zone.on('close', () => {
      this.#sessions.delete(zone)
      global.destroy()
    })
  }

  #relay(zone: ServerHttp2Stream, raw: readonly string[]): void {
    const session = zone.session && this.#sessions.get(zone.session)
    if (!session || session.destroyed) {
      zone.close(constants.NGHTTP2_REFUSED_STREAM)
      return
    }
    const headers = pairs(raw)
    const global = session.request(headers)
    const rpc = String(headers[':path']).split('/').at(-1) ?? ''
    const call: TappedCall = { rpc, headers, messages: [], status: undefined, closed: false, late: 0 }
    this.calls.push(call)
    this.#zoneToGlobal(zone, global, call)
    globalToZone(global, zone, call)
    const close = (other: { close(code?: number): void }, code: number | undefined) => {
      call.closed = true
      other.close(code || constants.NGHTTP2_CANCEL)
    }
    zone.on('error', () => {})
    global.on('error', () => {})
    zone.on('close', () => close(global, zone.rstCode))
    global.on('close', () => {
      if (call.status === undefined) close(zone, global.rstCode)
    })
  }

  #zoneToGlobal(zone: ServerHttp2Stream, global: ClientHttp2Stream, call: TappedCall): void {
    const record = recorder((message) => call.messages.push({ from: 'zone', ...message }))
    zone.on('data', (chunk: Buffer) => {
      record(chunk)
      const pass = () => {
        if (!global.destroyed && !global.write(chunk)) {
          zone.pause()
          global.once('drain', () => zone.resume())
        }
      }
      const delay = this.#delays.get(call.rpc) ?? 0
      if (delay === 0) {
        pass()
        return
      }
      setTimeout(() => {
        pass()
        call.late += 1
      }, delay)
    })
    zone.on('end', () => global.end())
  }
}

function globalToZone(global: ClientHttp2Stream, zone: ServerHttp2Stream, call: TappedCall): void {
  const record = recorder((message) => call.messages.push({ from: 'global', ...message }))
  let trailers: IncomingHttpHeaders = {}
  global.on('response', (headers) => {
    if (headers['grpc-status'] !== undefined) {
      call.status = Number(headers['grpc-status'])
      zone.respond(headers, { endStream: true })
      return
    }
    zone.respond(headers, { waitForTrailers: true })
    zone.on('wantTrailers', () => zone.sendTrailers(trailers))
  })
  global.on('data', (chunk: Buffer) => {
    record(chunk)
    if (!zone.write(chunk)) {
      global.pause()
      zone.once('drain', () => global.resume())
    }
  })
  global.on('trailers', (received) => {
    trailers = received
    call.status = Number(received['grpc-status'])
  })
  global.on('end', () => {
    if (call.status !== undefined && zone.headersSent && !zone.writableEnded) zone.end()
  })
}

/** Repeated fields stay repeated: Node would join them. */
function pairs(raw: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (let at = 0; at < raw.length; at += 2) {
    const [name = '', value = ''] = [raw[at], raw[at + 1]]
    const before = headers[name]
    headers[name] = before === undefined ? value : [...[before].flat(), value]
  }
  return headers
}

/** A flag and a length stand before each gRPC message. */
const PREFIX_BYTES = 5

/** Cuts a byte stream into gRPC messages. */
function recorder(onMessage: (message: Omit<TappedMessage, 'from'>) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = []
  let length = 0
  let needed = PREFIX_BYTES
  return (chunk) => {
    parts.push(chunk)
    length += chunk.length
    while (length >= needed) {
      const all = Buffer.concat(parts)
      const end = PREFIX_BYTES + all.readUInt32BE(1)
      parts = [all]
      needed = end
      if (length < end) return
      const compressed = all[0] === 1
      const body = all.subarray(PREFIX_BYTES, end)
      onMessage({ compressed, bytes: compressed ? gunzipSync(body) : Buffer.from(body) })
      parts = [all.subarray(end)]
      length -= end
      needed = PREFIX_BYTES
    }
  }
}
