import { once } from 'node:events'
import { request as plainRequest, type RequestOptions } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { apiPlugin, TENANT_PREFIX } from '../../../src/api/plugin.js'
import { systemClock } from '../../../src/base/clock.js'
import { silentLogger } from '../../../src/base/log.js'
import { HttpServer, type HttpServerOptions } from '../../../src/transport/http/server.js'
import { createCa, createServerCertificate } from '../../../src/transport/tls.js'
import { FakeClock } from '../../support/fake-clock.js'
import { apiLab } from '../../unit/api/api-lab.js'

const servers: HttpServer[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

function newServer(options: Partial<HttpServerOptions> = {}): HttpServer {
  const defaults = { name: 'api', host: '127.0.0.1', port: 0, clock: systemClock, log: silentLogger }
  const server = new HttpServer({ ...defaults, ...options })
  servers.push(server)
  return server
}

/** A promise that the test settles. */
function pending<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

async function raw(port: number, text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  await once(socket, 'connect')
  socket.write(text)
  return socket
}

async function allOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function fetchText(url: string, options: RequestOptions & { ca?: string } = {}): Promise<string> {
  const request = url.startsWith('https') ? tlsRequest : plainRequest
  const sent = request(url, { agent: false, ...options }).end()
  const [response] = (await once(sent, 'response')) as [AsyncIterable<Buffer>]
  return allOf(response)
}

describe('an HTTP server', () => {
  test('serves the API bare and under a prefix, with links that lead to the next page', async () => {
    const { options, put } = await apiLab()
    for (const name of ['a', 'b']) await put('Mesh', name)
    const server = newServer()
    await server.fastify.register(apiPlugin, options)
    await server.fastify.register(apiPlugin, { ...options, prefix: TENANT_PREFIX })
    await server.start()
    for (const base of [server.url, `${server.url}/v1/mesh/control-planes/default/api`]) {
      expect(JSON.parse(await fetchText(base))).toMatchObject({ product: 'Kuma' })
      const first = JSON.parse(await fetchText(`${base}/meshes?size=1`))
      expect(first).toMatchObject({ total: 2, items: [{ name: 'a' }], next: `${base}/meshes?offset=1&size=1` })
      expect(JSON.parse(await fetchText(first.next))).toMatchObject({ items: [{ name: 'b' }], next: null })
    }
  })

  test('serves TLS that is trusted by its authority, and links to https', async () => {
    const ca = createCa({ name: 'test', nowMs: Date.UTC(2026, 0, 1) })
    const tls = createServerCertificate({ ca, nowMs: Date.UTC(2026, 0, 1) })
    const { options, put } = await apiLab()
    for (const name of ['a', 'b']) await put('Mesh', name)
    const server = newServer({ tls })
    await server.fastify.register(apiPlugin, options)
    await server.start()
    const page = JSON.parse(await fetchText(`${server.url}/meshes?size=1`, { ca: ca.certPem }))
    expect(page.next).toBe(`${server.url}/meshes?offset=1&size=1`)
    expect(server.url).toMatch(/^https:/)
    await expect(fetchText(`${server.url}/`)).rejects.toThrow(/certificate/)
    const old = tlsConnect({
      port: server.port,
      host: '127.0.0.1',
      ca: ca.certPem,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1.1',
    })
    sockets.push(old)
    await expect(once(old, 'secureConnect')).rejects.toThrow()
  })

  test('answers what is no HTTP with one line', async () => {
    const server = newServer()
    await server.start()
    const nonsense = await allOf(await raw(server.port, 'HELLO\r\n\r\n'))
    expect(nonsense).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/)
    expect(nonsense.endsWith('\r\n\r\n400: Bad Request')).toBe(true)
    const large = await allOf(await raw(server.port, `GET / HTTP/1.1\r\nhost: x\r\nbig: ${'x'.repeat(20_000)}\r\n\r\n`))
    expect(large).toMatch(/^HTTP\/1.1 431 /)
  })

  test('answers a path that does not decode with one line', async () => {
    const { options } = await apiLab()
    const server = newServer()
    await server.fastify.register(apiPlugin, options)
    await server.start()
    const answer = await allOf(
      await raw(server.port, 'GET /meshes/%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'),
    )
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(answer).toContain('400: Bad Request')
  })

  test('bounds how long a request may take to arrive', async () => {
    const { server } = newServer().fastify
    expect(server).toMatchObject({ headersTimeout: 2_000, requestTimeout: 10_000, keepAliveTimeout: 120_000 })
  })

  test('says which port is taken', async () => {
    const first = newServer()
    await first.start()
    await expect(newServer({ port: first.port }).start()).rejects.toMatchObject({
      code: 'port-taken',
      message: `api: 127.0.0.1:${first.port} is in use; choose another port`,
    })
  })

  test('finishes what is under way before it stops, and does not wait for idle connections', async () => {
    const server = newServer()
    const asked = pending<void>()
    const answer = pending<string>()
    server.fastify.get('/slow', () => {
      asked.resolve()
      return answer.promise
    })
    await server.start()
    const idle = await raw(server.port, 'GET /nope HTTP/1.1\r\nhost: x\r\n\r\n')
    await once(idle, 'data')
    const slow = fetchText(`${server.url}/slow`)
    await asked.promise
    const stopped = server.stop()
    answer.resolve('done')
    expect(await slow).toBe('done')
    await stopped
  })

  test('cuts what is still under way when its grace is over', async () => {
    const clock = new FakeClock()
    const server = newServer({ clock })
    const asked = pending<void>()
    server.fastify.get('/never', () => {
      asked.resolve()
      return new Promise<string>(() => {})
    })
    await server.start()
    const never = fetchText(`${server.url}/never`)
    await asked.promise
    const stopped = server.stop()
    clock.step(2_999)
    expect(clock.armed).toBe(1)
    clock.step(1)
    await expect(never).rejects.toThrow(/hang up|ECONNRESET/)
    await stopped
    expect(clock.armed).toBe(0)
  })
})
