import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { CloseReason } from '../protocol/close-reason.js'
import type { Duplex } from '../protocol/duplex.js'
import type { DeltaRequest } from '../protocol/messages.js'
import type { LinkFault, LinkFaultKind } from '../sync/link-fault.js'
import { shortNode } from '../sync/sync-node.js'
import { FaultyDuplex, type StreamFaults } from './faulty-duplex.js'
import type { GlobalConnection } from './link-session.js'

export interface LinkFaultsOptions {
  readonly zone: string
  readonly clock: Clock
  /** A message of so many bytes is over the limit of whoever gets it. */
  readonly oversizeBytes: number
}

/** Dials; `expiredToken` is to be used instead of the zone's own. */
export type Connect = (expiredToken: string | undefined) => GlobalConnection

interface Active {
  readonly fault: LinkFault
  readonly endsMs: number
  readonly cancel: Cancel
}

/** Faults after which the stream has lost messages, so that it cannot go on: the zone dials anew. */
const LOSES_MESSAGES: readonly LinkFaultKind[] = ['half-open', 'silent-stream']
/** Faults that begin with the end of the connection. */
const DROPS: readonly LinkFaultKind[] = ['disconnect', 'token-expire-now']

const SLOW_READ_MS = 1_000
/** How soon a second control plane of the same name is back when it has been superseded. */
const RIVAL_RETURNS_MS = 1_000

/** The faults of one zone's link, which take hold of every connection that the zone makes through them. */
export class LinkFaults {
  readonly #options: LinkFaultsOptions
  readonly #active = new Map<string, Active>()
  #connect: Connect | undefined
  #current: { readonly connection: GlobalConnection; readonly streams: Set<Duplex<never, never>> } | undefined
  #oversized: (() => void) | undefined
  #rival: GlobalConnection | undefined
  #cancelRival: Cancel = () => {}

  constructor(options: LinkFaultsOptions) {
    this.#options = options
  }

  /** Without the tokens that some of them hold. */
  get active(): readonly { readonly id: string; readonly kind: LinkFaultKind; readonly leftMs: number }[] {
    const nowMs = this.#options.clock.monotonicMs()
    return [...this.#active.values()].map(({ fault: { id, kind }, endsMs }) => ({ id, kind, leftMs: endsMs - nowMs }))
  }

  /** Takes effect at once and reverts by itself. One of the same id takes the place of the first. */
  add(fault: LinkFault): void {
    this.remove(fault.id)
    const { clock } = this.#options
    const cancel = clock.after(fault.durationMs, () => this.remove(fault.id))
    this.#active.set(fault.id, { fault, cancel, endsMs: clock.monotonicMs() + fault.durationMs })
    if (DROPS.includes(fault.kind)) this.#drop(`the fault ${fault.kind}`)
    if (fault.kind === 'oversize') this.#oversized?.()
    if (fault.kind === 'duplicate-client-id') this.#openRival()
  }

  /** Nothing to do for one that is over. */
  remove(id: string): void {
    const active = this.#active.get(id)
    if (!active) return
    active.cancel()
    this.#active.delete(id)
    const { kind } = active.fault
    if (LOSES_MESSAGES.includes(kind)) this.#drop(`the end of the fault ${kind}`)
    if (kind === 'duplicate-client-id' && !this.#has(kind)) this.#closeRival()
  }

  /** Ends every fault; nothing is put on the link any more. */
  stop(): void {
    for (const { cancel } of this.#active.values()) cancel()
    this.#active.clear()
    this.#closeRival()
  }

  /** Dials through the faults. Throws `unavailable` while the link is cut. */
  connect(connect: Connect): GlobalConnection {
    this.#connect = connect
    if (this.#has('disconnect'))
      throw new AppError('unavailable', 'the fault disconnect keeps the zone from its global')
    const expiring = [...this.#active.values()].find(({ fault }) => fault.kind === 'token-expire-now')
    const connection = connect(expiring?.fault.expiredToken)
    const streams = new Set<Duplex<never, never>>()
    this.#current = { connection, streams }
    return this.#faulty(connection, streams)
  }

  #faulty(connection: GlobalConnection, streams: Set<Duplex<never, never>>): GlobalConnection {
    const through = <Out, In>(inner: Duplex<Out, In>, faults: Partial<StreamFaults<Out>>): Duplex<Out, In> => {
      const halfOpen = () => this.#has('half-open')
      const none: StreamFaults<Out> = { deaf: halfOpen, mute: halfOpen, readEveryMs: () => 0, changed: (out) => out }
      streams.add(inner)
      return new FaultyDuplex(inner, { ...none, ...faults }, this.#options.clock)
    }
    return {
      globalToZone: () =>
        through(connection.globalToZone(), {
          deaf: () => this.#has('half-open') || this.#has('silent-stream'),
          readEveryMs: () => (this.#has('slow-reader') ? SLOW_READ_MS : 0),
          changed: (request) => (this.#has('nack') ? refused(request) : request),
        }),
      zoneToGlobal: () => through(connection.zoneToGlobal(), {}),
      admin: (rpc) => {
        const inner = connection.admin(rpc)
        if (rpc === 'StreamStats') {
          this.#oversized = () => {
            const body = Buffer.alloc(this.#options.oversizeBytes)
            if (inner.writable) inner.send({ requestId: 'oversize', error: undefined, body })
          }
        }
        return through(inner, {})
      },
      healthCheck: () => (this.#has('half-open') ? new Promise(() => {}) : connection.healthCheck()),
      close: () => {
        if (this.#current?.connection === connection) this.#current = undefined
        connection.close()
      },
    }
  }

  #has(kind: LinkFaultKind): boolean {
    return [...this.#active.values()].some(({ fault }) => fault.kind === kind)
  }

  #drop(why: string): void {
    const reason: CloseReason = { kind: 'peer-lost', detail: why }
    const streams = this.#current?.streams ?? []
    this.#current = undefined
    for (const stream of streams) stream.abort(reason)
  }

  /** A second control plane of the same name: it opens the stream downward alone, so that nothing of the zone's is deleted. */
  #openRival(): void {
    this.#closeRival()
    if (!this.#connect || !this.#has('duplicate-client-id')) return
    const rival = this.#connect(undefined)
    this.#rival = rival
    const duplex = rival.globalToZone()
    duplex.open({
      onMessage: () => {},
      onWritable: () => {},
      onEnd: () => {
        if (this.#rival !== rival) return
        this.#cancelRival = this.#options.clock.after(RIVAL_RETURNS_MS, () => this.#openRival())
      },
    })
    duplex.send(firstRequest(this.#options.zone))
  }

  #closeRival(): void {
    this.#cancelRival()
    const rival = this.#rival
    this.#rival = undefined
    rival?.close()
  }
}

/** An answer that says that nothing of the response could be used; what is no answer stays as it is. */
function refused(request: DeltaRequest): DeltaRequest {
  if (request.nonce === '' || request.error !== undefined) return request
  return { ...request, error: 'refused by the fault nack' }
}

function firstRequest(zone: string): DeltaRequest {
  const node = shortNode(zone)
  return {
    type: 'Mesh',
    nonce: '',
    subscribe: ['*'],
    unsubscribe: [],
    initialVersions: new Map(),
    error: undefined,
    node,
  }
}
