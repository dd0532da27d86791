import { z } from 'zod'
import type { Reply } from '../api/reply.js'
import type { JsonObject } from '../model/json.js'
import { readBody } from './body.js'
import { SHARD_HEADER } from './control-planes.js'
import type { ControlPlane, Feature } from './entities.js'
import { judge } from './grants.js'
import { type Filterable, listPage } from './listing.js'
import { answer, NO_CONTENT, timeOf } from './reply.js'
import type { ManagerRequest, ManagerRoute } from './route.js'

const PATH = '/v1/mesh/control-planes'

export const CONTROL_PLANE_ROUTES: readonly ManagerRoute[] = [
  { method: 'GET', path: PATH, what: 'Control planes that the caller may see', access: 'member', handle: list },
  { method: 'POST', path: PATH, what: 'A new control plane', access: 'create-control-planes', handle: create },
  { method: 'GET', path: `${PATH}/{cpId}`, what: 'One control plane', access: 'control-plane-see', handle: get },
  { method: 'PUT', path: `${PATH}/{cpId}`, what: 'Replace it', access: 'control-plane-write', handle: put },
  { method: 'PATCH', path: `${PATH}/{cpId}`, what: 'Change it', access: 'control-plane-write', handle: patch },
  {
    method: 'DELETE',
    path: `${PATH}/{cpId}`,
    what: "Remove it and all that it has; refused while a zone is online, without zonelab's own `?force=true`",
    access: 'control-plane-write',
    handle: remove,
  },
  {
    method: 'GET',
    path: `${PATH}/{cpId}/zone-access`,
    what: "What its zones may present (zonelab's own)",
    access: 'control-plane-read',
    handle: async ({ controlPlane }) => answer(zoneAccess(controlPlane)),
  },
  {
    method: 'PATCH',
    path: `${PATH}/{cpId}/zone-access`,
    what: "Change what its zones may present (zonelab's own)",
    access: 'control-plane-write',
    handle: patchZoneAccess,
  },
]

const LABEL_VALUE = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/
const LABEL_KEY = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/
const LABELS_MAX = 10

const labelRule = { params: { rule: 'is_label' } }
const labelKey = z.string().refine((key) => LABEL_KEY.test(key), { ...labelRule, error: 'is not a label key' })
const labelValue = z
  .string()
  .refine((value) => LABEL_VALUE.test(value), { ...labelRule, error: 'is not a label value' })

function labels<V extends z.ZodType>(value: V) {
  return z.record(labelKey, value).refine((all) => Object.keys(all).length <= LABELS_MAX, {
    params: { rule: 'max_items' },
    error: `must have at most ${LABELS_MAX} entries`,
  })
}

const enabled = z.strictObject({ enabled: z.boolean() })
const feature = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('MeshCreation'), meshCreation: enabled }),
  z.strictObject({ type: z.literal('HostnameGeneratorCreation'), hostnameGeneratorCreation: enabled }),
])

const name = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[a-zA-Z0-9]/, 'must begin with a letter or a digit')
const description = z.string().max(250)
const version = z.string().regex(/^v[0-9]{1,9}$/, 'must be v and up to nine digits')

const newControlPlane = z.strictObject({
  name,
  description: description.default(''),
  labels: labels(labelValue).default({}),
  features: z.array(feature).max(2).default([]),
  version: version.default('v2'),
})
const wholeControlPlane = newControlPlane.omit({ features: true, version: true })
const changes = z.strictObject({
  name: name.optional(),
  description: description.optional(),
  labels: labels(labelValue.nullable()).optional(),
})
const zoneAccessChanges = z.strictObject({
  credentials: z.enum(['sat', 'zone-token', 'both']).optional(),
  personal_tokens: z.boolean().optional(),
})

const FILTERS: Filterable<ControlPlane> = {
  name: { operations: ['eq', 'contains'], value: ({ name }) => name },
  labels: { operations: ['eq', 'neq', 'contains', 'oeq', 'ocontains'], value: ({ body }, key) => body.labels[key] },
}

async function list({ manager, records, caller, region, query }: ManagerRequest): Promise<Reply> {
  const visible = (await manager.controlPlanes.list(records)).filter(
    ({ id, body }) => body.region === region && judge(caller.grants, 'see', { id, region }) === 'allowed',
  )
  return answer(listPage(visible, query, FILTERS, shown))
}

async function create(request: ManagerRequest): Promise<Reply> {
  const { manager, records, caller, region, body, trail } = request
  const wanted = readBody(body, newControlPlane)
  const features = wanted.features as readonly Feature[]
  const shard = request.header(SHARD_HEADER)
  const made = await manager.controlPlanes.create(records, { ...wanted, features, region, shard }, caller, trail)
  return answer(shown(made), 201)
}

async function get({ controlPlane }: ManagerRequest): Promise<Reply> {
  return answer(shown(controlPlane))
}

async function put({ manager, records, controlPlane, body, trail }: ManagerRequest): Promise<Reply> {
  const { name, ...rest } = readBody(body, wholeControlPlane)
  return answer(shown(await manager.controlPlanes.update(records, controlPlane, { name, body: rest }, trail)))
}

async function patch({ manager, records, controlPlane, body, trail }: ManagerRequest): Promise<Reply> {
  const { name = controlPlane.name, description = controlPlane.body.description, labels = {} } = readBody(body, changes)
  const merged = Object.entries({ ...controlPlane.body.labels, ...labels }).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  )
  const changed = readBody(
    Buffer.from(JSON.stringify({ name, description, labels: Object.fromEntries(merged) })),
    wholeControlPlane,
  )
  const { name: renamed, ...rest } = changed
  return answer(shown(await manager.controlPlanes.update(records, controlPlane, { name: renamed, body: rest }, trail)))
}

async function remove({ manager, records, controlPlane, query, trail }: ManagerRequest): Promise<Reply> {
  await manager.controlPlanes.delete(records, controlPlane, trail, { force: query.get('force') === 'true' })
  return NO_CONTENT
}

async function patchZoneAccess({ manager, records, controlPlane, body, trail }: ManagerRequest): Promise<Reply> {
  const {
    credentials: zoneCredentials = controlPlane.body.zoneCredentials,
    personal_tokens: personalTokens = controlPlane.body.personalTokens,
  } = readBody(body, zoneAccessChanges)
  const changed = { body: { zoneCredentials, personalTokens } }
  return answer(zoneAccess(await manager.controlPlanes.update(records, controlPlane, changed, trail)))
}

function shown({ id, name, body }: ControlPlane): JsonObject {
  const { description, labels, features, version, createdAtMs, updatedAtMs } = body
  return {
    id,
    name,
    description,
    labels,
    features: features as unknown as JsonObject[],
    version,
    created_at: timeOf(createdAtMs),
    updated_at: timeOf(updatedAtMs),
  }
}

function zoneAccess({ body }: ControlPlane): JsonObject {
  return { credentials: body.zoneCredentials, personal_tokens: body.personalTokens }
}
