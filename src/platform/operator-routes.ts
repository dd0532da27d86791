import type { FastifyInstance } from 'fastify'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { JsonObject } from '../model/json.js'
import type { RecordStore } from '../store/records.js'
import { auditPage } from './audit-pages.js'
import type { ControlPlanes } from './control-planes.js'
import { type ControlPlane, Records } from './entities.js'
import { sameSecret } from './secrets.js'

export interface OperatorRoutesOptions {
  readonly store: RecordStore
  readonly controlPlanes: ControlPlanes
  readonly token: string
  readonly log: Logger
}

/** What `operatorRoutes` serves. */
export const OPERATOR_ROUTES = [
  { path: '/control-planes', what: 'Every control plane of every organisation, and how its global says it is doing' },
  { path: '/placements', what: 'Where every control plane is' },
  { path: '/audit', what: 'What was done in every organisation' },
] as const

/** What whoever operates the manager sees across all organisations, with the token of the diagnostics port. */
export function operatorRoutes(fastify: FastifyInstance, options: OperatorRoutesOptions, done: () => void): void {
  fastify.addHook('onRequest', async (request, reply) => {
    if (sameSecret(request.headers.authorization ?? '', `Bearer ${options.token}`)) return undefined
    return reply.code(401).type('text/plain').send("401: this path needs the operator's token")
  })
  fastify.get('/control-planes', async (_request, reply) => reply.send({ items: await overview(options) }))
  fastify.get('/placements', async (_request, reply) => reply.send({ items: await placements(options) }))
  fastify.get('/audit', async (request, reply) => {
    const query = new URLSearchParams(request.raw.url?.split('?')[1] ?? '')
    const size = pageSize(query.get('page[size]'))
    const [after, controlPlane] = [query.get('page[after]') ?? undefined, query.get('controlPlane') ?? undefined]
    const { items, next } = await auditPage(options.store, { size, after, controlPlane })
    return reply.send({ items, meta: { page: { size, ...(next !== undefined && { next }) } } })
  })
  fastify.setErrorHandler((thrown, _request, reply) => {
    const error = AppError.from(thrown)
    options.log.warn('the operator was not answered', { code: error.code, error })
    return reply.code(error.description.http).type('text/plain').send(error.message)
  })
  done()
}

/** Every control plane of every organisation; what its global would know is left out while that is away. */
async function overview(options: OperatorRoutesOptions): Promise<JsonObject[]> {
  const rows = await inEachOrganization(options.store, async (records) => {
    const organization = await records.get('organization', records.organization)
    const controlPlanes = await records.list('control-plane')
    return Promise.all(controlPlanes.map((controlPlane) => rowOf(controlPlane, organization?.name ?? '', options)))
  })
  return rows.flat()
}

/** Where every control plane is that is there for people; no global is asked. */
async function placements({ store, controlPlanes }: OperatorRoutesOptions): Promise<JsonObject[]> {
  const rows = await inEachOrganization(store, async (records) => {
    const organization = await records.get('organization', records.organization)
    return (await controlPlanes.list(records)).map((one) => placementOf(one, organization?.name ?? ''))
  })
  return rows.flat()
}

function placementOf({ id, name, body }: ControlPlane, organization: string): JsonObject {
  return { id, name, organization, region: body.region, shard: body.shard, phase: body.phase }
}

async function rowOf(
  controlPlane: ControlPlane,
  organization: string,
  { controlPlanes, log }: OperatorRoutesOptions,
): Promise<JsonObject> {
  const { id } = controlPlane
  const own = placementOf(controlPlane, organization)
  try {
    const status = await controlPlanes.shardOf(controlPlane).tenantStatus(id)
    return { ...own, ...(status as unknown as JsonObject) }
  } catch (thrown) {
    log.warn('the global of a control plane does not say how it is', { tenant: id, error: AppError.from(thrown) })
    return own
  }
}

/** Of one page: some 300 KB. */
const PAGE_SIZE_MAX = 1_000

function pageSize(asked: string | null): number {
  if (asked === null) return PAGE_SIZE_MAX
  if (/^[1-9]\d{0,3}$/.test(asked) && Number(asked) <= PAGE_SIZE_MAX) return Number(asked)
  throw new AppError('invalid-argument', `page[size]: expected a whole number from 1 to ${PAGE_SIZE_MAX}`)
}

async function inEachOrganization<T>(store: RecordStore, ask: (records: Records) => Promise<T>): Promise<T[]> {
  const ids = await store.organizations()
  return Promise.all(ids.map((id) => ask(new Records(store.organization(id)))))
}
