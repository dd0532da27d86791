import {
  type ClientHttp2Stream,
  type ClientSessionOptions,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { readCredential } from '../../../src/auth/zone-call.js'
import { GrpcServer } from '../../../src/transport/grpc/server.js'
import { encodeDeltaRequest } from '../../../src/wire/delta-codec.js'
import { KDS } from '../../../src/wire/kds-service.js'

/** What a server does on the wire, seen by a client that gRPC's own library would not let us be. */
const closers: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

interface Served {
  readonly port: number
  readonly types: string[]
}

async function serve(options: { messageBytesMax?: number } = {}): Promise<Served> {
  const types: string[] = []
  const server = new GrpcServer<string>({
    authenticate: async (metadata) => readCredential(metadata) ?? '',
    ...options,
  })
  server.stream(KDS.GlobalToZoneSync, (_who, duplex) => {
    duplex.open({
      onMessage: ({ type }) => {
        types.push(type)
        if (duplex.writable) duplex.send({ type, nonce: '1', bytes: Buffer.from('22013a', 'hex') })
      },
      onWritable: () => {},
      onEnd: () => {},
    })
  })
  server.unary(KDS.HealthCheck, () => ({ intervalMs: undefined }))
  closers.push(() => server.stop(0))
  return { ...(await server.listen({ host: '127.0.0.1', port: 0 })), types }
}

interface Call {
  readonly stream: ClientHttp2Stream
  readonly headers: IncomingHttpHeaders
  readonly trailers: IncomingHttpHeaders
  readonly bytes: Buffer[]
}

function call(port: number, path: string, headers: OutgoingHttpHeaders = {}): Call {
  // Node's client would refuse to repeat a header that has one value, as gRPC's does.
  const lenient = { strictSingleValueFields: false } as ClientSessionOptions
  const session = connect(`http://127.0.0.1:${port}`, lenient)
  session.on('error', () => {})
  closers.push(() => session.destroy())
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })
  const seen = { stream, headers: {}, trailers: {}, bytes: [] as Buffer[] }
  stream.on('response', (received) => {
    seen.headers = received
  })
  stream.on('trailers', (received) => {
    seen.trailers = received
  })
  stream.on('data', (chunk: Buffer) => seen.bytes.push(chunk))
  stream.on('error', () => {})
  return seen
}

function request(type: string): Buffer {
  const silent = { nonce: '', subscribe: ['*'], unsubscribe: [], initialVersions: new Map(), error: undefined }
  return encodeDeltaRequest({ type, ...silent, node: { id: 'z' } })
}

function prefixed(message: Buffer, compressed = false): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt8(compressed ? 1 : 0)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 5000, interval: 2 })
const DOWN = KDS.GlobalToZoneSync.path

