import { constants } from 'node:http2'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { GrpcClient } from '../../../src/transport/grpc/client.js'
import { FakeClock, settled } from '../../support/fake-clock.js'
import { type Answer, METHOD, OK, prefixed, startWireServer, talk, type WireServer } from './wire-server.js'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close()
})

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 5000, interval: 2 })
const PLAINTEXT = { kind: 'plaintext' } as const

async function serve(answer: Answer): Promise<WireServer> {
  const server = await startWireServer(answer)
  closers.push(() => server.close())
  return server
}

const greets: Answer = (stream) => {
  stream.respond(OK)
  stream.write(prefixed('hello'))
}

interface Listener {
  readonly sockets: Socket[]
  readonly port: number
}

/** Takes connections and says nothing of its own. */
async function listen(onSocket: (socket: Socket) => void = () => {}): Promise<Listener> {
  const sockets: Socket[] = []
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => {}).resume()
    onSocket(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { sockets, port: (server.address() as AddressInfo).port }
}

function connect(options: Partial<ConstructorParameters<typeof GrpcClient>[0]> & { readonly target: string }) {
  const client = new GrpcClient({ trust: PLAINTEXT, headers: () => ({}), ...options })
  closers.push(() => client.close())
  return client
}

describe('a server that says goodbye', () => {
  it('goes on with the calls that are open, and a new one goes over another connection', async () => {
    const server = await serve(greets)
    const client = server.connect()
    const old = talk(client)
    await eventually(() => expect(old.messages).toHaveLength(1))
    server.sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR)
    await new Promise((resolve) => server.sessions[0]?.ping(resolve))
    const young = talk(client)
    await eventually(() => expect(young.messages).toHaveLength(1))
    expect(server.sessions).toHaveLength(2)
    expect(old.ends).toEqual([])
    client.close()
    await eventually(() => expect(server.sessions.map(({ destroyed }) => destroyed)).toEqual([true, true]))
  })

  it('in anger is lost, with its words', async () => {
    const server = await serve(greets)
    const heard = talk(server.connect())
    await eventually(() => expect(heard.messages).toHaveLength(1))
    server.sessions[0]?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from('too_many_pings'))
    await eventually(() => expect(heard.ends).toHaveLength(1))
    const detail = expect.stringMatching(/hung up with HTTP\/2 error 11: too_many_pings$/)
    expect(heard.ends[0]).toEqual({ kind: 'peer-lost', detail })
  })
})

describe('a server that is none', () => {
  it.each<[string, Partial<ConstructorParameters<typeof GrpcClient>[0]>]>([
    ['in plaintext', {}],
    ['over TLS', { trust: { kind: 'skip-verify' } }],
  ])('is a lost peer, whatever it says %s', async (_what, options) => {
    const { port } = await listen((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const client = connect({ target: `127.0.0.1:${port}`, ...options })
    const heard = talk(client)
    await eventually(() => expect(heard.ends).toMatchObject([{ kind: 'peer-lost' }]))
    await expect(client.unary(METHOD, '', 5000)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('is a lost peer when it has not shaken hands in time', async () => {
    const clock = new FakeClock()
    const { port, sockets } = await listen()
    const heard = talk(connect({ target: `127.0.0.1:${port}`, trust: { kind: 'skip-verify' }, clock }))
    await eventually(() => expect(sockets).toHaveLength(1))
    clock.step(19_999)
    await settled()
    expect(heard.ends).toEqual([])
    clock.step(1)
    await eventually(() => expect(heard.ends).toMatchObject([{ kind: 'peer-lost' }]))
    expect(heard.ends[0]?.detail).toMatch(/nothing within 20000 ms/)
    await eventually(() => expect(clock.armed).toBe(0))
  })

  it('that does not answer pings is a lost peer', async () => {
    const clock = new FakeClock()
    const { port, sockets } = await listen()
    const keepaliveMs = { time: 30, timeout: 20 }
    const heard = talk(connect({ target: `127.0.0.1:${port}`, keepaliveMs, clock }))
    await eventually(() => expect(sockets[0]?.bytesRead).toBeGreaterThan(0))
    clock.step(49)
    await settled()
    expect(heard.ends).toEqual([])
    clock.step(1)
    await eventually(() => expect(heard.ends).toMatchObject([{ kind: 'peer-lost' }]))
    expect(heard.ends[0]?.detail).toMatch(/no answer to a ping within 20 ms/)
  })

  it('has a name: the error says what was tried', async () => {
    const { port } = await listen()
    closers.pop()?.()
    const heard = talk(connect({ target: `localhost:${port}` }))
    await eventually(() => expect(heard.ends).toHaveLength(1))
    expect(heard.ends[0]).toMatchObject({ kind: 'peer-lost', detail: expect.stringMatching(/ECONNREFUSED .*:\d+/) })
  })
})

describe('an address', () => {
  it.each(['', 'localhost', '127.0.0.1', '::1:80', 'https://a:80', 'a:b', 'a:65536'])('%o is refused', (target) => {
    expect(() => connect({ target })).toThrow(/host:port/)
  })

  it('of IPv6 is dialled, and named in brackets', async () => {
    const named: unknown[] = []
    const server = await serve((_stream, headers) => named.push(headers[':authority']))
    const target = `[::ffff:127.0.0.1]:${server.port}`
    talk(server.connect({ target }))
    await eventually(() => expect(named).toEqual([target]))
  })

  it('is dialled as it is, whatever proxy the environment names', async () => {
    const proxy = await listen()
    for (const name of ['http_proxy', 'https_proxy', 'grpc_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'])
      vi.stubEnv(name, `http://127.0.0.1:${proxy.port}`)
    closers.push(() => vi.unstubAllEnvs())
    const heard = talk((await serve(greets)).connect())
    await eventually(() => expect(heard.messages).toEqual(['hello']))
    expect(proxy.sockets).toEqual([])
  })
})

describe('a client that closes', () => {
  it('before its connection stands leaves none behind', async () => {
    const { port, sockets } = await listen()
    const client = connect({ target: `127.0.0.1:${port}`, trust: { kind: 'skip-verify' } })
    const heard = talk(client)
    await eventually(() => expect(sockets).toHaveLength(1))
    const closed = new Promise((resolve) => sockets[0]?.on('end', resolve))
    client.close()
    await closed
    await eventually(() => expect(heard.ends).toMatchObject([{ kind: 'shutting-down' }]))
  })

  it('drops a server that does not hang up', async () => {
    const clock = new FakeClock()
    const { port, sockets } = await listen()
    const client = connect({ target: `127.0.0.1:${port}`, clock })
    talk(client)
    await eventually(() => expect(sockets[0]?.bytesRead).toBeGreaterThan(0))
    const socket = sockets[0] as Socket
    const ended = new Promise((resolve) => socket.on('end', resolve))
    client.close()
    await ended
    clock.step(1_000)
    // A socket that is half closed can be written to, and one that is gone cannot.
    const broken = new Promise((resolve) => socket.on('error', resolve))
    const writing = setInterval(() => socket.write('x'), 2)
    closers.push(() => clearInterval(writing))
    await broken
  })

  it('makes no calls any more', async () => {
    const client = (await serve(greets)).connect()
    client.close()
    expect(() => client.open(METHOD)).toThrow(/closed here/)
    await expect(client.unary(METHOD, '', 1000)).rejects.toThrow(/closed here/)
  })
})
