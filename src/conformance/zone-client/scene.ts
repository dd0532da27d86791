import type { CallMetadata } from '../../auth/zone-call.js'
import type { Clock } from '../../base/clock.js'
import { AppError, GRPC_STATUS } from '../../base/errors.js'
import type { Duplex } from '../../protocol/duplex.js'
import { GrpcServer } from '../../transport/grpc/server.js'
import { KDS } from '../../wire/kds-service.js'
import { KDS_HEADER } from '../../wire/metadata.js'
import { shownField } from '../redaction.js'
import type { Exchange } from '../result.js'
import { RPCS, type Rpc } from '../rpc.js'
import type { Face } from './faces.js'
import type { Wire } from './wire.js'

/** What the global of a scene says to a call. */
export type Reply = 'accept' | 'unauthenticated' | 'unavailable'

export interface SceneSettings {
  readonly face: Face
  /** Default: every call is accepted. */
  readonly reply?: (rpc: Rpc) => Reply
}

/** One call of the zone. */
export interface HeardCall {
  readonly rpc: Rpc
  readonly atMs: number
  /** Every value of `authorization`, as it came. Never reported. */
  readonly credentials: readonly string[]
  /** What it named itself. */
  readonly zones: readonly string[]
  /** What was heard and said, as a report may show it. */
  readonly exchange: Exchange
  /** A stream that was accepted and that neither side has ended. */
  readonly open: boolean
}

type Call = { -readonly [Key in keyof HeardCall]: HeardCall[Key] } & { readonly reply: Reply }

/** Short, so that what a zone does next is soon seen. */
const HEALTH_CHECK_EVERY_MS = 1_000
const REFUSALS = { unauthenticated: 'the suite refuses this call', unavailable: 'the suite is not there now' } as const
const SHOWN: readonly string[] = [...Object.values(KDS_HEADER), 'user-agent']

/**
 * What a zone meets for a while: a global of one face that takes calls, keeps what they show, and says what it is told to. It
 * sends no resource and asks for none, so that a zone keeps what it has.
 */
export class Scene {
  readonly settings: SceneSettings
  /** Connections, in order. */
  readonly wires: Wire[] = []
  readonly #calls: Call[] = []
  readonly #clock: Clock
  readonly #server: GrpcServer<Call>

  private constructor(settings: SceneSettings, clock: Clock) {
    this.settings = settings
    this.#clock = clock
    this.#server = new GrpcServer<Call>({ authenticate: async (metadata, path) => this.#heard(metadata, path), clock })
    const hold = (call: Call, duplex: Pick<Duplex<never, never>, 'open'>) => holdOpen(call, duplex)
    this.#server.stream(KDS.GlobalToZoneSync, hold)
    this.#server.stream(KDS.ZoneToGlobalSync, hold)
    this.#server.stream(KDS.StreamXDSConfigs, hold)
    this.#server.stream(KDS.StreamStats, hold)
    this.#server.stream(KDS.StreamClusters, hold)
    this.#server.unary(KDS.HealthCheck, () => ({ intervalMs: HEALTH_CHECK_EVERY_MS }))
  }

  /** Resolves to the scene and the port that it serves on in plaintext, for wires alone. */
  static async open(settings: SceneSettings, clock: Clock): Promise<{ readonly scene: Scene; readonly port: number }> {
    const scene = new Scene(settings, clock)
    return { scene, ...(await scene.#server.listen({ host: '127.0.0.1', port: 0 })) }
  }

  /** In order. */
  get calls(): readonly HeardCall[] {
    return this.#calls
  }

  callsOf(rpc: Rpc): readonly HeardCall[] {
    return this.#calls.filter((call) => call.rpc === rpc)
  }

  /** The first call that shows this token as its only credential. */
  shown(token: string): HeardCall | undefined {
    return this.#calls.find(({ credentials }) => credentials.length === 1 && credentials[0] === token)
  }

  /** Connections that are over. */
  get hungUp(): number {
    return this.wires.filter(({ open }) => !open).length
  }

  /** When the zone began anew: it may do so on a new connection, or on the one that it has. */
  get attemptsMs(): readonly number[] {
    const lists = [this.wires, ...RPCS.map((rpc) => this.callsOf(rpc))]
    return lists.reduce((longest, list) => (list.length > longest.length ? list : longest)).map(({ atMs }) => atMs)
  }

  /** What was seen, in a sentence. */
  get summary(): string {
    const { wires } = this
    if (wires.length === 0) return 'no connection came'
    const bytes = wires.reduce((sum, wire) => sum + wire.bytes, 0)
    const handshakes = new Set(
      wires.map(({ handshake: now }) => (now.kind === 'failed' ? `failed: ${now.why}` : now.kind)),
    )
    const tokens = this.#calls.filter(({ credentials }) => credentials.length > 0).length
    const seen = `connections ${wires.length} (handshake ${[...handshakes].join(', ')}), bytes ${bytes}, calls ${this.#calls.length}`
    return `${seen}, with a credential ${tokens}`
  }

  /** Cuts every connection, as a process that dies. */
  async close(): Promise<void> {
    for (const wire of this.wires) wire.hangUp()
    await this.#server.stop(0)
  }

  #heard(metadata: CallMetadata, path: string): Call {
    const rpc = RPCS.find((candidate) => KDS[candidate].path === path)
    if (rpc === undefined) throw new AppError('unimplemented', `${path} is not served here`)
    const reply = this.settings.reply?.(rpc) ?? 'accept'
    const fields = SHOWN.flatMap((name) => metadata.values(name).map((value) => shownField([name, value])))
    const call: Call = {
      rpc,
      reply,
      atMs: this.#clock.monotonicMs(),
      credentials: metadata.values(KDS_HEADER.authorization),
      zones: metadata.values(KDS_HEADER.clientId),
      exchange: { path, metadata: fields, frames: [], elapsedMs: 0, ...answerOf(reply) },
      open: false,
    }
    this.#calls.push(call)
    if (reply !== 'accept') throw new AppError(reply, REFUSALS[reply])
    return call
  }
}

function holdOpen(call: Call, duplex: Pick<Duplex<never, never>, 'open'>): void {
  call.open = true
  duplex.open({
    onMessage() {},
    onWritable() {},
    onEnd() {
      call.open = false
    },
  })
}

function answerOf(reply: Reply): Pick<Exchange, 'answer' | 'status' | 'text'> {
  if (reply === 'accept') return { answer: 'OK', status: GRPC_STATUS.OK, text: '' }
  const answer = reply === 'unauthenticated' ? 'UNAUTHENTICATED' : 'UNAVAILABLE'
  return { answer, status: GRPC_STATUS[answer], text: REFUSALS[reply] }
}
