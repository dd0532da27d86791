import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Reply } from '../api/reply.js'
import { invariant } from '../base/assert.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import { audit } from './audit.js'
import { authenticate, type Caller, RefusedToken } from './caller.js'
import type { Trail } from './control-planes.js'
import { type ControlPlane, Records } from './entities.js'
import { judge, mayCreate, type Need } from './grants.js'
import type { LastUse } from './last-use.js'
import { PROBLEM_TYPE, problemJson } from './problem.js'
import type { RefusedCall, RefusedCalls } from './refused-calls.js'
import { auditedAs, neededFor, passedOn, type RelayedCall, relay, zoneDeletedBy } from './relay.js'
import type { Access, Manager, ManagerRequest, ManagerRoute } from './route.js'
import { MANAGER_ROUTES } from './routes.js'

export interface ManagerPluginOptions {
  readonly manager: Manager
  readonly region: string
  readonly lastUse: LastUse
  readonly refusedCalls: RefusedCalls
  readonly log: Logger
}

/** Whose request it is, once that is known. */
type Callers = WeakMap<FastifyRequest, Known>
type Known = Pick<RefusedCall, 'organization' | 'trail'>

const RETRY_AFTER_S = '2'

/** The manager's API of one region. Order of refusals: credential, organisation, control plane, role, then the body. */
export function managerPlugin(fastify: FastifyInstance, options: ManagerPluginOptions, done: () => void): void {
  const { manager, log } = options
  fastify.addHook('onRequest', async (request) => {
    request.id = String(Math.floor(manager.random.next() * Number.MAX_SAFE_INTEGER))
  })
  const callers: Callers = new WeakMap()
  fastify.setErrorHandler((thrown, request, reply) => {
    const error = fromFastify(thrown)
    const reason = error instanceof RefusedToken ? error.reason : error.code
    tellRefusal(request, knownBy(error, request, callers), { status: error.description.http, reason }, options)
    callers.delete(request)
    return fail(error, request, reply, log)
  })
  // Answers that are no errors of ours: the global's own, and those in Kuma's form.
  fastify.addHook('onSend', async (request, { statusCode: status }) => {
    if (status >= 400) tellRefusal(request, callers.get(request), { status, reason: `status ${status}` }, options)
  })
  for (const route of MANAGER_ROUTES) {
    fastify.route({
      method: route.method,
      url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      handler: async (request, reply) => send(await route.handle(await bind(request, route, options, callers)), reply),
    })
  }
  for (const url of ['', '/*'].map((rest) => `/v1/mesh/control-planes/:cpId/api${rest}`)) {
    fastify.route({
      method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      url,
      handler: (request, reply) => relayed(request, reply, options, callers),
    })
  }
  done()
}

/** Who calls, what for, and whether that is allowed. */
async function bind(
  request: FastifyRequest,
  { access, bareToken }: Pick<ManagerRoute, 'access' | 'bareToken'>,
  { manager, region, lastUse }: ManagerPluginOptions,
  callers: Callers,
): Promise<ManagerRequest> {
  const { store, clock } = manager
  const caller = await authenticate(store, secretOf(request, bareToken ?? false), clock)
  const trail = trailOf(request, caller.holder, caller.token.id)
  callers.set(request, { organization: caller.organization.id, trail })
  lastUse.used(caller.organization.id, caller.token.id, clock.nowMs())
  const records = new Records(store.organization(caller.organization.id))
  const params = request.params as Record<string, string | undefined>
  const controlPlane = await admit(access, caller, params, { manager, records, region })
  return {
    manager,
    caller,
    records,
    region,
    query: new URLSearchParams(request.raw.url?.split('?')[1] ?? ''),
    body: bodyOf(request) ?? Buffer.alloc(0),
    trail,
    get controlPlane() {
      invariant(controlPlane !== undefined, 'a route without a control plane asked for one')
      return controlPlane
    },
    param: (name) => params[name] ?? '',
    header: (name) => {
      const value = request.headers[name]
      return typeof value === 'string' ? value : undefined
    },
  }
}

interface Place {
  readonly manager: Manager
  readonly records: Records
  readonly region: string
}

/** The control plane that the path names, if the access is about one. Throws `permission-denied`, `not-found`. */
async function admit(
  access: Access,
  caller: Caller,
  params: Record<string, string | undefined>,
  place: Place,
): Promise<ControlPlane | undefined> {
  const { state } = caller.organization.body
  switch (access) {
    case 'member':
      return undefined
    case 'organization-admin':
      if (!caller.organizationAdmin) throw denied()
      return undefined
    case 'self':
      if (!caller.organizationAdmin && caller.holder.id !== params.userId) throw denied()
      return undefined
    case 'create-control-planes':
      if (state !== 'active' || !mayCreate(caller.grants, place.region)) throw denied()
      return undefined
    default:
      if (state !== 'active' && access !== 'control-plane-see' && access !== 'control-plane-read') throw denied()
      return reach(access.slice('control-plane-'.length) as Need, caller, params.cpId ?? '', place)
  }
}

