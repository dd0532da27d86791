import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SCHEME_HEADER } from '../auth/acting-user.js'
import type { ApiUser } from '../auth/api-user.js'
import { AppError } from '../base/errors.js'
import type { TenantStore } from '../store/store.js'
import { acceptsJson, isJsonContent } from './media.js'
import type { ApiOptions } from './options.js'
import { type Match, PathTable } from './path-table.js'
import { problemJson, problemOf } from './problem.js'
import { json, type Reply } from './reply.js'
import type { ApiRequest, Route } from './route.js'
import { ROUTES } from './routes.js'

/** Where virtual control planes are mounted; `cpId` then names the tenant. */
export const TENANT_PREFIX = '/v1/mesh/control-planes/:cpId/api'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/** What the first hook finds out about a request, for its handler. */
interface Bound {
  readonly route: Route
  readonly params: Match['params']
  readonly store: TenantStore
  readonly user: ApiUser
}

/** Longer than any KRI of legal names. */
const PARAMETER_LENGTH_MAX = 2_048
const PATHS = new PathTable(ROUTES, PARAMETER_LENGTH_MAX)

const RETRY_LATER: ReadonlySet<number> = new Set([429, 503])
/** A database that fails over, or a queue that is full, is back within some seconds. */
const RETRY_AFTER_S = 2

const NOBODY: ApiUser = { name: '', groups: [] }
const BOUND = 'zonelabBound'
const MATCH = 'zonelabMatch'

/**
 * Kuma's REST API. Mounted bare it serves the tenant that `tenantStore(undefined)` gives; under `TENANT_PREFIX` the one
 * that the path names. Order of refusals, as in Kuma: tenant, credential, verb, content type, accept.
 */
export function apiPlugin(fastify: FastifyInstance, options: ApiOptions, done: () => void): void {
  fastify.decorateRequest(BOUND, null)
  fastify.decorateRequest(MATCH, null)
  const prefixLength = fastify.prefix.split('/').length - 1
  fastify.setErrorHandler((thrown, request, reply) => fail(fromFastify(thrown), request, reply, options))
  for (const url of ['/', '/*']) {
    fastify.route({
      method: [...METHODS],
      url,
      onRequest: async (request, reply) => {
        const match = PATHS.find(pathBelow(prefixLength, request.url))
        if (!match) {
          reply.callNotFound()
          return reply
        }
        request.setDecorator<Match>(MATCH, match)
        const bound = await bind(request, match, options)
        if ('status' in bound) return send(bound, reply)
        request.setDecorator<Bound>(BOUND, bound)
        return undefined
      },
      handler: async (request, reply) => {
        const bound = request.getDecorator<Bound>(BOUND)
        return send(await bound.route.handle(apiRequest(request, bound, options)), reply)
      },
    })
  }
  done()
}

/** Of a URL, what is below a mount of so many segments; Fastify has refused already what does not decode. */
function pathBelow(segments: number, url: string): string {
  // A request may name the whole URL (RFC 9112 §3.2.2).
  const [path = ''] = url.replace(/^https?:\/\/[^/]*/, '').split(/[?#]/, 1)
  return `/${path
    .split('/')
    .slice(segments + 1)
    .join('/')}`
}

/** Who calls whose API for what; or what the router itself answers. */
async function bind(request: FastifyRequest, { routes, params }: Match, options: ApiOptions): Promise<Bound | Reply> {
  const store = await options.tenantStore(paramsOf(request).cpId)
  const route = routes.find(({ method }) => method === request.method)
  const caller = { remoteAddress: request.socket.remoteAddress, headers: request.headers }
  const user = route?.anonymous ? NOBODY : await options.authenticate(caller, store)
  if (!route) {
    const allow = routes.map(({ method }) => method).join(', ')
    return { ...routerText(405, '405: Method Not Allowed'), headers: { allow } }
  }
  if (!isJsonContent(request.headers['content-type'], route.method)) {
    return routerText(415, '415: Unsupported Media Type')
  }
  if (!acceptsJson(request.headers.accept)) {
    return routerText(406, '406: Not Acceptable\n\nAvailable representations: application/json')
  }
  return { route, params, store, user }
}

function routerText(status: number, body: string): Reply {
  return { status, contentType: 'text/plain; charset=utf-8', body }
}

function apiRequest(request: FastifyRequest, { route, params, store, user }: Bound, api: ApiOptions): ApiRequest {
  const url = request.raw.url ?? '/'
  const queryAt = url.indexOf('?')
  return {
    api,
    store,
    user,
    route,
    query: new URLSearchParams(queryAt < 0 ? '' : url.slice(queryAt + 1)),
    origin: {
      // It decides over nothing but links: whoever sends it misleads himself.
      scheme: request.headers[SCHEME_HEADER] === 'https' ? 'https' : request.protocol,
      host: request.host,
      path: queryAt < 0 ? url : url.slice(0, queryAt),
    },
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    param: (name) => params[name] ?? '',
  }
}

function paramsOf(request: FastifyRequest): Readonly<Record<string, string | undefined>> {
  return request.params as Record<string, string | undefined>
}

/** As bytes, because Fastify would add a charset to the type of a text; Kuma's JSON has none. */
function send({ status, contentType, headers, body }: Reply, reply: FastifyReply): FastifyReply {
  void reply.code(status).headers(headers ?? {})
  if (contentType === undefined) return reply.send()
  return reply.header('content-type', contentType).send(Buffer.isBuffer(body) ? body : Buffer.from(body))
}

function fail(error: AppError, request: FastifyRequest, reply: FastifyReply, { log }: ApiOptions): FastifyReply {
  const problem = problemOf(error)
  if (problem.status >= 500) {
    const { cpId: tenant } = paramsOf(request)
    const path = request.getDecorator<Match | null>(MATCH)?.path
    log.error('request failed', { tenant, method: request.method, path, code: error.code, error })
  }
  // What is away or too busy now: without the header, clients guess.
  if (error.description.retryable && RETRY_LATER.has(problem.status)) void reply.header('retry-after', RETRY_AFTER_S)
  return send(json(problemJson(problem), problem.status), reply)
}

/** Fastify's own refusals of a body, in our words. */
function fromFastify(thrown: unknown): AppError {
  const { code } = thrown as { code?: unknown }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new AppError('too-large', 'the body is over the limit of 10 MiB, which is what KDS can carry')
  }
  if (code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH') {
    return new AppError('undecodable', 'the body is not as long as its Content-Length says')
  }
  return AppError.from(thrown)
}
