import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { CloseReason } from '../../../src/protocol/close-reason.js'
import type { GrpcClientOptions } from '../../../src/transport/grpc/client.js'
import { type Answer, METHOD, OK, prefixed, startWireServer, talk, type WireServer } from './wire-server.js'

/** What a client makes of what a server does on the wire, be it what no server of ours would do. */
const servers: WireServer[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function serve(answer: Answer, options: Partial<GrpcClientOptions> = {}, settings: Settings = {}) {
  const server = await startWireServer(answer, settings)
  servers.push(server)
  return { client: server.connect(options), sessions: server.sessions }
}

/** Responds, writes the bytes and ends with these trailers. */
function say(stream: ServerHttp2Stream, bytes: Buffer, trailers: OutgoingHttpHeaders, more: OutgoingHttpHeaders = {}) {
  stream.respond({ ...OK, ...more }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  stream.end(bytes)
}

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 5000, interval: 2 })

async function endOf(answer: Answer, options: Partial<GrpcClientOptions> = {}): Promise<CloseReason | undefined> {
  const heard = talk((await serve(answer, options)).client)
  await eventually(() => expect(heard.ends).toHaveLength(1))
  return heard.ends[0]
}

describe('a call', () => {
  it('has the headers of gRPC, and a deadline if it is of one message', async () => {
    const seen: IncomingHttpHeaders[] = []
    const { client } = await serve((stream, headers) => {
      seen.push(headers)
      say(stream, prefixed('yes'), { 'grpc-status': '0' })
    })
    talk(client)
    expect(await client.unary(METHOD, 'ready?', 5000)).toBe('yes')
    expect(seen[0]).toMatchObject({
      ':method': 'POST',
      ':scheme': 'http',
      ':path': METHOD.path,
      ':authority': expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': expect.stringMatching(/^grpc-node-zonelab\//),
      'grpc-accept-encoding': 'identity,gzip,deflate',
    })
    expect(seen.map((headers) => headers['grpc-timeout'])).toEqual([undefined, '5000m'])
  })

  it('shares its connection with others, and waits while the server takes no more of them', async () => {
    const greets: Answer = (stream) => {
      stream.respond(OK)
      stream.write(prefixed('hello'))
    }
    const { client, sessions } = await serve(greets, {}, { maxConcurrentStreams: 1 })
    const first = talk(client)
    await eventually(() => expect(first.messages).toEqual(['hello']))
    const second = talk(client)
    await new Promise((resolve) => sessions[0]?.ping(resolve))
    expect([second.messages, second.ends]).toEqual([[], []])
    sessions[0]?.settings({ maxConcurrentStreams: 2 })
    await eventually(() => expect(second.messages).toEqual(['hello']))
    expect([first.ends, second.ends, sessions.length]).toEqual([[], [], 1])
  })

  it.each<[string, Buffer, string]>([
    ['has no answer', Buffer.alloc(0), 'undecodable'],
    ['has two', Buffer.concat([prefixed('a'), prefixed('b')]), 'undecodable'],
    ['has one over the limit', Buffer.from([0, 0xff, 0xff, 0xff, 0xff]), 'too-large'],
  ])('of one message that %s fails', async (_what, bytes, code) => {
    const { client } = await serve((stream) => say(stream, bytes, { 'grpc-status': '0' }))
    await expect(client.unary(METHOD, '', 5000)).rejects.toMatchObject({ code })
  })
})

describe('messages', () => {
  it('may come byte by byte, several in one piece, and packed', async () => {
    const all = Buffer.concat([prefixed('a'), prefixed(gzipSync('b'), true), prefixed(''), prefixed('c')])
    const taken: ServerHttp2Stream[] = []
    const { client } = await serve((stream) => {
      stream.respond({ ...OK, 'grpc-encoding': 'gzip' })
      taken.push(stream)
    })
    const heard = talk(client)
    await eventually(() => expect(taken).toHaveLength(1))
    for (const byte of all) {
      taken[0]?.write(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    taken[0]?.write(all)
    await eventually(() => expect(heard.messages.join('|')).toBe('a|b||c|a|b||c'))
  })

  it.each<[string, Buffer, OutgoingHttpHeaders, CloseReason['kind']]>([
    ['is over the limit', Buffer.from([0, 0, 0, 0, 101]), {}, 'too-large'],
    [
      'unpacks to over the limit',
      prefixed(gzipSync(Buffer.alloc(101)), true),
      { 'grpc-encoding': 'gzip' },
      'too-large',
    ],
    ['is packed though nobody said so', prefixed(gzipSync('a'), true), {}, 'undecodable'],
    ['is not packed as it says', prefixed('a', true), { 'grpc-encoding': 'gzip' }, 'undecodable'],
  ])('of which one %s end the call there', async (_what, bytes, headers, kind) => {
    const resets: number[] = []
    const end = await endOf(
      (stream) => {
        stream.on('close', () => resets.push(stream.rstCode))
        stream.respond({ ...OK, ...headers })
        stream.write(Buffer.concat([bytes, prefixed('lost')]))
      },
      { messageBytesMax: 100 },
    )
    expect(end?.kind).toBe(kind)
    await eventually(() => expect(resets).toEqual([constants.NGHTTP2_CANCEL]))
  })

  it.each([
    ['', false],
    // As Go's servers do when the client could say more.
    [' and a reset without error', true],
  ])('that are there before the status%s come before the end, however long they wait', async (_what, reset) => {
    const { client } = await serve((stream) => {
      say(stream, Buffer.concat(['1', '2', '3'].map((word) => prefixed(word))), { 'grpc-status': '14' })
      // Node sends trailers in an immediate of its own.
      const later = () => setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR))
      if (reset) stream.on('wantTrailers', () => setImmediate(later))
    })
    const heard = talk(client, ({ duplex }) => duplex.pause())
    for (const count of [1, 2, 3]) {
      await eventually(() => expect(heard.messages).toHaveLength(count))
      expect(heard.ends).toEqual([])
      heard.duplex.resume()
    }
    await eventually(() => expect(heard.ends).toMatchObject([{ kind: 'peer-ended', status: 14 }]))
  })
})

