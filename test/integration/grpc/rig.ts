import { connect, createServer, type Server, type Socket } from 'node:net'
import { systemClock } from '../../../src/base/clock.js'
import { GrpcClient, type GrpcClientOptions } from '../../../src/transport/grpc/client.js'
import { GrpcServer, type GrpcServerOptions } from '../../../src/transport/grpc/server.js'
import { createCa, createServerCertificate } from '../../../src/transport/tls.js'

const nowMs = systemClock.nowMs()
export const CA_NAME = 'test CA'
const CA = createCa({ name: CA_NAME, nowMs })
const SERVER_TLS = createServerCertificate({ ca: CA, nowMs })

export interface Rig {
  readonly server: GrpcServer<string>
  /** Where the relay listens. */
  readonly target: string
  /** Connected through a relay that `cut` and `freeze` act on. */
  connect(options?: Partial<GrpcClientOptions>): GrpcClient
  cut(): void
  /** Connections stay open and carry nothing any more. */
  freeze(): void
  close(): Promise<void>
}

/** A server on loopback; `register` adds its methods. The identity of a caller is its `client-id`. */
export async function startRig(
  register: (server: GrpcServer<string>) => void,
  options: { secure?: boolean; server?: Partial<GrpcServerOptions<string>> } = {},
): Promise<Rig> {
  const server = new GrpcServer<string>({
    authenticate: async (metadata) => metadata.values('client-id')[0] ?? '',
    ...(options.secure && { tls: SERVER_TLS }),
    ...options.server,
  })
  register(server)
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  const relay = new Relay(port)
  const target = `localhost:${await relay.listen()}`
  const clients: GrpcClient[] = []
  return {
    server,
    target,
    connect: (clientOptions = {}) => {
      const client = new GrpcClient({
        target,
        trust: options.secure ? { kind: 'ca', caPem: CA.certPem } : { kind: 'plaintext' },
        headers: () => ({ 'client-id': ['zone-1'] }),
        ...clientOptions,
      })
      clients.push(client)
      return client
    },
    cut: () => relay.cut(),
    freeze: () => relay.freeze(),
    close: async () => {
      for (const client of clients) client.close()
      await server.stop(1000)
      await relay.close()
    },
  }
}

class Relay {
  readonly #target: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(target: number) {
    this.#target = target
    this.#server = createServer((near) => this.#join(near, connect(this.#target, '127.0.0.1')))
  }

  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => resolve((this.#server.address() as { port: number }).port))
    })
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  freeze(): void {
    for (const socket of this.#sockets) socket.unpipe().pause()
  }

  close(): Promise<void> {
    this.cut()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #join(near: Socket, far: Socket): void {
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  }
}
