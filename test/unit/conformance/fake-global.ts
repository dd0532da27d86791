import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { type Clock, systemClock } from '../../../src/base/clock.js'
import { systemRandom } from '../../../src/base/random.js'
import type { CaseResult, ConformanceResult } from '../../../src/conformance/result.js'
import { Run } from '../../../src/conformance/runner.js'
import { Target } from '../../../src/conformance/target.js'
import type { KeyPairPem } from '../../../src/transport/x509.js'

/** What a fake global does with a call. */
export type Reply =
  | { readonly kind: 'serve' }
  | { readonly kind: 'refuse'; readonly status: number; readonly text?: string }
  | { readonly kind: 'hang' }
  /** Headers, and then nothing. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'reset' }
  /** No gRPC: what an HTTP server in front says. */
  | { readonly kind: 'page'; readonly status: number }

export interface Call {
  readonly path: string
  readonly zone: string
  /** Undefined: none. */
  readonly token: string | undefined
}

export interface FakeRunOptions {
  readonly callTimeoutMs?: number
  readonly expectedFailures?: readonly string[]
  readonly signal?: AbortSignal
  readonly clock?: Clock
}

/** A KDS that does what a test tells it, over a real socket. It knows tokens by their spelling and nothing of signatures. */
export class FakeGlobal {
  readonly key: KeyObject = createPrivateKey(KEY_PEM)
  readonly #server: Http2Server
  readonly #streams = new Set<ServerHttp2Stream>()
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #reply: (call: Call, global: FakeGlobal) => Reply

  private constructor(reply: (call: Call, global: FakeGlobal) => Reply, tls: KeyPairPem | undefined) {
    this.#reply = reply
    this.#server = tls ? createSecureServer({ key: tls.keyPem, cert: tls.certPem }) : createServer()
    this.#server.on('stream', (stream, headers) => this.#called(stream, headers))
    this.#server.on('session', (session) => {
      this.#sessions.add(session)
      session.on('close', () => this.#sessions.delete(session)).on('error', () => {})
    })
  }

  static async start(reply: (call: Call, global: FakeGlobal) => Reply, tls?: KeyPairPem): Promise<FakeGlobal> {
    const global = new FakeGlobal(reply, tls)
    await new Promise<void>((resolve) => global.#server.listen(0, '127.0.0.1', resolve))
    return global
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  target(clock: Clock = systemClock): Promise<Target> {
    const endpoint = { address: this.address, trust: { kind: 'plaintext' as const } }
    const ports = { clock, random: systemRandom }
    return Target.of(endpoint, { signing: { kid: '1', privateKey: this.key } }, ports)
  }

  async run(cases: readonly string[], options: FakeRunOptions = {}) {
    const seen: CaseResult[] = []
    const result: ConformanceResult = await new Run({
      target: await this.target(options.clock),
      controller: undefined,
      log: undefined,
      selection: { profiles: ['zone-jwt'], cases, levels: [], safeties: ['safe', 'leaves-traces'] },
      behaviours: { answers: 'zonelab', openStream: 'parity' },
      ratePerSecond: 100_000,
      callTimeoutMs: options.callTimeoutMs ?? 20_000,
      expectedFailures: new Set(options.expectedFailures ?? []),
      isZonelab: true,
      toolVersion: '0',
      signal: options.signal ?? new AbortController().signal,
      observer: { onPlan: () => {}, onTarget: () => {}, onAttempt: () => {}, onCase: (one) => seen.push(one) },
    }).run()
    return { result, caseOf: (id: string) => result.cases.find((one) => one.id === id), seen }
  }

  /** Ends every stream that is open, as a global that mistakes one zone for another would. */
  endAll(): void {
    for (const stream of this.#streams) stream.close()
  }

  /** At once, as a process that is killed. */
  async stop(): Promise<void> {
    this.#server.close()
    for (const session of this.#sessions) session.destroy()
  }

  #called(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on('close', () => this.#streams.delete(stream))
    stream.on('error', () => {})
    stream.resume()
    const path = headers[':path'] ?? ''
    const token = headers.authorization
    const reply = this.#reply({ path, zone: String(headers['client-id'] ?? ''), token }, this)
    if (stream.destroyed) return
    // Only now: a reply that ends every stream means those before this one.
    this.#streams.add(stream)
    if (reply.kind === 'reset') stream.close(2)
    if (reply.kind === 'begin') stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
    if (reply.kind === 'page') {
      stream.respond({ ':status': reply.status })
      stream.end('<html>')
    }
    if (reply.kind === 'refuse') stream.respond(refusal(reply.status, reply.text ?? 'no'), { endStream: true })
    if (reply.kind === 'serve') this.#serve(stream, path)
  }

  #serve(stream: ServerHttp2Stream, path: string): void {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    if (path.endsWith('HealthCheck')) stream.end(Buffer.alloc(5))
    else {
      stream.write(Buffer.alloc(5))
      stream.on('end', () => stream.end())
    }
  }
}

function refusal(status: number, text: string) {
  return { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(status), 'grpc-message': text }
}

const KEY_PEM = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })

/** Refuses what has no token, or one whose header names another algorithm or whose time is over; the rest is served. */
export function strictEnough({ token }: Call): Reply {
  const [header = '', payload = '', signature = ''] = (token ?? '').replace(/^bearer /i, '').split('.')
  try {
    const { alg } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg?: string }
    const { exp = 0 } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp?: number }
    const holds = alg === 'RS256' && signature !== '' && exp > systemClock.nowMs() / 1_000
    return holds ? { kind: 'serve' } : { kind: 'refuse', status: 16 }
  } catch {
    return { kind: 'refuse', status: 16 }
  }
}
