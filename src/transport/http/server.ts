import type { Server } from 'node:http'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { type FastifyInstance, fastify, LogController } from 'fastify'
import type { Clock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import type { Component } from '../../base/lifecycle.js'
import type { Logger } from '../../base/log.js'
import { createServer as createHttpServer } from '../../base/node-http.js'
import { fastifyLogger } from './fastify-logger.js'

interface CertificatePem {
  readonly certPem: string
  readonly keyPem: string
}

export interface HttpServerOptions {
  /** For logs and for `Component.name`. */
  readonly name: string
  readonly host: string
  /** 0 takes any free port; see `port` after the start. */
  readonly port: number
  /** PEM texts; undefined serves plaintext. TLS 1.2 is the least that is spoken. */
  readonly tls?: CertificatePem | undefined
  readonly clock: Clock
  readonly log: Logger
}

/** Kuma's (`apiServer.readTimeout`): a whole request has to arrive within it. */
const REQUEST_TIMEOUT_MS = 10_000
/** A second more than Kuma's, because a checker that looks every second would else be early. */
const HEADERS_TIMEOUT_MS = 2_000
/** Kuma's `apiServer.idleTimeout`. */
const KEEP_ALIVE_TIMEOUT_MS = 120_000
const TIMEOUT_CHECK_MS = 1_000
/** What KDS can carry (10 MiB): a larger resource could be stored and never synced. */
export const BODY_BYTES_MAX = 10 * 1024 * 1024
/** Node's own default, stated. */
const HEADER_BYTES_MAX = 16 * 1024
/** Longer than any KRI of legal names; Fastify's own default of 100 cuts them. */
const PATH_PARAMETER_LENGTH_MAX = 2_048
/** How long requests under way may take after `stop` before their connections are cut. */
const CLOSE_GRACE_MS = 3_000

/**
 * One HTTP or HTTPS listener. Routes are added to `fastify` before `start`. What no route answers gets the plain
 * texts of Kuma's router. Each request body arrives as a Buffer, whatever its content type.
 */
export class HttpServer implements Component {
  readonly name: string
  readonly fastify: FastifyInstance
  readonly #options: HttpServerOptions

  constructor(options: HttpServerOptions) {
    this.name = options.name
    this.#options = options
    this.fastify = fastify({
      serverFactory: (handler) => createServer(options, handler),
      loggerInstance: fastifyLogger(options.log.child({ component: options.name })),
      logController: new LogController({ disableRequestLogging: true }),
      exposeHeadRoutes: false,
      schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
      bodyLimit: BODY_BYTES_MAX,
      routerOptions: { ignoreTrailingSlash: true, maxParamLength: PATH_PARAMETER_LENGTH_MAX },
      clientErrorHandler: (error, socket) => answerClientError(error.code, socket),
      frameworkErrors: (_error, _request, reply) => {
        reply.hijack()
        reply.raw.writeHead(400, { 'content-type': PLAIN_TEXT }).end('400: Bad Request')
      },
    })
    this.fastify.removeAllContentTypeParsers()
    this.fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    this.fastify.setNotFoundHandler((_request, reply) => reply.code(404).type(PLAIN_TEXT).send('404: Page Not Found'))
    this.fastify.setErrorHandler((error, _request, reply) => {
      const { code } = AppError.from(error)
      options.log.error('request failed', { component: options.name, code, error })
      return reply.code(500).type(PLAIN_TEXT).send('500: Internal Server Error')
    })
  }

  /** Throws `port-taken` when the port is in use. */
  async start(): Promise<void> {
    const { host, port } = this.#options
    try {
      await this.fastify.listen({ host, port })
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw AppError.from(thrown)
      throw new AppError('port-taken', `${this.name}: ${host}:${port} is in use; choose another port`, {
        cause: thrown,
      })
    }
  }

  /** New connections are served with it; those that stand go on. Without effect on a listener without TLS. */
  replaceCertificate(pair: CertificatePem): void {
    const { server } = this.fastify
    if ('setSecureContext' in server) (server as HttpsServer).setSecureContext(secure(pair))
  }

  /** Takes no new request, lets those under way finish for a grace time, then cuts what is left. */
  async stop(): Promise<void> {
    const cut = this.#options.clock.after(CLOSE_GRACE_MS, () => this.fastify.server.closeAllConnections())
    try {
      await this.fastify.close()
    } finally {
      cut()
    }
  }

  /** The port that is listened on, from `start` to `stop`. */
  get port(): number {
    return (this.fastify.server.address() as AddressInfo).port
  }

  get url(): string {
    const { tls, host } = this.#options
    return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${this.port}`
  }
}

/** Our routes have no JSON schemas; unless told so, Fastify loads two compilers of them, which is 5 % of a process's start. */
function noSchemas(): never {
  throw new Error('no route has a JSON schema')
}

export const PLAIN_TEXT = 'text/plain; charset=utf-8'

type RequestListener = Parameters<typeof createHttpServer>[1]

function createServer(options: HttpServerOptions, handler: RequestListener): Server {
  const limits = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
  }
  if (options.tls === undefined) return createHttpServer(limits, handler)
  return createHttpsServer({ ...limits, ...secure(options.tls) }, handler)
}

function secure({ certPem: cert, keyPem: key }: CertificatePem) {
  return { cert, key, minVersion: 'TLSv1.2' } as const
}

/** What Node's parser refuses never becomes a request; the socket gets one line and is closed. */
function answerClientError(code: string, socket: Socket): void {
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status = CLIENT_ERRORS[code] ?? '400 Bad Request'
  const body = status.replace(' ', ': ')
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: ${PLAIN_TEXT}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  )
}

const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}
