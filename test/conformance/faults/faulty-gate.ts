import { once } from 'node:events'
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Endpoint } from '../../../src/conformance/controller.js'
import { type Call, type Fault, type Field, field, type Knowledge, type Refusal, refusal, type World } from './fault.js'

/** A gate that stands where a global's KDS port would be, and has one fault. Calls that it lets through it only passes on. */
export class FaultyGate {
  readonly #fault: Fault
  readonly #world: World
  readonly #upstream: Endpoint
  readonly #server: Http2Server
  /** By connection: the one to the sound global, and the zones whose calls came on it. */
  readonly #sessions = new Map<
    ServerHttp2Session,
    { upstream: ClientHttp2Session; zones: Set<string>; seen: Set<string> }
  >()

  private constructor(upstream: Endpoint, fault: Fault, world: Knowledge) {
    this.#upstream = upstream
    this.#fault = fault
    this.#world = { ...world, disturb: (call) => this.#disturb(call) }
    this.#server = createServer()
    this.#server.on('session', (session) => this.#open(session))
    this.#server.on('stream', (stream, _headers, _flags, raw) => {
      this.#take(stream, raw as unknown as readonly string[]).catch(() => stream.close())
    })
    this.#server.on('sessionError', () => {})
  }

  static async open(upstream: Endpoint, fault: Fault, world: Knowledge): Promise<FaultyGate> {
    const gate = new FaultyGate(upstream, fault, world)
    gate.#server.listen(0, '127.0.0.1')
    await once(gate.#server, 'listening')
    return gate
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
    for (const [session, { upstream }] of this.#sessions) {
      session.destroy()
      upstream.destroy()
    }
  }

  #open(session: ServerHttp2Session): void {
    // What the caller repeats is to be repeated: node:http2 alone would refuse to send it.
    const { address, trust } = this.#upstream
    const ca = trust.kind === 'ca' ? { ca: trust.caPem } : {}
    const scheme = trust.kind === 'plaintext' ? 'http' : 'https'
    const upstream = connect(`${scheme}://${address}`, { ...ca, strictSingleValueFields: false } as object)
    this.#sessions.set(session, { upstream, zones: new Set(), seen: new Set() })
    const end = () => {
      this.#sessions.delete(session)
      session.destroy()
      upstream.destroy()
    }
    session.on('close', end).on('error', end)
    upstream.on('close', end).on('error', end)
  }

  #disturb(call: Call): void {
    const zone = field(call, 'client-id') ?? ''
    for (const [session, { zones, seen }] of this.#sessions) {
      if (seen !== call.connection && zones.has(zone)) session.destroy()
    }
  }

  async #take(stream: ServerHttp2Stream, raw: readonly string[]): Promise<void> {
    stream.on('error', () => {})
    const known = this.#sessions.get(stream.session as ServerHttp2Session)
    if (known === undefined) return stream.close()
    const call: Call = { fields: pairs(raw), connection: known.seen }
    known.zones.add(field(call, 'client-id') ?? '')
    const weakened = (await this.#fault.weaken?.(call, this.#world)) ?? call
    if (stream.destroyed) return
    if ('kind' in weakened) return answer(stream, weakened)
    this.#pass(stream, call, weakened, known.upstream)
  }

  #pass(down: ServerHttp2Stream, call: Call, weakened: Call, session: ClientHttp2Session): void {
    const up = session.request(weakened.fields.flat() as unknown as IncomingHttpHeaders, { endStream: false })
    up.on('error', () => {})
    up.on('response', (headers) => {
      if (headers['grpc-status'] !== undefined) {
        this.#refuse(down, call, headers).catch(() => down.close())
        return
      }
      this.#fault.served?.(call, this.#world)
      down.on('wantTrailers', () => down.sendTrailers(plain(trailers)))
      down.respond(plain(headers), { waitForTrailers: true })
      const beside = this.#fault.sends?.(call, this.#world)
      if (beside !== undefined) down.write(message(beside))
      up.pipe(down)
    })
    let trailers: IncomingHttpHeaders = {}
    up.on('trailers', (sent) => {
      trailers = sent
    })
    down.pipe(up)
    up.on('close', () => {
      if (up.rstCode !== 0 && !down.destroyed) down.close(up.rstCode)
    })
    down.on('close', () => up.close(down.rstCode))
  }

  async #refuse(down: ServerHttp2Stream, call: Call, headers: IncomingHttpHeaders): Promise<void> {
    const told = refusal(Number(headers['grpc-status']), decodeURIComponent(String(headers['grpc-message'] ?? '')))
    const changed = (await this.#fault.tell?.(told, call, this.#world)) ?? told
    if (!down.destroyed) answer(down, changed)
  }
}

/** A refusal is headers and nothing else, unless it comes too late for that. */
function answer(stream: ServerHttp2Stream, { status, text, late = false }: Refusal): void {
  const head = { ':status': 200, 'content-type': 'application/grpc' }
  const told = { 'grpc-status': String(status), 'grpc-message': encodeURIComponent(text) }
  if (!late) {
    stream.respond({ ...head, ...told }, { endStream: true })
    return
  }
  stream.on('wantTrailers', () => stream.sendTrailers(told))
  stream.respond(head, { waitForTrailers: true })
  stream.end()
}

/** In the frame of gRPC: not compressed, and its length. */
function message(text: string): Buffer {
  const bytes = Buffer.from(text)
  const head = Buffer.alloc(5)
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

function plain(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers))
}

function pairs(raw: readonly string[]): readonly Field[] {
  return Array.from({ length: raw.length / 2 }, (_, at): Field => [raw[2 * at] ?? '', raw[2 * at + 1] ?? ''])
}
