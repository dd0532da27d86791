import { unreachable } from '../base/assert.js'
import { type BackoffPolicy, backoffDelayMs } from '../base/backoff.js'
import type { Cancel, Clock } from '../base/clock.js'
import type { Component } from '../base/lifecycle.js'
import type { Logger } from '../base/log.js'
import type { Random } from '../base/random.js'
import { type LinkEvent, type LinkState, stepLink } from '../sync/link-state.js'
import type { LinkReports, LinkSession } from './link-session.js'

export interface GlobalLinkOptions {
  /** Opens one connection with all of its streams; it reports back by `heard` and `ended`. */
  readonly dial: (reports: LinkReports, before: Promise<void>) => LinkSession
  readonly backoff: BackoffPolicy
  /** The state may have changed. */
  readonly onChange: () => void
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Keeps the zone connected to its global: one session at a time, everything closed before anything is opened again. */
export class GlobalLink implements Component {
  readonly name = 'global-link'
  readonly #options: GlobalLinkOptions
  #state: LinkState = { kind: 'stopped' }
  #session: LinkSession | undefined
  #before: Promise<void> = Promise.resolve()
  #cancelWait: Cancel = () => {}
  #heardMs: number | undefined

  constructor(options: GlobalLinkOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    this.#step({ kind: 'start' })
  }

  /** Resolves when what the last session received is stored and its insight is closed. */
  async stop(): Promise<void> {
    this.#step({ kind: 'stop' })
    await this.#before
  }

  get state(): LinkState {
    return this.#state
  }

  /** When the global's last message came, on the monotonic clock. */
  get heardMs(): number | undefined {
    return this.#heardMs
  }

  /** The open session, for status. */
  get session(): LinkSession | undefined {
    return this.#session
  }

  #step(event: LinkEvent): void {
    const { state, effects } = stepLink(this.#state, event)
    this.#state = state
    this.#options.onChange()
    for (const effect of effects) {
      switch (effect.kind) {
        case 'dial':
          this.#dial()
          break
        case 'wait':
          this.#wait(effect.attempt)
          break
        case 'hang-up':
          this.#hangUp()
          break
        default:
          unreachable(effect)
      }
    }
  }

  #dial(): void {
    const isCurrent = () => this.#session === session
    const reports: LinkReports = {
      heard: () => {
        if (!isCurrent()) return
        this.#heardMs = this.#options.clock.monotonicMs()
        this.#step({ kind: 'heard', nowMs: this.#options.clock.nowMs() })
      },
      ended: (reason) => {
        if (!isCurrent()) return
        this.#options.log.warn('the link to the global ended', { reason: reason.kind, detail: reason.detail })
        this.#step({ kind: 'ended', reason, nowMs: this.#options.clock.nowMs() })
      },
    }
    const session = this.#options.dial(reports, this.#before)
    this.#session = session
    session.open()
  }

  #hangUp(): void {
    this.#cancelWait()
    const session = this.#session
    this.#session = undefined
    if (!session) return
    session.close()
    this.#before = session.settled()
  }

  #wait(attempt: number): void {
    const { backoff, random, clock, log } = this.#options
    const delayMs = backoffDelayMs(backoff, attempt, random)
    log.info('the global is dialled again later', { delayMs })
    this.#cancelWait = clock.after(delayMs, () => this.#step({ kind: 'backoff-over' }))
  }
}
