import { sleep } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { DeltaAggregatedResources } from '../wire/xds-service.js'
import type { Answer } from './answer.js'
import type { Bench } from './bench.js'
import type { CallDraft } from './call-draft.js'
import type { CallLane, ControlCall } from './call-lane.js'
import { XDS_DOORS, type XdsDoor } from './door.js'
import { GrpcCall } from './grpc-call.js'
import type { Http2Connection } from './http2/connection.js'
import { probe } from './probe.js'
import { restCall } from './rest-call.js'
import type { Exchange, Probe } from './result.js'
import { benchOn, type LanePorts } from './target-bench.js'
import { tokenWith } from './tokens/base-token.js'

export interface XdsLaneOptions extends LanePorts {
  /** The Dataplane that this lane may act as; made for it and removed with it. */
  readonly dataplane: string
}

const MESH = 'default'
const CLUSTERS = 'type.googleapis.com/envoy.config.cluster.v3.Cluster'
/** Kuma's xDS server ends a stream whose token does not hold with UNKNOWN; so does no stream that it serves. */
const REFUSALS: ReadonlyMap<number, Answer> = new Map<number, Answer>([[2, 'UNAUTHENTICATED']])
/** Kuma lets go of a stream that was cancelled in a moment, and says so. */
const BUSY = /already an active stream/
const BUSY_TRIES_MAX = 50
const BUSY_PAUSE_MS = 100
/**
 * `POST /bootstrap` has one status for whatever is wrong with a request that it understands. Kuma finds only when it writes
 * Envoy's configuration that no header carries such a token, and says 500.
 */
const BOOTSTRAP_REFUSALS: ReadonlyMap<number, Answer> = new Map<number, Answer>([
  [422, 'UNAUTHENTICATED'],
  [500, 'CONNECTION'],
])

/** What a zone serves sidecars, called as one Dataplane of the mesh default with a dataplane token. */
export class XdsLane implements CallLane<XdsDoor> {
  readonly bench: Bench
  readonly doors = XDS_DOORS
  readonly proving = 'DeltaAggregatedResources'
  /** There a token has to be there, and is proved at xDS. */
  readonly unguardedInKuma: ReadonlySet<XdsDoor> = new Set(['POST /bootstrap'] as const)
  readonly #options: XdsLaneOptions
  #connection: Promise<Http2Connection> | undefined
  #made: Promise<void> | undefined

  constructor(options: XdsLaneOptions) {
    this.#options = options
    this.bench = benchOf(options)
  }

  async trial(door: XdsDoor, draft: CallDraft): Promise<{ exchange: Exchange; rawText: string }> {
    await this.#dataplane()
    if (door === 'POST /bootstrap') return this.#bootstrap(draft)
    const { clock } = this.#options.target
    let tried = await this.#stream(draft)
    for (let again = 0; again < BUSY_TRIES_MAX && BUSY.test(tried.rawText); again++) {
      await sleep(clock, BUSY_PAUSE_MS)
      tried = await this.#stream(draft)
    }
    return tried
  }

  /** Not kept open: Kuma has one stream for each Dataplane. */
  async control(door: XdsDoor): Promise<ControlCall> {
    const { exchange } = await this.trial(door, await this.bench.legalCall())
    return { isSession: false, alive: false, opening: exchange, exchange, close: () => {} }
  }

  async probe(): Promise<Exchange> {
    return (await this.trial('POST /bootstrap', await this.bench.legalCall())).exchange
  }

