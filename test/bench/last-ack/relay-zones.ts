import { connect, createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { offer } from '../child.js'
import type { Sizes } from './sizes.js'

const methods = {
  /** So many relays in this process, each with one connection up and a port for its sidecars. Returns the ports. */
  async start(globalPort: number, count: number, sizes: Sizes): Promise<readonly number[]> {
    return Promise.all(Array.from({ length: count }, () => relay(globalPort, sizes)))
  },
}

export type RelayZones = typeof methods

offer(methods)

/** What comes whole from above goes to every sidecar as one shared buffer, and is answered. */
async function relay(globalPort: number, sizes: Sizes): Promise<number> {
  const sidecars = new Set<ServerHttp2Stream>()
  const server = createServer()
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200 })
    stream.resume()
    sidecars.add(stream)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const up = connect(`http://127.0.0.1:${globalPort}`).request({ ':method': 'POST' }, { endStream: false })
  let received = 0
  up.on('data', (chunk: Buffer) => {
    received += chunk.length
    if (received < sizes.down) return
    received -= sizes.down
    const message = Buffer.alloc(sizes.down, 1)
    for (const sidecar of sidecars) sidecar.write(message)
    up.write(Buffer.alloc(sizes.answer, 1))
  })
  return (server.address() as AddressInfo).port
}
