import { createServer, connect as http2Connect, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { contentOf, FRAME, FrameReader, PREFACE } from '../../../src/conformance/http2/frames.js'
import { decodeFields, encodeFields } from '../../../src/conformance/http2/hpack.js'
import { decodeHuffman } from '../../../src/conformance/http2/huffman.js'

test('what is encoded is decoded, repeated names and every byte included', () => {
  const fields = [
    ['authorization', 'a'],
    ['authorization', 'b'],
    ['x', Buffer.from([0, 10, 13, 0xe9])],
    ['long', 'y'.repeat(70_000)],
  ] as const
  expect(decodeFields(encodeFields(fields))).toEqual([
    ['authorization', 'a'],
    ['authorization', 'b'],
    ['x', '\u0000\n\r\u00e9'],
    ['long', 'y'.repeat(70_000)],
  ])
})

test('indexed fields and names come from the static table, and none from a dynamic one', () => {
  expect(decodeFields(Buffer.from([0x88, 0x0f, 0x10, 1, 0x78]))).toEqual([
    [':status', '200'],
    ['content-type', 'x'],
  ])
  expect(() => decodeFields(Buffer.from([0xbe]))).toThrow('entry 62 of no table')
})

test.each([
  ['a block that ends within a text', [0, 1, 0x61, 5, 0x62]],
  ['a block that ends within a number', [0x7f, 0xff]],
])('%s is refused', (_what, bytes) => {
  expect(() => decodeFields(Buffer.from(bytes))).toThrow(RangeError)
})

test('a Huffman code that is badly padded is refused', () => {
  expect(() => decodeHuffman(Buffer.from([0x00]))).toThrow(RangeError)
  expect(() => decodeHuffman(Buffer.from([0xff, 0xff, 0xff, 0xff]))).toThrow(RangeError)
})

test('every letter that Node may put into a field is decoded as it was meant', async () => {
  // Node's own encoder is the witness: its header block is read off the socket.
  const letters = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join('')
  const value = `x${letters.trim()}${[...letters.trim()].reverse().join('')}`
  const block = await firstHeaderBlockOf({ 'x-letters': value })
  expect(decodeFields(block)).toContainEqual(['x-letters', value])
})

test('what Node sends back is read, whatever it compresses', async () => {
  const server = createServer()
  server.on('stream', (stream: ServerHttp2Stream) =>
    stream.respond({ ':status': 404, server: 'test' }, { endStream: true }),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { Http2Connection } = await import('../../../src/conformance/http2/connection.js')
  const connection = await Http2Connection.dial({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    trust: { kind: 'plaintext' },
    withinMs: 5_000,
    clock: systemClock,
  })
  const fields = await new Promise((resolve) => {
    const pseudo = [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
      [':authority', 'x'],
    ] as const
    const events = { onFrame: () => {}, onData: () => {}, onBroken: () => {}, onHeaders: resolve }
    connection.request(pseudo, events, true)
  })
  connection.close()
  expect(fields).toEqual(
    expect.arrayContaining([
      [':status', '404'],
      ['server', 'test'],
    ]),
  )
})

/** The header block that node:http2 makes of these, behind the preface and its settings. */
async function firstHeaderBlockOf(headers: Record<string, string>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const server = createTcpServer((socket) => {
      const reader = new FrameReader()
      let received = Buffer.alloc(0)
      let preface = true
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk])
        if (preface && received.length < PREFACE.length) return
        const bytes = preface ? received.subarray(PREFACE.length) : chunk
        preface = false
        for (const frame of reader.push(bytes)) {
          if (frame.type !== FRAME.HEADERS) continue
          resolve(contentOf(frame))
          socket.destroy()
        }
      })
      socket.on('error', () => {})
    })
    onTestFinished(() => void server.close())
    server.listen(0, '127.0.0.1', () => {
      const session = http2Connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      session.on('error', () => {})
      const stream = session.request(headers)
      stream.on('error', () => {})
      onTestFinished(() => session.destroy())
    })
    server.on('error', reject)
  })
}
