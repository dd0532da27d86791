import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { LINK_FAULT_KINDS } from '../sync/link-fault.js'
import { hasToken } from '../transport/http/diagnostics.js'
import type { LinkFaults } from './link-faults.js'

/** A day: a fault that outlives everybody's memory of it is a fault of the lab. */
const DURATION_MS_MAX = 86_400_000

const faultSchema = z.strictObject({
  id: z.string().min(1).max(64),
  kind: z.enum(LINK_FAULT_KINDS),
  durationMs: z.number().min(1).max(DURATION_MS_MAX),
  expiredToken: z.string().optional(),
})

/** What `addFaultRoutes` serves. */
export const FAULT_ROUTES = [
  { method: 'GET', path: '/faults', what: "Faults of the zone's link" },
  { method: 'PUT', path: '/faults', what: 'Add a fault' },
  { method: 'DELETE', path: '/faults/{id}', what: 'End a fault' },
] as const

/** The faults of the zone's link, for whoever has the lab's token. Nothing without a token. */
export function addFaultRoutes(fastify: FastifyInstance, faults: LinkFaults, token: string): void {
  if (token === '') return
  const guarded = {
    preHandler: async (request: FastifyRequest, reply: FastifyReply) => {
      if (!hasToken(request, token)) return reply.code(401).send("401: this path needs the lab's token")
      return undefined
    },
  }
  fastify.get('/faults', guarded, async () => ({ faults: faults.active }))
  fastify.put('/faults', guarded, async (request, reply) => {
    const read = faultSchema.safeParse(jsonOf(request.body))
    if (!read.success) return reply.code(400).send(`400: ${z.prettifyError(read.error)}`)
    faults.add(read.data)
    return {}
  })
  fastify.delete('/faults/:id', guarded, async (request) => {
    faults.remove((request.params as { id: string }).id)
    return {}
  })
}

/** Bodies come as bytes; what is no JSON is no fault either. */
function jsonOf(body: unknown): unknown {
  try {
    return JSON.parse(String(body))
  } catch {
    return undefined
  }
}
