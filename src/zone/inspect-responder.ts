import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { CloseReason } from '../protocol/close-reason.js'
import type { Duplex } from '../protocol/duplex.js'
import type { AdminRequest, AdminResponse } from '../wire/admin-codec.js'
import type { AdminRpc } from './link-session.js'
import type { SidecarSession } from './sidecar-session.js'

export interface InspectResponderOptions {
  /** The connected sidecars by node id, `<mesh>.<name>`. */
  readonly sessions: () => ReadonlyMap<string, SidecarSession>
  readonly clock: Clock
  /** The global's limit of one message: an answer over it would cost the whole link, so it is an error instead. */
  readonly messageBytesMax: number
}

/** Kuma's zones give up after as long, and a global that waits longer would meet a late answer (kds.md trap 17). */
const ANSWER_WITHIN_MS = 10_000

/** Answers waiting to be sent on one stream; a global that asks faster than it reads loses the stream. */
const ANSWERS_QUEUED_MAX = 256

/** What the message takes besides the answer itself: an id and a few bytes of framing. */
const ENVELOPE_BYTES = 1_024

/** Asks sidecars' own admin interfaces, for the global over the admin streams and for the zone's API. */
export class InspectResponder {
  readonly #options: InspectResponderOptions

  constructor(options: InspectResponderOptions) {
    this.#options = options
  }

  /** Serves one of the zone's three admin streams: each request on its own, an error is an answer too. */
  serve(rpc: AdminRpc, duplex: Duplex<AdminResponse, AdminRequest>, onEnd: (reason: CloseReason) => void): void {
    const queue: AdminResponse[] = []
    const pump = () => {
      if (!duplex.writable) return
      const next = queue.shift()
      if (next) duplex.send(next)
    }
    duplex.open({
      onMessage: (request) => {
        void this.#answer(rpc, request).then((answer) => {
          queue.push(answer)
          if (queue.length > ANSWERS_QUEUED_MAX) duplex.abort({ kind: 'not-writable', detail: 'answers are not read' })
          else pump()
        })
      },
      onWritable: pump,
      onEnd: (reason) => {
        queue.length = 0
        onEnd(reason)
      },
    })
  }

  /**
   * What the sidecar's admin interface says at `path`. Throws `zone-offline` when the sidecar is not connected or told
   * no admin port, `unavailable` when it does not answer.
   */
  async fetch(mesh: string, name: string, path: string): Promise<Buffer> {
    const session = this.#options.sessions().get(`${mesh}.${name}`)
    if (!session) throw new AppError('zone-offline', `Dataplane ${mesh}.${name} is not connected to this zone`)
    const { adminAddress, adminPort } = session.node
    if (adminPort === undefined) throw new AppError('zone-offline', `Dataplane ${mesh}.${name} told no admin port`)
    const abort = new AbortController()
    const cancel = this.#options.clock.after(ANSWER_WITHIN_MS, () => abort.abort())
    try {
      const answer = await fetch(`http://${adminAddress}:${adminPort}${path}`, { signal: abort.signal })
      if (!answer.ok) throw new AppError('unavailable', `the sidecar answered ${answer.status} to ${path}`)
      return Buffer.from(await answer.arrayBuffer())
    } catch (thrown) {
      if (thrown instanceof AppError) throw thrown
      throw new AppError('unavailable', `the admin interface of ${mesh}.${name} does not answer`, { cause: thrown })
    } finally {
      cancel()
    }
  }

  async #answer(rpc: AdminRpc, request: AdminRequest): Promise<AdminResponse> {
    const { requestId, resourceMesh, resourceName } = request
    try {
      const body = await this.fetch(resourceMesh, resourceName, adminPath(rpc, request))
      const limit = this.#options.messageBytesMax - ENVELOPE_BYTES
      if (body.length > limit) throw new AppError('too-large', `the answer takes ${body.length} bytes, over ${limit}`)
      return { requestId, error: undefined, body }
    } catch (thrown) {
      return { requestId, error: AppError.from(thrown).message, body: new Uint8Array(0) }
    }
  }
}

/** The admin interface's own paths (https://www.envoyproxy.io/docs/envoy/latest/operations/admin). */
export function adminPath(rpc: AdminRpc, { includeEds, format, usedOnly }: Partial<AdminRequest>): string {
  switch (rpc) {
    case 'StreamXDSConfigs':
      return `/config_dump${includeEds ? '?include_eds' : ''}`
    case 'StreamStats':
      return `/stats${query([usedOnly && 'usedonly', format === 'json' && 'format=json'])}`
    case 'StreamClusters':
      return `/clusters${query([format === 'json' && 'format=json'])}`
  }
}

function query(parts: readonly (string | false | undefined)[]): string {
  const given = parts.filter((part) => part)
  return given.length === 0 ? '' : `?${given.join('&')}`
}
