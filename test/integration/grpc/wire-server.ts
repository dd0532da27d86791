import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import type { CloseReason } from '../../../src/protocol/close-reason.js'
import type { Duplex } from '../../../src/protocol/duplex.js'
import { GrpcClient, type GrpcClientOptions } from '../../../src/transport/grpc/client.js'
import type { Method } from '../../../src/wire/method.js'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

/** Words both ways. */
export const METHOD: Method<string, never, never, string> = {
  kind: 'bidi',
  path: '/lab.Echo/Talk',
  encodeRequest: (words) => Buffer.from(words),
  decodeRequest: () => expect.fail('the client receives no request'),
  encodeResponse: () => expect.fail('the client sends no response'),
  decodeResponse: text,
}

export type Answer = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void

export interface WireServer {
  readonly port: number
  /** Of all connections that were made. */
  readonly sessions: ServerHttp2Session[]
  connect(options?: Partial<GrpcClientOptions>): GrpcClient
  close(): void
}

/** A server that does on the wire what `answer` does, and clients of it. */
export async function startWireServer(answer: Answer, settings: Settings = {}): Promise<WireServer> {
  const sessions: ServerHttp2Session[] = []
  const clients: GrpcClient[] = []
  const server = createServer({ settings })
  server.on('session', (session) => {
    sessions.push(session)
    session.on('error', () => {})
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    answer(stream, headers)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    sessions,
    connect: (options = {}) => {
      const plain = { target: `127.0.0.1:${port}`, trust: { kind: 'plaintext' }, headers: () => ({}) } as const
      const client = new GrpcClient({ ...plain, ...options })
      clients.push(client)
      return client
    },
    close: () => {
      for (const client of clients) client.close()
      for (const session of sessions) session.destroy()
      server.close()
    },
  }
}

export interface Heard {
  readonly duplex: Duplex<string, string>
  readonly messages: string[]
  readonly ends: CloseReason[]
}

/** Opens a stream and keeps what it is told. */
export function talk(client: GrpcClient, onMessage: (heard: Heard) => void = () => {}): Heard {
  const heard: Heard = { duplex: client.open(METHOD), messages: [], ends: [] }
  heard.duplex.open({
    onMessage: (message) => {
      if (heard.ends.length > 0) throw new Error('a message after the end')
      heard.messages.push(message)
      onMessage(heard)
    },
    onWritable: () => {},
    onEnd: (reason) => heard.ends.push(reason),
  })
  return heard
}

/** The headers of a gRPC response. */
export const OK = { ':status': 200, 'content-type': 'application/grpc' }

/** A message as gRPC frames it. */
export function prefixed(message: string | Buffer, compressed = false): Buffer {
  const body = Buffer.from(message)
  const prefix = Buffer.alloc(5)
  prefix.writeUInt8(compressed ? 1 : 0)
  prefix.writeUInt32BE(body.length, 1)
  return Buffer.concat([prefix, body])
}
