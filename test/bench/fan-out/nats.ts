import { connect, type Socket } from 'node:net'
import type { BrokerClients } from './broker.js'

/** The one line that an answer comes as (https://docs.nats.io/reference/reference-protocols/nats-protocol). */
const ANSWER = 'MSG answer 1 2\r\nok\r\n'

/** Each subscriber has a connection of its own and publishes an answer to every change; the publisher counts those. */
export async function natsClients(port: number, count: number): Promise<BrokerClients> {
  const publisher = await client(port, 'answer')
  const subscribers = await Promise.all(Array.from({ length: count }, () => client(port, 'change')))
  for (const subscriber of subscribers) answerEach(subscriber)
  let answered = 0
  let onAnswer = () => {}
  publisher.on('data', (chunk: Buffer) => {
    answered += chunk.length
    onAnswer()
  })
  return {
    round(bytes) {
      const all = answered + count * ANSWER.length
      publisher.write(`PUB change ${bytes}\r\n${'x'.repeat(bytes)}\r\n`)
      return new Promise((resolve) => {
        onAnswer = () => {
          if (answered >= all) resolve()
        }
      })
    },
  }
}

/** Resolves when the server has answered what follows the subscription. */
async function client(port: number, subject: string): Promise<Socket> {
  const socket = await connected(port)
  socket.write(`CONNECT {"verbose":false}\r\nSUB ${subject} 1\r\nPING\r\n`)
  await new Promise<void>((resolve) => {
    const onData = (chunk: Buffer) => {
      if (!chunk.includes('PONG')) return
      socket.off('data', onData)
      resolve()
    }
    socket.on('data', onData)
  })
  return socket
}

function answerEach(socket: Socket): void {
  let received = 0
  let due = 0
  socket.on('data', (chunk: Buffer) => {
    // One change is under way at a time: it begins with the line that says how long it is.
    if (due === 0) {
      const line = chunk.indexOf('\r\n')
      due = line + 4 + Number(chunk.toString('latin1', 0, line).split(' ').at(-1))
    }
    received += chunk.length
    if (received < due) return
    received = 0
    due = 0
    socket.write('PUB answer 2\r\nok\r\n')
  })
}

const CONNECTED_WITHIN_MS = 10_000

/** A server that was just started may not listen yet. */
async function connected(port: number): Promise<Socket> {
  const endMs = performance.now() + CONNECTED_WITHIN_MS
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const refused = await new Promise<Error | undefined>((resolve) => {
      socket.once('connect', () => resolve(undefined))
      socket.once('error', resolve)
    })
    if (refused === undefined) return socket.on('error', () => {})
    if (performance.now() > endMs) throw refused
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
