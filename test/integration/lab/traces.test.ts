import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { Hops } from '../../../src/base/hops.js'
import { silentLogger } from '../../../src/base/log.js'
import { systemRandom } from '../../../src/base/random.js'
import { DiagnosticsClient } from '../../../src/lab/diagnostics-client.js'
import { LabTraces } from '../../../src/lab/traces/lab-traces.js'
import { addDiagnostics } from '../../../src/transport/http/diagnostics.js'
import { HttpServer } from '../../../src/transport/http/server.js'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A process of a lab: all that is asked of it here is its hops. */
async function lab(name: string): Promise<{ hops: Hops; client: DiagnosticsClient }> {
  const hops = new Hops(systemClock)
  const server = new HttpServer({ name, host: '127.0.0.1', port: 0, clock: systemClock, log: silentLogger })
  addDiagnostics(server.fastify, {
    ready: () => true,
    metrics: async () => ({ contentType: '', text: '' }),
    hops,
    status: async () => ({}),
    untilSynced: async () => ({}),
    token: 't',
  })
  await server.start()
  closers.push(() => server.stop())
  const url = `http://127.0.0.1:${server.port}`
  return { hops, client: new DiagnosticsClient({ name, tenant: undefined, zone: '', url, token: 't' }, systemClock) }
}

interface SpanJson {
  readonly name: string
  readonly traceId: string
}

/** A collector that keeps what it is told, or fails. */
async function collector(): Promise<{ endpoint: string; spans: SpanJson[]; fail: (failing: boolean) => void }> {
  const spans: SpanJson[] = []
  let failing = false
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk
    })
    request.on('end', () => {
      if (failing || request.url !== '/v1/traces') return response.writeHead(503).end()
      for (const resource of JSON.parse(body).resourceSpans)
        spans.push(...resource.scopeSpans.flatMap((scope: { spans: SpanJson[] }) => scope.spans))
      return response.writeHead(200).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => server.close(resolve)))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { endpoint, spans, fail: (value) => (failing = value) }
}

const change = { tenant: 'default', type: 'MeshTimeout', name: 'quick.default', version: undefined }

test('the hops of several processes come to the collector as one trace, and its failure is told once', async () => {
  const [global, zone, otlp] = [await lab('global'), await lab('zone-1'), await collector()]
  const notices: string[] = []
  const traces = new LabTraces({
    endpoint: `${otlp.endpoint}/`,
    clients: [global.client, zone.client],
    clock: systemClock,
    random: systemRandom,
    onNotice: (text) => notices.push(text),
  })
  expect(global.hops.active).toBe(false)
  traces.start()
  await vi.waitFor(() => expect([global.hops.active, zone.hops.active]).toEqual([true, true]), { timeout: 5000 })
  const write = async () => {
    global.hops.emit({ ...change, hop: 'accepted', peer: undefined })
    global.hops.emit({ ...change, hop: 'kds-sent', peer: 'zone-1' })
    zone.hops.emit({ ...change, hop: 'zone-stored', peer: 'zone-1' })
    global.hops.emit({ ...change, hop: 'kds-acked', peer: 'zone-1' })
  }
  await write()
  await vi.waitFor(() => expect(otlp.spans.length).toBeGreaterThan(0), { timeout: 10_000 })
  const names = ['acknowledge to global', 'store in zone', 'wait for zone', 'write MeshTimeout']
  expect(otlp.spans.map(({ name }) => name).sort()).toEqual(names)
  expect(new Set(otlp.spans.map(({ traceId }) => traceId)).size).toBe(1)

  otlp.fail(true)
  await write()
  await vi.waitFor(() => expect(notices).toHaveLength(1), { timeout: 10_000 })
  expect(notices[0]).toMatch(/traces are lost.*HTTP 503/)
  otlp.fail(false)
  await write()
  await vi.waitFor(() => expect(notices).toHaveLength(2), { timeout: 10_000 })
  await traces.stop()
  expect(notices).toEqual([notices[0], 'traces are taken again'])
  await vi.waitFor(() => expect([global.hops.active, zone.hops.active]).toEqual([false, false]), { timeout: 5000 })
}, 60_000)