  async traces(rawText: string): Promise<readonly Probe[]> {
    const silent = probe('no configuration was given out', !rawText.includes('dynamic_resources'))
    return [silent, ...this.#options.perch.probes()]
  }

  async close(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined)
    connection?.close()
    const isMade = await this.#made?.then(
      () => true,
      () => false,
    )
    if (isMade) await this.#options.target.api?.delete(this.#path)
  }

  get #path(): string {
    return `/meshes/${MESH}/dataplanes/${this.#options.dataplane}`
  }

  /** A sidecar is served as a Dataplane that is there. */
  #dataplane(): Promise<void> {
    this.#made ??= this.#make()
    return this.#made
  }

  async #make(): Promise<void> {
    const { api } = this.#options.target
    if (api === undefined) throw new AppError('invalid-argument', 'this zone has no API; give --api')
    const inbound = [{ port: 18_080, servicePort: 18_081, tags: { 'kuma.io/service': 'zonelab-conformance' } }]
    const name = this.#options.dataplane
    try {
      await api.put(this.#path, { type: 'Dataplane', mesh: MESH, name, networking: { address: '127.0.0.1', inbound } })
    } catch (thrown) {
      const error = AppError.from(thrown)
      throw new AppError(error.code, `no Dataplane can be made; is --api the zone's? ${error.message}`)
    }
  }

  async #bootstrap({ fields }: CallDraft): Promise<{ exchange: Exchange; rawText: string }> {
    const { target, dataplane, deadlineMs, pace } = this.#options
    await pace()
    const [, token = ''] = fields.find(([name]) => name === 'authorization') ?? []
    const body = { mesh: MESH, name: dataplane, proxyType: 'dataplane', dataplaneToken: token.toString() }
    const { exchange, rawText } = await restCall({
      api: target.bootstrapEndpoint,
      method: 'POST',
      path: '/bootstrap',
      body,
      fields: [],
      refusals: BOOTSTRAP_REFUSALS,
      clock: target.clock,
      deadlineMs,
    })
    return { exchange, rawText }
  }

  async #stream(draft: CallDraft): Promise<{ exchange: Exchange; rawText: string }> {
    const connection = await this.#openConnection()
    const { target, dataplane, deadlineMs, pace } = this.#options
    await pace()
    const { address, trust } = target.endpoint
    const call = new GrpcCall(connection, {
      path: DeltaAggregatedResources.path,
      isSession: true,
      isAnswered: true,
      first: DeltaAggregatedResources.encodeRequest({
        type: CLUSTERS,
        nonce: '',
        subscribe: ['*'],
        unsubscribe: [],
        initialVersions: new Map(),
        error: undefined,
        node: { id: `${MESH}.${dataplane}`, cluster: dataplane, metadata: { 'dataplane.proxyType': 'dataplane' } },
      }),
      refusals: REFUSALS,
      draft,
      authority: address,
      scheme: trust.kind === 'plaintext' ? 'http' : 'https',
      clock: target.clock,
      deadlineMs,
    })
    const { trailersOnly: _headersAnyway, ...exchange } = await call.settled(async () => {})
    call.close()
    if (exchange.answer === 'CONNECTION') connection.close()
    const silent = exchange.status !== undefined && { trailersOnly: call.received.length === 0 }
    return { exchange: { ...exchange, ...silent }, rawText: call.rawText }
  }

  async #openConnection(): Promise<Http2Connection> {
    const there = await this.#connection?.catch(() => undefined)
    if (there?.open) return there
    this.#connection = this.#options.target.connect()
    return this.#connection
  }
}

function benchOf({ dataplane, ...ports }: XdsLaneOptions): Bench {
  const { target } = ports
  return benchOn(ports, {
    zone: dataplane,
    claims: { Name: dataplane, Mesh: MESH, Tags: {}, Type: 'dataplane', Workload: '' },
    fields: (credential) => (credential === undefined ? [] : [['authorization', credential]]),
    async legalToken(bench) {
      if (target.signing !== undefined) return tokenWith(bench, {})
      const { api } = target
      if (api !== undefined) {
        return api.issue('/tokens/dataplane', { name: dataplane, mesh: MESH, type: 'dataplane', validFor: '1h' })
      }
      throw new AppError('invalid-argument', 'there is no way to a legal token; give --api or --signing-key')
    },
  })
}
