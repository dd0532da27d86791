import { systemClock } from '../../../src/base/clock.js'
import { makeBeforeBreak } from '../../../src/protocol/order.js'
import { Publisher } from '../../../src/protocol/publisher.js'
import { SharedResponses } from '../../../src/protocol/shared-responses.js'
import { type Snapshot, SnapshotSource } from '../../../src/protocol/snapshot-source.js'
import { GrpcServer } from '../../../src/transport/grpc/server.js'
import { encodeDeltaResponse, type WireNode } from '../../../src/wire/delta-codec.js'
import { ENVOY_TYPE_URL } from '../../../src/wire/envoy-codec.js'
import { DeltaAggregatedResources } from '../../../src/wire/xds-service.js'

const ORDER = makeBeforeBreak({
  clusters: ENVOY_TYPE_URL.cluster,
  endpoints: ENVOY_TYPE_URL.endpoint,
  listeners: ENVOY_TYPE_URL.listener,
  routes: 'routes are inline',
})

/** What one sidecar did, over all of its streams to one server. */
export interface SeenSidecar {
  node: WireNode
  token: string
  /** Resources sent, `type name version` each. */
  readonly sent: string[]
  readonly refusals: string[]
}

/** The xDS of a zone, as small as it can be: our publisher over one snapshot for all. */
export class AdsServer {
  readonly seen = new Map<string, SeenSidecar>()
  readonly #server: GrpcServer<string>
  readonly #sources = new Set<SnapshotSource>()
  #snapshot: Snapshot
  #streams = 0

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot
    this.#server = new GrpcServer<string>({
      authenticate: async (metadata) => metadata.values('authorization')[0] ?? '',
    })
    this.#server.stream(DeltaAggregatedResources, (token, duplex) => {
      this.#streams += 1
      const responses = new SharedResponses((type, nonce, resources, removed) =>
        encodeDeltaResponse({ type, nonce, resources, removed, controlPlane: 'test' }),
      )
      const source = new SnapshotSource({ responses })
      source.replace(this.#snapshot)
      this.#sources.add(source)
      let sidecar: SeenSidecar | undefined
      const publisher = new Publisher({
        duplex,
        source,
        clock: systemClock,
        order: ORDER,
        observer: {
          onRequest: (_type, node) => {
            sidecar ??= this.#sidecar(node as WireNode, token)
          },
          onSent: (type, { entries }) => {
            for (const { name, version } of entries) sidecar?.sent.push(`${type} ${name} ${version}`)
          },
          onAnswered: (_type, _batch, error) => {
            if (error !== undefined) sidecar?.refusals.push(error)
          },
          onEnd: () => this.#sources.delete(source),
        },
      })
      publisher.start()
    })
  }

  get streams(): number {
    return this.#streams
  }

  async listen(port = 0): Promise<number> {
    return (await this.#server.listen({ host: '127.0.0.1', port })).port
  }

  replace(snapshot: Snapshot): void {
    this.#snapshot = snapshot
    for (const source of this.#sources) source.replace(snapshot)
  }

  stop(): Promise<void> {
    return this.#server.stop(1_000)
  }

  #sidecar(node: WireNode, token: string): SeenSidecar {
    const sidecar = this.seen.get(node.id) ?? { node, token, sent: [], refusals: [] }
    sidecar.node = node
    sidecar.token = token
    this.seen.set(node.id, sidecar)
    return sidecar
  }
}