describe('the status of a call', () => {
  it.each<[string, OutgoingHttpHeaders, object]>([
    ['is what the server says', { 'grpc-status': '5', 'grpc-message': 'n%C3%B6 %25' }, { status: 5, detail: 'nö %' }],
    ['keeps words that are ill encoded', { 'grpc-status': '5', 'grpc-message': '100%' }, { status: 5, detail: '100%' }],
    ['may be a refusal', { 'grpc-status': '16' }, { kind: 'refused', code: 'unauthenticated' }],
    ['may be OK', { 'grpc-status': '0' }, { kind: 'peer-ended', status: 0 }],
    ['that is no number is unknown', { 'grpc-status': 'fine' }, { status: 2 }],
    ['that is missing is unknown', { 'x-other': '1' }, { status: 2 }],
  ])('%s, with messages before it or without', async (_what, fields, end) => {
    expect(await endOf((stream) => say(stream, prefixed('a'), fields))).toMatchObject(end)
    expect(await endOf((stream) => stream.respond({ ...OK, ...fields }, { endStream: true }))).toMatchObject(end)
  })

  it.each([
    [400, { status: 13 }],
    [401, { kind: 'refused', code: 'unauthenticated' }],
    [403, { kind: 'refused', code: 'permission-denied' }],
    [404, { status: 12 }],
    [429, { status: 14 }],
    [503, { status: 14 }],
    [500, { status: 2 }],
  ])('that an HTTP status %i stands for, with a page or without', async (status, end) => {
    const page = { ':status': status, 'content-type': 'text/html' }
    expect(await endOf((stream) => stream.respond(page, { endStream: true }))).toMatchObject(end)
    const withPage = await endOf((stream) => {
      stream.respond(page)
      stream.write('<html>')
    })
    expect(withPage).toMatchObject({ ...end, detail: `the server answered with HTTP status ${status}` })
  })

  it.each<[string, OutgoingHttpHeaders, number]>([
    ['no gRPC', { 'content-type': 'text/html' }, 2],
    ['packed as nobody asked', { 'grpc-encoding': 'snappy' }, 13],
  ])('of an answer that is %s', async (_what, headers, status) => {
    expect(await endOf((stream) => stream.respond({ ...OK, ...headers }))).toMatchObject({ kind: 'peer-ended', status })
  })

  it.each([
    ['NGHTTP2_PROTOCOL_ERROR', 13],
    ['NGHTTP2_INTERNAL_ERROR', 13],
    ['NGHTTP2_REFUSED_STREAM', 14],
    ['NGHTTP2_CANCEL', 1],
    ['NGHTTP2_ENHANCE_YOUR_CALM', 8],
  ] as const)('that is reset with %s', async (name, status) => {
    const end = await endOf((stream) => {
      stream.respond(OK)
      stream.write(prefixed('a'), () => stream.close(constants[name]))
    })
    expect(end).toMatchObject({ kind: 'peer-ended', status })
  })

  it.each<[string, (stream: ServerHttp2Stream) => void]>([
    ['ends', (stream) => stream.end()],
    ['is reset without error', (stream) => stream.close(constants.NGHTTP2_NO_ERROR)],
  ])('of an answer that %s before its status', async (_what, finish) => {
    const end = await endOf((stream) => {
      stream.respond(OK)
      stream.write(prefixed('a'), () => finish(stream))
    })
    expect(end).toMatchObject({ kind: 'peer-ended', status: 13 })
  })

  it('that comes while nothing can be written any more frees the stream', async () => {
    const closed: number[] = []
    const { client, sessions } = await serve((stream) => {
      stream.on('close', () => closed.push(stream.rstCode))
      stream.pause()
      setImmediate(() => say(stream, Buffer.alloc(0), { 'grpc-status': '14' }))
    })
    const heard = talk(client)
    heard.duplex.send('x'.repeat(1 << 20))
    await eventually(() => expect(heard.ends).toHaveLength(1))
    await eventually(() => expect(closed).toHaveLength(1))
    expect(sessions[0]?.destroyed).toBe(false)
  })
})
