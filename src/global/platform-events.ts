import type { AdmissionTable } from '../auth/admission-table.js'
import type { PeerIdentity, ZoneRefused } from '../auth/zone-authenticator.js'
import type { ZoneCall } from '../auth/zone-call.js'
import { type BackoffPolicy, backoffDelayMs } from '../base/backoff.js'
import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Component } from '../base/lifecycle.js'
import type { Logger } from '../base/log.js'
import type { Random } from '../base/random.js'
import type { TenantId } from '../model/tenant.js'
import type { Commit } from '../store/store.js'
import { type AdmissionEvent, EVENTS_MAX, encodeEvents } from '../wire/admission-events.js'
import { askPlatform, type PlatformTarget } from './platform-target.js'

export interface PlatformEventsOptions {
  readonly target: PlatformTarget
  readonly table: AdmissionTable
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

const BACKOFF: BackoffPolicy = { baseMs: 200, capMs: 10_000, jitter: 0.5 }
const ANSWER_WITHIN_MS = 10_000
/** The same news of the same token or zone is told once in so long. */
const REPEAT_AFTER_MS = 60_000
/** What a platform that is away may miss of uses and refusals; that a zone came or went is kept longer. */
const NOTES_WAITING_MAX = 1_000
const WAITING_MAX = 100_000
const TOLD_MAX = 10_000

/** Tells the platform what its tokens are used for and which zones come and go, in order, until it has taken it. */
export class PlatformEvents implements Component {
  readonly name = 'platform-events'
  readonly #options: PlatformEventsOptions
  readonly #waiting: AdmissionEvent[] = []
  readonly #toldMs = new Map<string, number>()
  #sending = false
  #attempt = 0
  #stopped = false
  #cancelRetry: Cancel = () => {}

  constructor(options: PlatformEventsOptions) {
    this.#options = options
  }

  async start(): Promise<void> {}

  /** What waits is offered once more. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelRetry()
    if (this.#waiting.length === 0 || this.#sending) return
    await this.#post(this.#waiting.slice(0, EVENTS_MAX), LAST_WORD_WITHIN_MS).catch(() => {})
  }

  onAdmitted({ tenant, zone, credential }: PeerIdentity): void {
    if (credential.kind !== 'access-token' || !this.#isNews(`used/${credential.tokenId}`)) return
    this.#add({ kind: 'token-used', ...this.#about(tenant, zone), tokenId: credential.tokenId })
  }

  onRefused({ tenant, zone }: ZoneCall, { reason, tokenId }: ZoneRefused): void {
    // Of a control plane that the platform does not know there is nobody to tell.
    if (!this.#options.table.controlPlane(tenant)) return
    if (!this.#isNews(`refused/${tenant}/${zone}/${reason}/${tokenId ?? ''}`)) return
    this.#add({ kind: 'zone-refused', ...this.#about(tenant, zone), reason, ...(tokenId !== undefined && { tokenId }) })
  }

  onCommit(tenant: TenantId, { changes }: Commit): void {
    for (const { key, before, after } of changes) {
      if (key.type !== 'Zone') continue
      if (!before && after) this.#add({ kind: 'zone-created', ...this.#about(tenant, key.name) })
      if (before && !after) this.#add({ kind: 'zone-deleted', ...this.#about(tenant, key.name) })
    }
  }

  #about(controlPlane: TenantId, zone: string) {
    return { id: this.#options.random.uuid(), controlPlane, zone, atMs: this.#options.clock.nowMs() }
  }

  #isNews(what: string): boolean {
    const nowMs = this.#options.clock.monotonicMs()
    const toldMs = this.#toldMs.get(what)
    if (toldMs !== undefined && nowMs - toldMs < REPEAT_AFTER_MS) return false
    this.#toldMs.delete(what)
    this.#toldMs.set(what, nowMs)
    if (this.#toldMs.size > TOLD_MAX) this.#toldMs.delete(this.#toldMs.keys().next().value ?? '')
    return true
  }

  #add(event: AdmissionEvent): void {
    const isNote = event.kind === 'token-used' || event.kind === 'zone-refused'
    if (this.#waiting.length >= (isNote ? NOTES_WAITING_MAX : WAITING_MAX)) {
      this.#options.log.warn('the platform is away and will not hear of an event', {
        kind: event.kind,
        zone: event.zone,
      })
      return
    }
    this.#waiting.push(event)
    // Together with what else happens in this turn.
    queueMicrotask(() => this.#send())
  }

  #send(): void {
    if (this.#sending || this.#stopped || this.#waiting.length === 0) return
    this.#sending = true
    const batch = this.#waiting.slice(0, EVENTS_MAX)
    this.#post(batch, ANSWER_WITHIN_MS).then(
      () => {
        this.#waiting.splice(0, batch.length)
        this.#attempt = 0
        this.#sending = false
        this.#send()
      },
      (thrown: unknown) => this.#later(AppError.from(thrown)),
    )
  }

  #later(error: AppError): void {
    const { clock, random, log } = this.#options
    const delayMs = backoffDelayMs(BACKOFF, this.#attempt, random)
    if (this.#attempt === 0) log.warn('the platform does not take events now', { why: error.message })
    this.#attempt += 1
    this.#cancelRetry = clock.after(delayMs, () => {
      this.#sending = false
      this.#send()
    })
  }

  #post(events: readonly AdmissionEvent[], withinMs: number): Promise<void> {
    const { target, clock } = this.#options
    return new Promise((resolve, reject) => {
      const request = askPlatform(target, 'POST', '/events', (response) => {
        cancel()
        response.resume()
        const { statusCode = 0 } = response
        // What it will never take is not offered for ever.
        if (statusCode < 300 || statusCode === 400) resolve()
        else reject(new AppError('unavailable', `it answered with status ${statusCode}`))
      })
      const cancel = clock.after(withinMs, () => request.destroy(new Error(`no answer in ${withinMs} ms`)))
      request.on('error', (cause) => {
        cancel()
        reject(new AppError('unavailable', cause.message, { cause }))
      })
      request.end(encodeEvents(events))
    })
  }
}

const LAST_WORD_WITHIN_MS = 1_000
