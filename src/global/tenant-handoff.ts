import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { fromManager } from '../auth/acting-user.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import { RESOURCE_TYPES } from '../model/registry.js'
import { parseTenantId, type TenantId } from '../model/tenant.js'
import type { Sessions } from './sessions.js'
import type { Tenant, TenantDirectory } from './tenant-directory.js'

export interface TenantHandoffOptions {
  readonly tenants: TenantDirectory
  readonly sessions: Sessions
  /** Zones whose stream another instance has. */
  readonly elsewhere: (tenant: TenantId) => Promise<ReadonlySet<string>>
  /** Of the manager. */
  readonly token: () => string
  readonly log: Logger
}

/** What `tenantHandoff` serves at `…/{cpId}/api/tenants`. */
export const HANDOFF_ROUTES = [
  { method: 'POST', what: 'Makes the tenant; can be repeated' },
  { method: 'GET', what: 'Zones online, resources, revision, last write' },
  { method: 'DELETE', what: 'Ends the streams of its zones and removes all that it has; can be repeated' },
] as const

const features = z.array(
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('MeshCreation'), meshCreation: z.object({ enabled: z.boolean() }) }),
    z.object({
      type: z.literal('HostnameGeneratorCreation'),
      hostnameGeneratorCreation: z.object({ enabled: z.boolean() }),
    }),
  ]),
)
const newTenant = z.object({ features: features.default([]) })

/**
 * Where a control-plane manager hands control planes over and takes them back: `…/{cpId}/api/tenants`. Every call can be
 * repeated. A call that the manager makes for somebody else does not count: nobody gets here by way of the relay.
 */
export function tenantHandoff(fastify: FastifyInstance, options: TenantHandoffOptions, done: () => void): void {
  fastify.addHook('onRequest', async (request, reply) => {
    const caller = { remoteAddress: request.socket.remoteAddress, headers: request.headers }
    if (fromManager(caller, options.token()).kind === 'manager') return undefined
    return reply.code(404).type('text/plain').send('404: Page Not Found')
  })
  fastify.setErrorHandler((thrown, _request, reply) => {
    const error = AppError.from(thrown)
    const { http } = error.description
    if (http >= 500) options.log.error('a tenant could not be handed over', { code: error.code, error })
    return reply.code(http).type('text/plain').send(error.message)
  })
  fastify.post('/tenants', (request, reply) => make(request, reply, options))
  fastify.get('/tenants', (request, reply) => show(request, reply, options))
  fastify.delete('/tenants', (request, reply) => remove(request, reply, options))
  done()
}

async function make(
  request: FastifyRequest,
  reply: FastifyReply,
  { tenants, log }: TenantHandoffOptions,
): Promise<FastifyReply> {
  const id = tenantOf(request)
  const there = tenants.find(id) !== undefined
  const asked = bodyOf(request)
  const has = (wanted: (feature: z.infer<typeof features>[number]) => boolean) => asked.features.some(wanted)
  await tenants.open(id, {
    mesh: has((feature) => feature.type === 'MeshCreation' && feature.meshCreation.enabled),
    hostnameGenerators: has(
      (feature) => feature.type === 'HostnameGeneratorCreation' && feature.hostnameGeneratorCreation.enabled,
    ),
  })
  if (!there) log.info('a control plane was handed over', { tenant: id })
  return reply.code(there ? 200 : 201).send({ id })
}

async function show(
  request: FastifyRequest,
  reply: FastifyReply,
  options: TenantHandoffOptions,
): Promise<FastifyReply> {
  const tenant = options.tenants.get(tenantOf(request))
  return reply.send(await statusOf(tenant, options))
}

async function remove(
  request: FastifyRequest,
  reply: FastifyReply,
  { tenants, sessions, log }: TenantHandoffOptions,
): Promise<FastifyReply> {
  const id = tenantOf(request)
  await tenants.remove(id, () => {
    for (const session of sessions.ofTenant(id)) {
      session.end({ kind: 'refused', code: 'permission-denied', detail: GONE })
    }
  })
  log.info('a control plane was removed', { tenant: id })
  return reply.code(204).send()
}

const GONE = 'the control plane was deleted'

async function statusOf({ id, store }: Tenant, { sessions, elsewhere }: TenantHandoffOptions) {
  const { head, resources } = await store.listAll(RESOURCE_TYPES)
  const here = sessions.ofTenant(id).filter(({ rpc }) => rpc === 'GlobalToZoneSync')
  const online = new Set([...here.map(({ zone }) => zone), ...(await elsewhere(id))])
  const written = resources.reduce((latest, { modifiedAtMs }) => Math.max(latest, modifiedAtMs), 0)
  return {
    zonesOnline: [...online].sort(),
    zones: resources.filter(({ type }) => type === 'Zone').length,
    resources: resources.length,
    revision: head.revision,
    lastWriteMs: written === 0 ? undefined : written,
  }
}

/** Throws `invalid-argument`. */
function tenantOf({ params }: FastifyRequest): TenantId {
  return parseTenantId((params as { cpId?: string }).cpId ?? '')
}

/** Throws `undecodable`. */
function bodyOf({ body }: FastifyRequest): z.infer<typeof newTenant> {
  try {
    return newTenant.parse(JSON.parse(String(body)))
  } catch (cause) {
    throw new AppError('undecodable', 'expected {"features": […]}', { cause })
  }
}
