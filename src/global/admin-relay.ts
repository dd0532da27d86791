import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Random } from '../base/random.js'
import type { TenantId } from '../model/tenant.js'
import type { Duplex } from '../protocol/duplex.js'
import type { AdminRequest, AdminResponse } from '../wire/admin-codec.js'
import type { Session, Sessions } from './sessions.js'

export type AdminRpc = 'StreamXDSConfigs' | 'StreamStats' | 'StreamClusters'

/** A zone answers within 10 s or with an error (kuma `pkg/kds/envoyadmin`); a little more, so that its word arrives. */
const ANSWER_WITHIN_MS = 12_000

/** Requests waiting on one zone stream; each is a person or a tool waiting, so more than this is a loop. */
const WAITING_MAX = 1_000

interface Waiter {
  readonly stream: AdminStream
  resolve(answer: Uint8Array): void
  reject(error: AppError): void
}

/** Another instance that may have the zone's stream; undefined when none has. */
export type AskElsewhere = (
  tenant: TenantId,
  zone: string,
  rpc: AdminRpc,
  request: Omit<AdminRequest, 'requestId'>,
) => Promise<Uint8Array | undefined>

interface AdminStream {
  readonly session: Session
  readonly duplex: Duplex<AdminRequest, AdminResponse>
  readonly queue: AdminRequest[]
}

/** Asks zones for a sidecar's config dump, stats or clusters, over the streams that the zones hold open (kds.md §6.7). */
export class AdminRelay {
  readonly #clock: Clock
  readonly #random: Random
  readonly #sessions: Sessions
  readonly #streams = new Map<Session, AdminStream>()
  readonly #waiting = new Map<string, Waiter>()
  #elsewhere: AskElsewhere | undefined

  constructor(options: { clock: Clock; random: Random; sessions: Sessions }) {
    this.#clock = options.clock
    this.#random = options.random
    this.#sessions = options.sessions
  }

  /** Serves one of a zone's three admin streams until it ends; `session` is to be opened by the caller. */
  serve(session: Session, duplex: Duplex<AdminRequest, AdminResponse>): void {
    const stream: AdminStream = { session, duplex, queue: [] }
    this.#streams.set(session, stream)
    duplex.open({
      onMessage: (answer) => this.#answered(answer),
      onWritable: () => this.#pump(stream),
      onEnd: () => {
        this.#streams.delete(session)
        this.#sessions.closed(session)
        this.#failAll(stream)
      },
    })
  }

  /** Where a question goes whose zone has no stream here. */
  forwardTo(elsewhere: AskElsewhere): void {
    this.#elsewhere = elsewhere
  }

  /** Throws `zone-offline` without a stream, `timed-out` without an answer, `unavailable` with the zone's own error text. */
  async ask(
    tenant: TenantId,
    zone: string,
    rpc: AdminRpc,
    request: Omit<AdminRequest, 'requestId'>,
  ): Promise<Uint8Array> {
    const here = this.#sessions.find(tenant, zone, rpc)
    const answer = here ? undefined : await this.#elsewhere?.(tenant, zone, rpc, request)
    return answer ?? this.askHere(tenant, zone, rpc, request)
  }

  /** As `ask`, over the streams of this process alone. */
  async askHere(
    tenant: TenantId,
    zone: string,
    rpc: AdminRpc,
    request: Omit<AdminRequest, 'requestId'>,
  ): Promise<Uint8Array> {
    const session = this.#sessions.find(tenant, zone, rpc)
    const stream = session && this.#streams.get(session)
    if (!stream) {
      throw new AppError('zone-offline', `zone ${zone} is offline or its ${rpc} stream is not connected yet`)
    }
    if (this.#waiting.size >= WAITING_MAX)
      throw new AppError('overloaded', `${WAITING_MAX} inspections are waiting already`)
    const requestId = this.#random.uuid()
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(ANSWER_WITHIN_MS, () => {
        this.#waiting.delete(requestId)
        // One that could not be sent in time is not sent at all.
        stream.queue.splice(0, stream.queue.length, ...stream.queue.filter((queued) => queued.requestId !== requestId))
        reject(new AppError('timed-out', `zone ${zone} did not answer within ${ANSWER_WITHIN_MS} ms`))
      })
      // Registered before it is sent, so that no answer can come too early (Kuma does it after; trap 17).
      this.#waiting.set(requestId, {
        stream,
        resolve: (answer) => {
          cancel()
          resolve(answer)
        },
        reject: (error) => {
          cancel()
          reject(error)
        },
      })
      stream.queue.push({ ...request, requestId })
      this.#pump(stream)
    })
  }

  #pump(stream: AdminStream): void {
    if (!stream.duplex.writable) return
    const next = stream.queue.shift()
    if (next) stream.duplex.send(next)
  }

  /** An answer that nobody waits for came late: it is dropped, where Kuma ends the stream. */
  #answered(answer: AdminResponse): void {
    const waiter = this.#waiting.get(answer.requestId)
    if (!waiter) return
    this.#waiting.delete(answer.requestId)
    if (answer.error === undefined) waiter.resolve(answer.body)
    else waiter.reject(new AppError('unavailable', answer.error))
  }

  #failAll(stream: AdminStream): void {
    for (const [id, waiter] of this.#waiting) {
      if (waiter.stream !== stream) continue
      this.#waiting.delete(id)
      waiter.reject(new AppError('zone-offline', `zone ${stream.session.zone} went offline before it answered`))
    }
  }
}
