import type { Cancel, Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { CloseReason } from '../protocol/close-reason.js'
import type { Duplex } from '../protocol/duplex.js'
import type { Source } from '../protocol/ports.js'
import { Publisher } from '../protocol/publisher.js'
import { Subscriber } from '../protocol/subscriber.js'
import type { AdminRequest, AdminResponse } from '../wire/admin-codec.js'
import { ADMIN_RPCS, type GlobalConnection } from '../zone/link-session.js'
import type { ZoneRelease } from './release.js'
import type { ZoneSink } from './zone-sink.js'

export interface LightSessionOptions {
  readonly connection: GlobalConnection
  readonly zone: string
  readonly instanceId: string
  readonly release: ZoneRelease
  /** Says what is held when it asks. */
  readonly resume: boolean
  readonly sink: ZoneSink
  /** What the zone sends up. */
  readonly source: Source
  readonly clock: Clock
  /** Once; any end of a stream is the end of the session, as Kuma has it (kds.md §1.6). */
  readonly onEnd: (reason: CloseReason) => void
}

/** Until the global says otherwise (kds.md §1.6). */
const HEALTH_CHECK_INTERVAL_MS = 5 * 60_000
/** Codes after which an admin stream stays closed and the rest goes on. */
const TOLERATED_ADMIN_ENDS = [1, 12]
/** Kuma's globals read the store's type out of it (kds.md trap 23). */
const ZONE_CONFIG = '{"store":{"type":"memory"}}'

/** One life of a light zone's link: all six RPCs on one connection. */
export class LightSession {
  readonly #options: LightSessionOptions
  readonly #subscriber: Subscriber<Uint8Array>
  readonly #publisher: Publisher
  #cancelHealthCheck: Cancel = () => {}
  #over = false

  constructor(options: LightSessionOptions) {
    this.#options = options
    const { connection, zone, instanceId, release, resume, sink, source, clock } = options
    const onEnd = (reason: CloseReason) => this.#ended(reason)
    sink.reopen(release.asks)
    this.#subscriber = new Subscriber({
      duplex: connection.globalToZone(),
      sink,
      clock,
      asks: release.asks.map((type) => ({
        type,
        subscribe: ['*'],
        ...(resume && { initialVersions: sink.versions(type) }),
      })),
      node: { id: zone, metadata: metadataOf(release, instanceId) },
      nodeShort: { id: zone },
      nackRepeatsWildcard: true,
      observer: { onEnd },
    })
    this.#publisher = new Publisher({
      duplex: connection.zoneToGlobal(),
      source,
      clock,
      observer: { onEnd },
    })
  }

  start(): void {
    const { connection } = this.#options
    this.#publisher.start()
    this.#subscriber.start()
    for (const rpc of ADMIN_RPCS) this.#answerAdmin(connection.admin(rpc))
    this.#healthCheck()
  }

  close(): void {
    this.#over = true
    this.#cancelHealthCheck()
    const reason: CloseReason = { kind: 'shutting-down', detail: 'the zone hangs up' }
    this.#subscriber.end(reason)
    this.#publisher.end(reason)
    this.#options.sink.stop()
    this.#options.connection.close()
  }

  /** No Envoy runs behind a light zone, and it says so. */
  #answerAdmin(duplex: Duplex<AdminResponse, AdminRequest>): void {
    const due: AdminResponse[] = []
    const pump = () => {
      const next = duplex.writable ? due.shift() : undefined
      if (next) duplex.send(next)
    }
    duplex.open({
      onMessage: ({ requestId }) => {
        due.push({ requestId, error: 'a simulated zone runs no proxies', body: Buffer.alloc(0) })
        pump()
      },
      onWritable: pump,
      onEnd: (reason) => {
        const tolerated = reason.kind === 'peer-ended' && TOLERATED_ADMIN_ENDS.includes(reason.status)
        if (!tolerated) this.#ended(reason)
      },
    })
  }

  #healthCheck(): void {
    const { connection, clock } = this.#options
    connection.healthCheck().then(
      (intervalMs) => {
        if (this.#over) return
        this.#cancelHealthCheck = clock.after(intervalMs || HEALTH_CHECK_INTERVAL_MS, () => this.#healthCheck())
      },
      (thrown: unknown) => {
        const { code, message } = AppError.from(thrown)
        if (code !== 'unimplemented') this.#ended({ kind: 'peer-lost', detail: `health check: ${message}` })
      },
    )
  }

  #ended(reason: CloseReason): void {
    if (this.#over) return
    this.close()
    this.#options.onEnd(reason)
  }
}

function metadataOf({ version, nodeFeatures }: ZoneRelease, instanceId: string): object {
  const kumaCp = { version, gitTag: `v${version}`, gitCommit: 'zonelab', buildDate: 'unknown' }
  return { version: { kumaCp }, config: ZONE_CONFIG, 'control-plane-id': instanceId, features: nodeFeatures }
}