/** A control plane of another organisation, one that is not there and one that is none of the caller's business look the same. */
async function reach(
  need: Need,
  caller: Caller,
  id: string,
  { manager, records, region }: Place,
): Promise<ControlPlane> {
  const controlPlane = await manager.controlPlanes.find(records, id.toLowerCase())
  const verdict = controlPlane && judge(caller.grants, need, { id: controlPlane.id, region })
  if (!controlPlane || verdict === 'hidden') throw new AppError('not-found', 'Not found')
  // At another region's address nothing is allowed, whatever the role says of its own.
  if (verdict === 'denied') throw denied()
  if (controlPlane.body.region !== region) throw new AppError('not-found', 'Not found')
  return controlPlane
}

function denied(): AppError {
  return new AppError('permission-denied', 'Permission denied')
}

async function relayed(
  request: FastifyRequest,
  reply: FastifyReply,
  options: ManagerPluginOptions,
  callers: Callers,
): Promise<FastifyReply> {
  const path = (request.params as Record<string, string | undefined>)['*']
  const call: RelayedCall = {
    method: request.method,
    path: path === undefined ? '' : `/${path}`,
    url: request.raw.url ?? '/',
    headers: request.headers,
    scheme: request.protocol,
    body: bodyOf(request),
  }
  const bound = await bind(request, { access: `control-plane-${neededFor(call)}` }, options, callers)
  const { manager, controlPlane, caller } = bound
  const answer = await relay(manager.controlPlanes.shardOf(controlPlane), controlPlane, caller, call)
  const status = answer.statusCode ?? 502
  if (status < 300) await followUp(call, bound)
  return reply.code(status).headers(passedOn(answer.headers)).send(answer)
}

/** What the manager itself has to do about a call that went well. */
async function followUp(call: RelayedCall, bound: ManagerRequest): Promise<void> {
  const { manager, records, controlPlane, trail } = bound
  const nowMs = manager.clock.nowMs()
  const zone = zoneDeletedBy(call)
  if (zone !== undefined) await manager.provisioning.zoneDeleted(records, controlPlane.id, zone, nowMs, trail)
  const audited = auditedAs(call)
  if (!audited) return
  const { id } = controlPlane
  await records.commit(
    audit({ ...trail, ...audited, atMs: nowMs, objectId: undefined, controlPlane: id, result: 'done' }),
  )
}

const SCHEME = /^Bearer +/i

function secretOf({ headers }: FastifyRequest, bare: boolean): string | undefined {
  const { authorization } = headers
  if (authorization === undefined) return undefined
  if (SCHEME.test(authorization)) return authorization.replace(SCHEME, '')
  return bare ? authorization : undefined
}

function trailOf(request: FastifyRequest, actor: Caller['holder'], tokenId: string): Trail {
  return { actor, tokenId, source: request.socket.remoteAddress, requestId: request.id }
}

function knownBy(error: AppError, request: FastifyRequest, callers: Callers): Known | undefined {
  if (!(error instanceof RefusedToken)) return callers.get(request)
  return { organization: error.organization, trail: trailOf(request, error.holder, error.tokenId) }
}

function tellRefusal(
  request: FastifyRequest,
  known: Known | undefined,
  how: Pick<RefusedCall, 'status' | 'reason'>,
  { refusedCalls }: ManagerPluginOptions,
): void {
  if (!known) return
  const { cpId: controlPlane, '*': rest } = request.params as Record<string, string | undefined>
  const route = request.routeOptions.url ?? ''
  refusedCalls.tell({ ...known, ...how, method: request.method, route, rest, controlPlane })
}

function bodyOf({ body }: FastifyRequest): Buffer | undefined {
  return Buffer.isBuffer(body) ? body : undefined
}

/** As bytes, because Fastify would add a charset to the type of a text. */
function send({ status, contentType, body }: Reply, reply: FastifyReply): FastifyReply {
  void reply.code(status)
  if (contentType === undefined) return reply.send()
  return reply.header('content-type', contentType).send(Buffer.from(body))
}

function fail(error: AppError, request: FastifyRequest, reply: FastifyReply, log: Logger): FastifyReply {
  const { http } = error.description
  if (http >= 500) {
    log.error('request failed', { method: request.method, path: request.routeOptions.url, code: error.code, error })
  }
  if (http === 503) void reply.header('retry-after', RETRY_AFTER_S)
  const body = Buffer.from(JSON.stringify(problemJson(error, request.id)))
  return reply.code(http).header('content-type', PROBLEM_TYPE).send(body)
}

/** Fastify's own refusals of a body, in our words. */
function fromFastify(thrown: unknown): AppError {
  const { code } = thrown as { code?: unknown }
  return code === 'FST_ERR_CTP_BODY_TOO_LARGE'
    ? new AppError('too-large', 'the body is too large')
    : AppError.from(thrown)
}
