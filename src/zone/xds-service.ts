import type { DataplaneAuthenticator } from '../auth/dataplane-authenticator.js'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Hops } from '../base/hops.js'
import type { Logger } from '../base/log.js'
import type { Metrics } from '../base/metrics.js'
import type { Random } from '../base/random.js'
import { DeltaMetrics } from '../insights/delta-metrics.js'
import { FlushTicks } from '../insights/flush-ticks.js'
import { LABEL, type Labels } from '../model/labels.js'
import type { ResourceDraft } from '../model/resource.js'
import type { CloseReason } from '../protocol/close-reason.js'
import type { Duplex } from '../protocol/duplex.js'
import type { DeltaRequest, EncodedResponse } from '../protocol/messages.js'
import type { TenantStore } from '../store/store.js'
import { ENVOY_TYPE_URL } from '../wire/envoy-codec.js'
import type { DataplaneLifecycle } from './dataplane-lifecycle.js'
import { firstMessage } from './first-request.js'
import { readSidecarNode, type SidecarNode } from './sidecar-node.js'
import { SidecarSession } from './sidecar-session.js'
import type { SidecarSnapshots } from './sidecar-snapshots.js'

export interface XdsServiceOptions {
  readonly store: TenantStore
  readonly snapshots: SidecarSnapshots
  readonly lifecycle: DataplaneLifecycle
  readonly authenticator: DataplaneAuthenticator
  /** The control plane at the global that this zone belongs to, as far as the zone knows. */
  readonly tenant: string
  readonly zone: string
  readonly instanceId: string
  readonly insightFlushMs: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
  readonly hops: Hops
  /** A sidecar connected, answered or went. */
  readonly onProgress: () => void
}

/** What a call carries before its first message says who is calling. */
export interface SidecarCall {
  /** All values of the `authorization` header. */
  readonly authorization: readonly string[]
}

/** Serves sidecars: incremental ADS. A stream is served after its first request has proved whose it is. */
export class XdsService {
  readonly #options: XdsServiceOptions
  readonly #metrics: DeltaMetrics
  readonly #sessions = new Map<string, SidecarSession>()
  readonly #flushes: FlushTicks
  #stopped = false

  constructor(options: XdsServiceOptions) {
    this.#options = options
    this.#metrics = new DeltaMetrics(options, 'xds', Object.values(ENVOY_TYPE_URL))
    this.#flushes = new FlushTicks(options.clock, options.random, options.insightFlushMs)
  }

  /** By node id, `<mesh>.<name>`. */
  get sessions(): ReadonlyMap<string, SidecarSession> {
    return this.#sessions
  }

  async serve(call: SidecarCall, stream: Duplex<EncodedResponse, DeltaRequest>): Promise<void> {
    const first = await firstMessage(stream, this.#options.clock)
    if (!('message' in first)) return
    try {
      const node = readSidecarNode(first.message.node)
      const draft = await this.#admit(call, node)
      this.#open(node, draft, first.duplex)
    } catch (thrown) {
      stream.end(refusal(AppError.from(thrown)))
    }
  }

  /** Resolves when the insights are closed: for a sidecar that takes no message, not before the transport has let go of it. */
  async stop(): Promise<void> {
    this.#stopped = true
    const sessions = [...this.#sessions.values()]
    for (const session of sessions) session.end(STOPPING)
    await Promise.all(sessions.map((session) => session.closed))
  }

  /** The Dataplane that the sidecar is, brought along or there already. Nothing is made before the token is proved. */
  async #admit(
    call: SidecarCall,
    { mesh, name, resource }: SidecarNode,
  ): Promise<{ labels: Labels; brought: boolean }> {
    const { lifecycle, authenticator, store } = this.#options
    const key = { type: 'Dataplane', mesh, name } as const
    const draft: ResourceDraft | undefined = resource === undefined ? undefined : lifecycle.parse(resource, mesh, name)
    const stored = await store.get(key)
    const labels = draft?.labels ?? stored?.labels ?? {}
    await authenticator.authenticate(call.authorization, { mesh, name, labels })
    // Who may be the one that is brought may not for that replace the one that is there (dataplane.md §1.6).
    if (draft && stored) await authenticator.authenticate(call.authorization, { mesh, name, labels: stored.labels })
    if (draft) await lifecycle.arrive(draft)
    else if (!stored)
      throw new AppError('not-found', `Dataplane ${mesh}.${name} is not there and the sidecar brought none`)
    return { labels, brought: draft !== undefined }
  }

  #open(
    node: SidecarNode,
    { labels, brought }: { labels: Labels; brought: boolean },
    duplex: Duplex<EncodedResponse, DeltaRequest>,
  ): void {
    const id = `${node.mesh}.${node.name}`
    const { lifecycle } = this.#options
    const key = { type: 'Dataplane', mesh: node.mesh, name: node.name } as const
    const session: SidecarSession = new SidecarSession({
      ...this.#options,
      metrics: this.#metrics,
      untilFlushMs: () => this.#flushes.untilNextMs(),
      node,
      labels: insightLabels(labels),
      duplex,
      onEnd: () => {
        // A newer stream of the same sidecar has taken over: the Dataplane is its business now.
        if (this.#sessions.get(id) === session) {
          this.#sessions.delete(id)
          if (brought) lifecycle.leave(key)
        }
        this.#options.onProgress()
      },
    })
    const older = this.#sessions.get(id)
    this.#sessions.set(id, session)
    older?.supersede()
    // An older stream that ended while this one was being admitted has left a grace time running.
    lifecycle.stay(key)
    session.start()
    if (this.#stopped) session.end(STOPPING)
    this.#options.onProgress()
  }
}

const STOPPING: CloseReason = { kind: 'shutting-down', detail: 'the zone control plane is shutting down' }

/** What the sync name of the insight is made of must be as on its Dataplane (kds.md trap 10). */
function insightLabels(labels: Labels): Labels {
  const kept = [LABEL.mesh, LABEL.env, LABEL.zone, LABEL.origin, LABEL.displayName, LABEL.namespace]
  return Object.fromEntries(Object.entries(labels).filter(([key]) => kept.includes(key as (typeof kept)[number])))
}

function refusal(error: AppError): CloseReason {
  switch (error.code) {
    case 'unauthenticated':
    case 'permission-denied':
    case 'invalid-argument':
      return { kind: 'refused', code: error.code, detail: error.message }
    case 'invalid-resource':
      return { kind: 'refused', code: 'invalid-argument', detail: error.message }
    case 'not-found':
      return { kind: 'refused', code: 'unavailable', detail: error.message }
    default:
      return { kind: 'apply-failed', detail: error.message }
  }
}
