import { type BackoffPolicy, backoffDelayMs } from '../base/backoff.js'
import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { Random } from '../base/random.js'
import type { CloseReason } from '../protocol/close-reason.js'
import type { Outcome, ReceivedBatch } from '../protocol/ports.js'
import type { WireNode } from '../wire/delta-codec.js'
import type { EnvoyKind } from '../wire/envoy-codec.js'
import type { AnyValue } from '../wire/spec-codec.js'
import { type Behaviour, Player } from './behaviour.js'
import { Configuration } from './configuration.js'
import type { Connection } from './connections.js'
import { ProxyStream } from './proxy-stream.js'
import type { ResourcePool } from './resource-pool.js'

export interface ProxyOptions {
  readonly mesh: string
  readonly name: string
  /** Made anew for each stream, as the bootstrap is written before each start. */
  readonly node: () => WireNode
  readonly behaviour: Behaviour
  /** Opens one stream. What it throws counts as a stream that ended. */
  readonly connect: () => Connection
  readonly pool: ResourcePool
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly onAnswered: (proxy: MockProxy, batch: ReceivedBatch<AnyValue>, outcome: Outcome) => void
  /** Something that status shows has changed. */
  readonly onProgress: () => void
}

/**
 *   stopped ── start ──▶ connecting ── received ──▶ streaming
 *                           ▲   │                       │
 *                backoff-over   └──────── ended ────────┤
 *                           │                           ▼
 *                           └───────────────────── backing-off          any ── stop ──▶ stopped
 */
export type ProxyState =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'connecting'; readonly session: Session; readonly attempt: number }
  | { readonly kind: 'streaming'; readonly session: Session; readonly sinceMs: number }
  | { readonly kind: 'backing-off'; readonly why: string; readonly cancel: Cancel }

interface Session {
  readonly stream: ProxyStream
  readonly connection: Connection
}

/**
 * Envoy's first step, and a tenth of its longest (0.5 s and 30 s): a lab whose zone comes back should be whole again
 * within seconds. Never shorter than what lets go of the last stream's batch takes, which is no time at all (SPEC.md A5).
 */
const BACKOFF: BackoffPolicy = { baseMs: 500, capMs: 3_000, jitter: 0.5 }

/** One mock proxy: keeps one ADS stream open and runs with what it is sent, whether or not the stream is up. */
export class MockProxy {
  readonly mesh: string
  readonly name: string
  readonly configuration: Configuration
  readonly startedAtMs: number
  readonly #options: ProxyOptions
  readonly #player: Player
  #state: ProxyState = { kind: 'stopped' }
  #streams = 0
  #failures = 0
  #heardMs: number | undefined

  constructor(options: ProxyOptions) {
    this.#options = options
    this.mesh = options.mesh
    this.name = options.name
    this.startedAtMs = options.clock.nowMs()
    this.configuration = new Configuration(options.pool)
    this.#player = new Player(options.behaviour, options.random)
  }

  get state(): ProxyState['kind'] {
    return this.#state.kind
  }

  get node(): WireNode {
    return this.#options.node()
  }

  get behaviour(): Behaviour {
    return this.#options.behaviour
  }

  /** Why there is no stream, while there is none. */
  get whyOffline(): string | undefined {
    const state = this.#state
    if (state.kind === 'streaming') return undefined
    return state.kind === 'backing-off' ? state.why : OFFLINE[state.kind]
  }

  /** Kinds of which a response has come and is not answered yet. */
  get applying(): ReadonlySet<EnvoyKind> {
    return this.#state.kind === 'streaming' ? this.#state.session.stream.applying : NOTHING
  }

  /** Streams opened, and those that ended without our wish. */
  get connects(): { readonly opened: number; readonly failed: number } {
    return { opened: this.#streams, failed: this.#failures }
  }

  /** Milliseconds since the zone's last message on the open stream. */
  get messageAgeMs(): number | undefined {
    if (this.#state.kind !== 'streaming' || this.#heardMs === undefined) return undefined
    return this.#options.clock.monotonicMs() - this.#heardMs
  }

  /** Whether it has had clusters and listeners: when a real Envoy becomes LIVE. */
  get live(): boolean {
    const had = (kind: EnvoyKind) => this.configuration.counts(kind).updatedAtMs > 0
    return had('cluster') && had('listener')
  }

  start(): void {
    if (this.#state.kind === 'stopped') this.#connect(0)
  }

  /** Its configuration stays: what it ran with last can still be looked at. */
  stop(): void {
    const state = this.#state
    this.#become({ kind: 'stopped' })
    if (state.kind === 'backing-off') state.cancel()
    if (state.kind !== 'connecting' && state.kind !== 'streaming') return
    state.session.stream.end({ kind: 'shutting-down', detail: 'the proxy is stopped' })
    state.session.connection.release()
  }

  #connect(attempt: number): void {
    const { connect, node, clock, onAnswered } = this.#options
    let session: Session
    try {
      const connection = connect()
      const isCurrent = () => this.#session === session
      const stream = new ProxyStream({
        duplex: connection.duplex,
        node: node(),
        configuration: this.configuration,
        player: this.#player,
        clock,
        onReceived: () => isCurrent() && this.#received(session),
        onAnswered: (batch, outcome) => {
          onAnswered(this, batch, outcome)
          this.#options.onProgress()
        },
        onEnd: (reason) => isCurrent() && this.#ended(session, reason),
      })
      session = { stream, connection }
    } catch (thrown) {
      this.#backOff(attempt, AppError.from(thrown).message)
      return
    }
    this.#streams += 1
    this.#become({ kind: 'connecting', session, attempt })
    session.stream.open()
  }

  get #session(): Session | undefined {
    return this.#state.kind === 'connecting' || this.#state.kind === 'streaming' ? this.#state.session : undefined
  }

  #received(session: Session): void {
    const { clock } = this.#options
    this.#heardMs = clock.monotonicMs()
    if (this.#state.kind === 'connecting') this.#become({ kind: 'streaming', session, sinceMs: clock.nowMs() })
  }

  #ended({ connection }: Session, reason: CloseReason): void {
    const attempt = this.#state.kind === 'connecting' ? this.#state.attempt : 0
    this.#failures += 1
    connection.release()
    this.#backOff(attempt, reason.detail === '' ? reason.kind : reason.detail)
  }

  #backOff(attempt: number, why: string): void {
    const { clock, random, log } = this.#options
    const fields = { mesh: this.mesh, name: this.name, why }
    // While a zone is away every proxy tries every few seconds; the first failure says it all.
    if (attempt === 0) log.info('no ADS stream, trying again', fields)
    else log.debug('no ADS stream, trying again', fields)
    const cancel = clock.after(backoffDelayMs(BACKOFF, attempt, random), () => this.#connect(attempt + 1))
    this.#become({ kind: 'backing-off', why, cancel })
  }

  #become(state: ProxyState): void {
    this.#state = state
    this.#options.onProgress()
  }
}

const OFFLINE = { connecting: 'is connecting', stopped: 'is not started' } as const

const NOTHING: ReadonlySet<EnvoyKind> = new Set()
