import { type AddressInfo, createServer, type Server } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Component } from '../base/lifecycle.js'
import type { Logger } from '../base/log.js'
import type { JsonObject } from '../model/json.js'
import { HttpServer, PLAIN_TEXT } from '../transport/http/server.js'
import { clustersJson, clustersText } from './cluster-report.js'
import { configDump, nodeJson } from './config-dump.js'
import { ENVOY_BUILD } from './node.js'
import type { MockProxy } from './proxy.js'
import { statsJson, statsOf, statsText } from './stats.js'

export interface AdminServerOptions {
  /** The shared interface; 0 is any free port. */
  readonly port: number
  /** Ports of proxies' own, by `mesh/name`; 0 is any free one. */
  readonly ownPorts: ReadonlyMap<string, number>
  readonly proxyOf: (id: string) => MockProxy | undefined
  readonly clock: Clock
  readonly log: Logger
}

/** An admin interface has no authentication, so it is for this machine alone, whatever else is opened. */
const HOST = '127.0.0.1'
const READY = '/ready'

type Answer = JsonObject | string
type View = (proxy: MockProxy, query: Readonly<Record<string, unknown>>) => Answer

/**
 * Envoy's admin interface for every proxy of a fleet: at `/proxies/{mesh}/{name}/…` of one shared port, and at the root
 * of the proxy's own port. Own ports are bare listeners that hand their sockets to the one HTTP server: a port costs a
 * file descriptor.
 */
export class AdminServer implements Component {
  readonly name = 'admin'
  readonly #options: AdminServerOptions
  readonly #http: HttpServer
  readonly #listeners: Server[] = []
  readonly #idByPort = new Map<number, string>()
  readonly #portById = new Map<string, number>()

  constructor(options: AdminServerOptions) {
    this.#options = options
    const { port, clock, log } = options
    this.#http = new HttpServer({ name: this.name, host: HOST, port, clock, log })
    for (const [path, view] of Object.entries(this.#views())) this.#route(path, view)
  }

  /** Throws `port-taken`. */
  async start(): Promise<void> {
    await this.#http.start()
    for (const [id, port] of this.#options.ownPorts) await this.#listen(id, port)
  }

  /** The listeners close when the HTTP server has let go of the sockets that it was given. */
  async stop(): Promise<void> {
    const closed = this.#listeners.splice(0).map((listener) => new Promise((resolve) => listener.close(resolve)))
    await this.#http.stop()
    await Promise.all(closed)
  }

  get port(): number {
    return this.#http.port
  }

  /** The proxies' own ports by `mesh/name`, from `start` on. */
  get ownPorts(): ReadonlyMap<string, number> {
    return this.#portById
  }

  #views(): Readonly<Record<string, View>> {
    const { clock } = this.#options
    return {
      '/config_dump': (proxy, query) => configDump(proxy, query.include_eds !== undefined),
      '/stats': (proxy, query) => {
        const stats = statsOf(proxy, clock, query.usedonly !== undefined)
        return query.format === 'json' ? statsJson(stats) : statsText(stats)
      },
      '/clusters': ({ configuration }, query) =>
        query.format === 'json' ? clustersJson(configuration) : clustersText(configuration),
      [READY]: stateOf,
      '/server_info': (proxy) => serverInfo(proxy, clock),
    }
  }

  #route(path: string, view: View): void {
    const { fastify } = this.#http
    const answer = async (request: FastifyRequest, reply: FastifyReply) => {
      const proxy = this.#proxyOf(request)
      if (!proxy) return reply.code(404).type(PLAIN_TEXT).send('404: no such proxy')
      const code = path === READY && !proxy.live ? 503 : 200
      return send(reply.code(code), view(proxy, request.query as Record<string, unknown>))
    }
    fastify.get(path, answer)
    fastify.get(`/proxies/:mesh/:name${path}`, answer)
  }

  #proxyOf(request: FastifyRequest): MockProxy | undefined {
    const { mesh, name } = request.params as { mesh?: string; name?: string }
    const id = mesh === undefined ? this.#idByPort.get(request.socket.localPort ?? 0) : `${mesh}/${name}`
    return id === undefined ? undefined : this.#options.proxyOf(id)
  }

  async #listen(id: string, port: number): Promise<void> {
    const listener = createServer((socket) => this.#http.fastify.server.emit('connection', socket))
    await new Promise<void>((resolve, reject) => {
      listener.once('error', (cause: NodeJS.ErrnoException) => {
        const text = `the admin interface of ${id} cannot listen on ${HOST}:${port}`
        reject(new AppError(cause.code === 'EADDRINUSE' ? 'port-taken' : 'unavailable', text, { cause }))
      })
      listener.listen({ host: HOST, port }, resolve)
    })
    this.#listeners.push(listener)
    const bound = (listener.address() as AddressInfo).port
    this.#idByPort.set(bound, id)
    this.#portById.set(id, bound)
  }
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  if (typeof answer === 'string') return reply.type(PLAIN_TEXT).send(answer)
  return reply.header('content-type', 'application/json').send(`${JSON.stringify(answer, undefined, 1)}\n`)
}

function stateOf(proxy: MockProxy): string {
  return proxy.live ? 'LIVE' : 'PRE_INITIALIZING'
}

function serverInfo(proxy: MockProxy, clock: Clock): JsonObject {
  const uptime = `${Math.floor((clock.nowMs() - proxy.startedAtMs) / 1_000)}s`
  return {
    version: ENVOY_BUILD,
    state: stateOf(proxy),
    uptime_current_epoch: uptime,
    uptime_all_epochs: uptime,
    hot_restart_version: 'disabled',
    node: nodeJson(proxy.node),
  }
}
