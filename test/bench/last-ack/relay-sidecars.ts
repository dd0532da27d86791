import { connect } from 'node:http2'
import { offer } from '../child.js'
import { systemTime } from '../open-loop.js'
import type { Sizes } from './sizes.js'

let answers: number[] = []

const methods = {
  /** So many sidecars of one relay, each on a connection of its own; resolves when all are connected. */
  async start(port: number, count: number, sizes: Sizes): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => sidecar(port, sizes)))
  },
  /** When each answer was given since this was last asked. */
  take(): readonly number[] {
    const taken = answers
    answers = []
    return taken
  },
}

export type RelaySidecars = typeof methods

offer(methods)

function sidecar(port: number, sizes: Sizes): Promise<void> {
  const stream = connect(`http://127.0.0.1:${port}`).request({ ':method': 'POST' }, { endStream: false })
  let received = 0
  stream.on('data', (chunk: Buffer) => {
    received += chunk.length
    if (received < sizes.down) return
    received -= sizes.down
    stream.write(Buffer.alloc(sizes.answer, 1))
    answers.push(systemTime.nowMs())
  })
  return new Promise((resolve) => stream.once('response', () => resolve()))
}
