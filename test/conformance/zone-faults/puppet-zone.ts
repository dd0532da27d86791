import { readFileSync } from 'node:fs'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Clock } from '../../../src/base/clock.js'
import type { StartRefused, ZoneInstance, ZoneInstanceConfig } from '../../../src/conformance/controller.js'
import { RPCS } from '../../../src/conformance/rpc.js'
import { KDS } from '../../../src/wire/kds-service.js'
import type { CallPlace, Manners } from './zone-fault.js'

const HEALTH_CHECK_EVERY_MS = 1_000
/** One message of gRPC with nothing in it. */
const EMPTY_MESSAGE = Buffer.alloc(5)

/** A zone that dials and shows its token, and does nothing else: as little as can have every fault that is of that. */
export class PuppetZone implements ZoneInstance {
  readonly kind = 'running'
  readonly #config: ZoneInstanceConfig
  readonly #manners: Manners
  readonly #clock: Clock
  readonly #log: string[] = []
  readonly #atStart: string
  #socket: Socket | undefined
  #http2: ClientHttp2Session | undefined
  #attempt = 0
  #sessions = 0
  #stopped = false

  static start(config: ZoneInstanceConfig, manners: Manners, clock: Clock): ZoneInstance | StartRefused {
    if (config.globalAddress.startsWith('grpc://') && !manners.startsInPlaintext)
      return { kind: 'refused', text: 'a token is not sent in plaintext' }
    return new PuppetZone(config, manners, clock)
  }

  private constructor(config: ZoneInstanceConfig, manners: Manners, clock: Clock) {
    this.#config = config
    this.#manners = manners
    this.#clock = clock
    this.#atStart = this.#token()
    this.#dial()
  }

  async log(): Promise<string> {
    return this.#log.join('\n')
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#hangUp()
  }

  #token(): string {
    return readFileSync(this.#config.tokenFile, 'utf8').trim()
  }

  #dial(plaintext = this.#config.globalAddress.startsWith('grpc://')): void {
    const { hostname: host, port } = new URL(this.#config.globalAddress.replace(/^grpcs?/, 'http'))
    const place = { host, port: Number(port) }
    const failed = () => (this.#manners.fallsBack && !plaintext ? this.#dial(true) : this.#ended(undefined))
    if (plaintext) {
      const socket = connectTcp(place, () => this.#open(socket, true))
      this.#socket = socket.once('error', failed)
      return
    }
    const ca = readFileSync(this.#config.caFile)
    const socket = connectTls({ ...place, ca, ALPNProtocols: ['h2'], ...this.#manners.tls, rejectUnauthorized: false })
    this.#socket = socket.once('error', failed)
    socket.once('secureConnect', () => {
      socket.off('error', failed)
      if (this.#manners.trusts(faultOf(socket), this.#config)) return this.#open(socket, false)
      socket.destroy()
      failed()
    })
  }

  #open(socket: Socket, plaintext: boolean): void {
    const session = connectHttp2(`http://${this.#config.zone}`, { createConnection: () => socket })
    this.#http2 = session
    const over = (status: string | undefined) => this.#http2 === session && this.#ended(status)
    session.on('error', () => over(undefined)).on('close', () => over(undefined))
    const atDial = this.#token()
    const place = { session: this.#sessions++, plaintext }
    for (const rpc of RPCS) this.#call(session, { ...place, rpc, atDial }, over)
  }

  #call(
    session: ClientHttp2Session,
    call: CallPlace & { readonly atDial: string },
    over: (status: string | undefined) => void,
  ): void {
    if (session.destroyed || this.#stopped) return
    const { rpc, atDial } = call
    const now = this.#token()
    if (this.#manners.dropsSessionForNewToken && now !== atDial) {
      over(undefined)
      return
    }
    const token = this.#manners.tokenOf({ atStart: this.#atStart, atDial, now })
    this.#log.push(this.#manners.logged(token))
    const credential = this.#manners.credential(token, call)
    const stream = session.request({
      ':method': 'POST',
      ':path': KDS[rpc].path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...(this.#manners.namesItself && { 'client-id': this.#config.zone }),
      ...(credential !== undefined && { authorization: credential }),
    })
    let status: string | undefined
    const heard = (headers: NodeJS.Dict<string | string[]>) => {
      status = String(headers['grpc-status'] ?? status)
    }
    stream
      .on('response', heard)
      .on('trailers', heard)
      .on('error', () => {})
    stream.resume()
    stream.on('close', () => {
      if (rpc === 'HealthCheck' && status === '0') {
        this.#attempt = 0
        this.#clock.after(HEALTH_CHECK_EVERY_MS, () => this.#call(session, call, over))
      } else if (this.#manners.endsSession(rpc)) over(status)
    })
    if (rpc === 'HealthCheck') stream.end(EMPTY_MESSAGE)
  }

  #ended(status: string | undefined): void {
    this.#hangUp()
    if (this.#stopped) return
    const waitMs = this.#manners.waitMs(this.#attempt++, status)
    if (waitMs === undefined) return
    this.#clock.after(waitMs, () => {
      if (!this.#stopped) this.#dial()
    })
  }

  #hangUp(): void {
    const session = this.#http2
    this.#http2 = undefined
    session?.destroy()
    this.#socket?.destroy()
  }
}

/** What TLS found wrong; it has a code and no text, whatever its type says. */
function faultOf(socket: TLSSocket): string | undefined {
  if (socket.authorized) return undefined
  const { authorizationError: error } = socket as { authorizationError: unknown }
  return error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error)
}
