import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Hop, Hops } from '../../base/hops.js'

export interface DiagnosticsPorts {
  /** Serving: what `GET /ready` answers. */
  readonly ready: () => boolean
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
  readonly hops: Hops
  /** How far every peer is, as JSON. */
  readonly status: () => Promise<unknown>
  /**
   * Resolves when all peers, or those of a tenant, have what was newest when it was called; at the timeout or when `signal`
   * aborts, with who has not.
   */
  readonly untilSynced: (timeoutMs: number, signal: AbortSignal, tenant: string | undefined) => Promise<unknown>
  /** Bearer token of /status, /synced and /hops; empty: they answer 404, so that nothing is told by default. */
  readonly token: string
}

/** What `addDiagnostics` serves; guarded: with the lab's token only. */
export const DIAGNOSTICS_ROUTES = [
  { path: '/ready', guarded: false, what: 'Whether it serves' },
  { path: '/healthy', guarded: false, what: 'Whether it lives' },
  { path: '/metrics', guarded: false, what: '[Metrics](metrics.md)' },
  { path: '/status', guarded: true, what: 'How far every peer is' },
  { path: '/synced', guarded: true, what: 'Waits until all peers have what is newest' },
  { path: '/hops', guarded: true, what: 'Each hop of each change, as a stream of lines' },
] as const

/** A reader that does not keep up loses its stream rather than our memory: a hop is some 200 bytes. */
const HOPS_BUFFERED_BYTES_MAX = 4 * 1024 * 1024

/** The longest that one request may wait; a client asks again. */
const SYNCED_WAIT_MS_MAX = 600_000

/** Readiness, metrics and, with the lab's token, what the process knows of its peers (Kuma's port 5680 and more). */
export function addDiagnostics(fastify: FastifyInstance, ports: DiagnosticsPorts): void {
  fastify.get('/ready', async (_request, reply) => reply.code(ports.ready() ? 200 : 503).send(''))
  fastify.get('/healthy', async (_request, reply) => reply.code(200).send(''))
  fastify.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await ports.metrics()
    return reply.header('content-type', contentType).send(text)
  })
  if (ports.token === '') return
  const guarded = {
    preHandler: async (request: FastifyRequest, reply: FastifyReply) => {
      if (!hasToken(request, ports.token)) return reply.code(401).send("401: this path needs the lab's token")
      return undefined
    },
  }
  fastify.get('/status', guarded, async (_request, reply) => json(reply, await ports.status()))
  fastify.get('/synced', guarded, async (request, reply) =>
    json(reply, await ports.untilSynced(timeoutOf(request), gone(reply), tenantOf(request))),
  )
  fastify.get('/hops', guarded, (_request, reply) => streamHops(reply, ports.hops))
}

export function hasToken(request: FastifyRequest, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '')
  const wanted = Buffer.from(`Bearer ${token}`)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function timeoutOf(request: FastifyRequest): number {
  const { timeoutMs } = request.query as { timeoutMs?: string }
  const wait = Number(timeoutMs ?? '0')
  return Number.isInteger(wait) && wait >= 0 ? Math.min(wait, SYNCED_WAIT_MS_MAX) : 0
}

function tenantOf(request: FastifyRequest): string | undefined {
  return (request.query as { tenant?: string }).tenant
}

/** Aborts when the caller has hung up: nobody waits for an answer any more. */
function gone(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.once('close', () => controller.abort())
  return controller.signal
}

function json(reply: FastifyReply, value: unknown): FastifyReply {
  return reply.header('content-type', 'application/json').send(JSON.stringify(value))
}

/** One JSON object a line, for as long as the reader stays. */
function streamHops(reply: FastifyReply, hops: Hops): void {
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
  raw.flushHeaders()
  const stop = hops.read((hop: Hop) => {
    if (raw.writableLength > HOPS_BUFFERED_BYTES_MAX) raw.destroy()
    else raw.write(`${JSON.stringify(hop)}\n`)
  })
  raw.on('close', stop)
}