describe('a message on the wire', () => {
  it('may come byte by byte, and several in one piece', async () => {
    const { port, types } = await serve()
    const { stream } = call(port, DOWN)
    for (const byte of prefixed(request('A'))) {
      stream.write(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    stream.write(Buffer.concat(['B', 'C', 'D'].map((type) => prefixed(request(type)))))
    await eventually(() => expect(types).toEqual(['A', 'B', 'C', 'D']))
  })

  it('may be compressed where the call says how, and each message for itself', async () => {
    const { port, types } = await serve()
    const { stream } = call(port, DOWN, { 'grpc-encoding': 'gzip' })
    stream.write(Buffer.concat([prefixed(gzipSync(request('A')), true), prefixed(request('B'))]))
    await eventually(() => expect(types).toEqual(['A', 'B']))
  })

  it.each<[string, OutgoingHttpHeaders, Buffer, string]>([
    ['is compressed in a call that names no compression', {}, prefixed(gzipSync(request('A')), true), '3'],
    ['is not what its compression makes', { 'grpc-encoding': 'gzip' }, prefixed(request('A'), true), '3'],
    ['says it is larger than allowed', {}, Buffer.from([0, 0xff, 0xff, 0xff, 0xff]), '8'],
    [
      'is larger than allowed once it is unpacked',
      { 'grpc-encoding': 'gzip' },
      prefixed(gzipSync(Buffer.alloc(11 << 20)), true),
      '8',
    ],
  ])('that %s ends the call with a status', async (_what, headers, bytes, status) => {
    const { port, types } = await serve()
    const seen = call(port, DOWN, headers)
    seen.stream.write(bytes)
    await eventually(() => expect({ ...seen.headers, ...seen.trailers }['grpc-status']).toBe(status))
    expect(types).toEqual([])
  })

  it('after one that broke the call is let go', async () => {
    const { port, types } = await serve({ messageBytesMax: 100 })
    const seen = call(port, DOWN)
    seen.stream.write(Buffer.concat([Buffer.from([0, 0, 0, 0, 101]), prefixed(request('A'))]))
    seen.stream.write(prefixed(request('B')))
    await eventually(() => expect(seen.headers['grpc-status']).toBe('8'))
    expect(types).toEqual([])
  })
})

describe('a call on the wire', () => {
  it('is answered with gRPC’s headers, then with the message', async () => {
    const { port } = await serve()
    const seen = call(port, DOWN)
    seen.stream.write(prefixed(request('A')))
    await eventually(() => expect(Buffer.concat(seen.bytes).toString('hex')).toBe('000000000322013a'))
    expect(seen.headers).toMatchObject({
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-accept-encoding': 'identity,gzip,deflate',
    })
  })

  it('that is no gRPC is an unsupported media type', async () => {
    const { port } = await serve()
    const seen = call(port, DOWN, { 'content-type': 'application/json' })
    await eventually(() => expect(seen.headers[':status']).toBe(415))
  })

  it.each([
    ['of a method that is not served', '/no.Such/Method', {}, 'no such method is served here'],
    ['whose query holds a token', '/no.Such/Method?access_token=secret', {}, 'no such method is served here'],
    [
      'with a compression that is not known',
      DOWN,
      { 'grpc-encoding': 'snappy' },
      'messages may be compressed with identity, gzip, deflate only',
    ],
  ])('%s is unimplemented', async (_what, path, headers, message) => {
    const { port } = await serve()
    const seen = call(port, path, headers)
    await eventually(() => expect(seen.headers['grpc-status']).toBe('12'))
    expect(decodeURI(String(seen.headers['grpc-message']))).toBe(message)
  })

  it('ZT rows 012 and 013: with two credentials is refused, in whatever order', async () => {
    const { port } = await serve()
    for (const authorization of [
      ['good', 'good'],
      ['good', 'bad'],
      ['bad', 'good'],
    ]) {
      const seen = call(port, DOWN, { authorization: authorization as unknown as string })
      await eventually(() => expect(seen.headers['grpc-status']).toBe('16'))
    }
  })

  it('of one message is answered with it and OK, and refused without it', async () => {
    const { port } = await serve()
    const good = call(port, KDS.HealthCheck.path)
    good.stream.end(prefixed(Buffer.alloc(0)))
    await eventually(() => expect(good.trailers['grpc-status']).toBe('0'))
    expect(Buffer.concat(good.bytes).toString('hex')).toBe('0000000000')
    const empty = call(port, KDS.HealthCheck.path)
    empty.stream.end()
    await eventually(() => expect(empty.headers['grpc-status']).toBe('3'))
  })

  it('that its peer resets leaves the others alone', async () => {
    const { port, types } = await serve()
    const gone = call(port, DOWN)
    gone.stream.write(prefixed(request('A')))
    await eventually(() => expect(types).toEqual(['A']))
    gone.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    const other = call(port, DOWN)
    other.stream.write(prefixed(request('B')))
    await eventually(() => expect(types).toEqual(['A', 'B']))
  })
})
