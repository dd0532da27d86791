import { GrpcClient } from '../../../src/transport/grpc/client.js'
import type { Method } from '../../../src/wire/method.js'
import type { BrokerClients } from './broker.js'

/** Bytes as on the wire: the few fields that a watch and a put need are written by hand. */
function raw(kind: 'bidi' | 'unary', path: string): Method<Buffer, never, never, Buffer> {
  const never = (): never => {
    throw new Error('the bench is a client')
  }
  const decodeResponse = (bytes: Uint8Array) => bytes as Buffer
  return { kind, path, encodeRequest: (bytes) => bytes, decodeRequest: never, encodeResponse: never, decodeResponse }
}

const WATCH = raw('bidi', '/etcdserverpb.Watch/Watch')
const PUT = raw('unary', '/etcdserverpb.KV/Put')
const KEY = Buffer.from('change')
const PUT_WITHIN_MS = 10_000

/** Each subscriber watches one key over a connection of its own. A watch is not answered: etcd does half of the work. */
export async function etcdClients(port: number, count: number): Promise<BrokerClients> {
  let events = 0
  let onEvent = () => {}
  const open = () => new GrpcClient({ target: `127.0.0.1:${port}`, trust: { kind: 'plaintext' }, headers: () => ({}) })
  const watch = () =>
    new Promise<void>((resolve, reject) => {
      const duplex = open().open(WATCH)
      duplex.open({
        // The first message says that the watch stands.
        onMessage() {
          resolve()
          events += 1
          onEvent()
        },
        onWritable: () => {},
        onEnd: ({ detail }) => reject(new Error(detail)),
      })
      // WatchRequest.create_request (1) with WatchCreateRequest.key (1).
      duplex.send(field(1, field(1, KEY)))
    })
  await Promise.all(Array.from({ length: count }, watch))
  const writer = open()
  return {
    async round(bytes) {
      const all = events + count
      const delivered = new Promise<void>((resolve) => {
        onEvent = () => {
          if (events >= all) resolve()
        }
      })
      // PutRequest.key (1) and value (2).
      await writer.unary(PUT, Buffer.concat([field(1, KEY), field(2, Buffer.alloc(bytes, 'x'))]), PUT_WITHIN_MS)
      await delivered
    },
  }
}

/** A length-delimited field. */
function field(number: number, value: Buffer): Buffer {
  const length: number[] = []
  for (let rest = value.length; ; rest >>>= 7) {
    length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest)
    if (rest <= 0x7f) break
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), value])
}
