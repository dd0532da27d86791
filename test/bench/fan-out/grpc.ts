import { toBinary } from '@bufbuild/protobuf'
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js'
import { decodeDeltaRequest } from '../../../src/wire/delta-codec.js'
import {
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
} from '../../../src/wire/generated/envoy/service/discovery/v3/discovery_pb.js'
import { KDS } from '../../../src/wire/kds-service.js'
import { response, sharedMessage } from './message.js'
import type { Sender } from './sender.js'

/** grpc-js alone: an encoded message through an identity serializer; answers arrive as bytes and are dropped. */
export function identitySender(): Promise<Sender> {
  return grpcSender<Buffer, Buffer>({
    serialize: (bytes) => bytes,
    deserialize: (bytes) => bytes,
    forAll: sharedMessage,
  })
}

/** grpc-js as it is commonly used: each stream's message is mapped, hashed and encoded for itself; answers are decoded. */
export function stockSender(): Promise<Sender> {
  return grpcSender<DeltaDiscoveryResponse, unknown>({
    serialize: (message) => Buffer.from(toBinary(DeltaDiscoveryResponseSchema, message)),
    deserialize: decodeDeltaRequest,
    forEach: response,
  })
}

interface Codec<Out, In> {
  readonly serialize: (message: Out) => Buffer
  readonly deserialize: (bytes: Buffer) => In
  readonly forAll?: (size: number, version: number) => Out
  readonly forEach?: (size: number, version: number) => Out
}

async function grpcSender<Out, In>({ serialize, deserialize, forAll, forEach }: Codec<Out, In>): Promise<Sender> {
  const streams = new Set<ServerDuplexStream<In, Out>>()
  const server = new Server({ 'grpc.enable_channelz': 0 })
  const sender = {
    port: 0,
    answers: 0,
    onAnswer: () => {},
    get streams() {
      return streams.size
    },
    send(size: number, version: number) {
      const shared = forAll?.(size, version)
      for (const stream of streams) stream.write((shared ?? forEach?.(size, version)) as Out)
    },
  }
  const onCall = (stream: ServerDuplexStream<In, Out>) => {
    stream.on('data', () => {
      if (!streams.has(stream)) {
        streams.add(stream)
        return
      }
      sender.answers += 1
      sender.onAnswer()
    })
    stream.on('error', () => {})
    stream.on('close', () => streams.delete(stream))
  }
  server.register(KDS.GlobalToZoneSync.path, onCall, serialize, deserialize, 'bidi')
  sender.port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    )
  })
  return sender
}
