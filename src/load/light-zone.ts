import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Random } from '../base/random.js'
import type { CloseReason } from '../protocol/close-reason.js'
import type { Source } from '../protocol/ports.js'
import type { Connect, LinkFaults } from '../zone/link-faults.js'
import { LightSession } from './light-session.js'
import type { ZoneRelease } from './release.js'
import { type ResyncBytes, ZoneSink } from './zone-sink.js'

export interface LightZoneOptions {
  readonly zone: string
  /** Of the run. */
  readonly mesh: string
  readonly release: ZoneRelease
  readonly resume: boolean
  readonly reconnectMs: number
  readonly ackDelayMs: number
  readonly connect: Connect
  readonly faults: LinkFaults
  /** What the zone sends up. */
  readonly source: Source
  readonly clock: Clock
  readonly random: Random
  readonly events: LightZoneEvents
}

/** What a light zone tells of itself. */
export interface LightZoneEvents {
  readonly onWrite: (number: number) => void
  /** Every type that it asked for has had its first response; `afterMs` since it lost its global, undefined for the first time. */
  readonly onLive: (afterMs: number | undefined) => void
  readonly onResync: (bytes: ResyncBytes) => void
  readonly onLost: (reason: CloseReason) => void
}

/**
 *   stopped ── start ──▶ connecting ── first response of every type ──▶ live
 *                           ▲   │                                        │
 *                    wait over  └───────────────── ended ────────────────┤
 *                           └───────────────── waiting ◀─────────────────┘      any ── stop ──▶ stopped
 */
type State =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'connecting'; readonly session: LightSession; readonly due: Set<string> }
  | { readonly kind: 'live'; readonly session: LightSession }
  | { readonly kind: 'waiting'; readonly cancel: Cancel }

/** One zone control plane of many in a process: it speaks all of KDS on a connection of its own, and holds versions only. */
export class LightZone {
  readonly sink: ZoneSink
  readonly #options: LightZoneOptions
  #state: State = { kind: 'stopped' }
  #lives = 0
  #lostMs: number | undefined

  constructor(options: LightZoneOptions) {
    this.#options = options
    const { mesh, clock, ackDelayMs, events } = options
    this.sink = new ZoneSink({
      mesh,
      clock,
      ackDelayMs,
      onWrite: events.onWrite,
      onFirst: (type, bytes) => this.#answered(type, bytes),
    })
  }

  get isLive(): boolean {
    return this.#state.kind === 'live'
  }

  start(): void {
    if (this.#state.kind === 'stopped') this.#dial()
  }

  stop(): void {
    const state = this.#state
    this.#state = { kind: 'stopped' }
    this.#options.faults.stop()
    if (state.kind === 'waiting') state.cancel()
    if (state.kind === 'connecting' || state.kind === 'live') state.session.close()
  }

  #dial(): void {
    const { zone, release, resume, source, clock, faults, connect } = this.#options
    this.#lives += 1
    try {
      const session: LightSession = new LightSession({
        connection: faults.connect(connect),
        zone,
        instanceId: `${zone}-${this.#lives}`,
        release,
        resume,
        sink: this.sink,
        source,
        clock,
        onEnd: (reason) => this.#ended(session, reason),
      })
      this.#state = { kind: 'connecting', session, due: new Set(release.asks) }
      session.start()
    } catch (thrown) {
      this.#wait({ kind: 'peer-lost', detail: AppError.from(thrown).message })
    }
  }

  #answered(type: string, bytes: ResyncBytes): void {
    const state = this.#state
    if (state.kind !== 'connecting') return
    const { clock, events } = this.#options
    if (this.#lostMs !== undefined) events.onResync(bytes)
    state.due.delete(type)
    if (state.due.size > 0) return
    this.#state = { kind: 'live', session: state.session }
    events.onLive(this.#lostMs === undefined ? undefined : clock.monotonicMs() - this.#lostMs)
    this.#lostMs = undefined
  }

  #ended(session: LightSession, reason: CloseReason): void {
    const state = this.#state
    if (state.kind !== 'connecting' && state.kind !== 'live') return
    if (state.session === session) this.#wait(reason)
  }

  /** Between half and one and a half of the wait, so that zones that were lost together do not all come at once. */
  #wait(reason: CloseReason): void {
    const { clock, random, reconnectMs, events } = this.#options
    if (this.#state.kind === 'live') this.#lostMs = clock.monotonicMs()
    const cancel = clock.after(reconnectMs * (0.5 + random.next()), () => this.#dial())
    this.#state = { kind: 'waiting', cancel }
    events.onLost(reason)
  }
}
