import { createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { offer } from '../child.js'

/** The upper hop's sender: one buffer, written to the stream of every relay. What comes back is dropped. */
const streams = new Set<ServerHttp2Stream>()
const server = createServer()
server.on('stream', (stream) => {
  stream.respond({ ':status': 200 })
  stream.resume()
  streams.add(stream)
})

const methods = {
  async start(): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  },
  send(bytes: number): void {
    const message = Buffer.alloc(bytes, 1)
    for (const stream of streams) stream.write(message)
  },
}

export type RelayGlobal = typeof methods

offer(methods)
