import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GrpcClient } from '../../../src/transport/grpc/client.js'
import { ENVOY_TYPE_URL } from '../../../src/wire/envoy-codec.js'
import { DeltaAggregatedResources } from '../../../src/wire/xds-service.js'

/** A sidecar that is connected to its zone and whose admin interface answers everything with its canary. */
export class Sidecar {
  readonly #admin: Server
  readonly #client: GrpcClient
  #heard = ''

  private constructor(xdsPort: number, name: string, admin: Server) {
    this.#admin = admin
    const target = `127.0.0.1:${xdsPort}`
    this.#client = new GrpcClient({ target, trust: { kind: 'skip-verify' }, headers: () => ({}) })
    const stream = this.#client.open(DeltaAggregatedResources)
    stream.open({ onMessage: (message) => this.#hear(message), onWritable: () => {}, onEnd: () => {} })
    const { port } = admin.address() as AddressInfo
    stream.send({
      ...{ type: ENVOY_TYPE_URL.cluster, nonce: '', subscribe: ['*'], unsubscribe: [], error: undefined },
      initialVersions: new Map(),
      node: { id: `default.${name}`, metadata: { 'dataplane.admin.port': String(port) } },
    })
  }

  static async start(xdsPort: number, name: string, canary: string): Promise<Sidecar> {
    const admin = createServer((request, response) => {
      response.end(JSON.stringify({ asked: request.url, canary }))
    })
    await new Promise<void>((resolve) => admin.listen(0, '127.0.0.1', resolve))
    return new Sidecar(xdsPort, name, admin)
  }

  /** What its zone has sent it. */
  get heard(): string {
    return this.#heard
  }

  #hear(message: object): void {
    this.#heard += JSON.stringify(message, function (this: Record<string, unknown>, key, value) {
      // A Buffer would have become numbers by now.
      const kept = this[key]
      return kept instanceof Uint8Array ? Buffer.from(kept).toString('latin1') : value
    })
  }

  async stop(): Promise<void> {
    this.#client.close()
    await new Promise((resolve) => {
      this.#admin.close(resolve)
      this.#admin.closeAllConnections()
    })
  }
}
