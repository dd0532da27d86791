import { createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { framed } from '../kds/frame.js'
import { sharedMessage } from './message.js'
import type { Sender } from './sender.js'

const PING_MS = 15_000

/** What Node's HTTP/2 alone takes: one shared buffer written to every stream, frames of answers counted and dropped. */
export async function bareSender(): Promise<Sender> {
  const streams = new Set<ServerHttp2Stream>()
  const server = createServer()
  const sender = {
    port: 0,
    answers: 0,
    onAnswer: () => {},
    get streams() {
      return streams.size
    },
    send(size: number, version: number) {
      const message = framed(sharedMessage(size, version))
      for (const stream of streams) stream.write(message)
    },
  }
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true })
    stream.on('data', (chunk: Buffer) => {
      if (!streams.has(stream)) {
        streams.add(stream)
        return
      }
      // The client's frames are small and each leaves in a write of its own; one that came in parts would end the count.
      const frame = chunk.readUInt32BE(1) + 5
      if (frame !== chunk.length) throw new Error(`an answer of ${frame} bytes came as ${chunk.length}`)
      sender.answers += 1
      sender.onAnswer()
    })
    stream.on('error', () => {})
    stream.on('close', () => streams.delete(stream))
  })
  server.on('session', (session) => {
    session.on('error', () => {})
    // As often as zonelab asks whether a peer is there, so that idle servers can be compared.
    const timer = setInterval(() => session.ping(() => {}), PING_MS)
    session.on('close', () => clearInterval(timer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  sender.port = (server.address() as AddressInfo).port
  return sender
}
