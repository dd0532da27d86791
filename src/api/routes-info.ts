import { requireAccess } from '../auth/access.js'
import { LABEL } from '../model/labels.js'
import { hashedName, type ParsedKri } from '../model/naming.js'
import { descriptorOf, type ResourceType } from '../model/registry.js'
import { specOf } from '../model/resource.js'
import { policiesJson, resourceTypeJson, SERVED_TYPES } from './descriptor-json.js'
import { globalInsight } from './global-insight.js'
import { readKri } from './kri.js'
import { step } from './problem.js'
import { formatted, getExisting, mayTouch } from './read.js'
import { JSON_TYPE, json, type Reply, text } from './reply.js'
import { goTime } from './resource-json.js'
import type { ApiRequest, Route } from './route.js'

/** What the control plane says about itself. */
export const INFO_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/', what: 'Product, version and identity', anonymous: true, handle: index },
  {
    method: 'GET',
    path: '/config',
    what: 'The effective configuration, secrets masked',
    rules: ['controlPlaneMetadata'],
    handle: config,
  },
  {
    method: 'GET',
    path: '/who-am-i',
    what: 'The caller as the API sees it',
    handle: ({ user }) => json({ name: user.name, groups: user.groups }),
  },
  {
    method: 'GET',
    path: '/policies',
    what: 'Policy types',
    handle: ({ api }) => json({ policies: policiesJson(api) }),
  },
  {
    method: 'GET',
    path: '/_resources',
    what: 'All resource types',
    handle: ({ api }) => json({ resources: SERVED_TYPES.map((type) => resourceTypeJson(type, api)) }),
  },
  { method: 'GET', path: '/global-insight', what: 'Numbers of the whole control plane', handle: insight },
  { method: 'GET', path: '/global-insights', what: 'How many of each global type there are', handle: countGlobals },
  { method: 'GET', path: '/_kri/{kri}', what: 'The resource that a KRI names', handle: byKri },
]

/** Where the id of a control plane's cluster is kept; a zone has its global's copy. */
const CLUSTER_ID = { type: 'Config', mesh: undefined, name: 'kuma-cluster-id' } as const

async function index({ api, store }: ApiRequest): Promise<Reply> {
  const { basedOnKuma, gui, hostname, instanceId, product, version } = api.info
  const stored = await store.get(CLUSTER_ID)
  const clusterId = stored ? (specOf<{ config?: string }>(stored).config ?? '') : ''
  return json({ ...(basedOnKuma && { basedOnKuma }), clusterId, gui, hostname, instanceId, product, version })
}

/** The one body that Kuma does not indent. */
function config({ api, user }: ApiRequest): Reply {
  requireAccess(api.access, user, { kind: 'control-plane-metadata' })
  return text(JSON.stringify(api.info.config), JSON_TYPE)
}

async function insight({ api, store }: ApiRequest): Promise<Reply> {
  return json({ createdAt: goTime(api.clock.nowMs()), ...(await globalInsight(store)) })
}

const COUNTED_GLOBALS = SERVED_TYPES.filter(
  (type) => descriptorOf(type).scope === 'global' && !type.endsWith('Insight'),
)

async function countGlobals({ api, store }: ApiRequest): Promise<Reply> {
  const { resources } = await store.listAll(COUNTED_GLOBALS)
  const total = (type: ResourceType) => resources.filter((resource) => resource.type === type).length
  return json({
    type: 'GlobalInsights',
    creationTime: goTime(api.clock.nowMs()),
    resources: Object.fromEntries(COUNTED_GLOBALS.map((type) => [type, { total: total(type) }])),
  })
}

async function byKri(request: ApiRequest): Promise<Reply> {
  const kri = readKri(request.param('kri'))
  mayTouch(request, kri.type)
  const mesh = kri.mesh === '' ? undefined : kri.mesh
  return step('Could not retrieve a resource', async () => {
    const resource = await getExisting(request, { type: kri.type, mesh, name: storedName(kri, request) })
    return json(formatted(resource, request, kri.namespace))
  })
}

/** What was made here is stored under its own name, a synced copy under the hashed one. */
function storedName({ mesh, zone, namespace, name }: ParsedKri, { api }: ApiRequest): string {
  if (zone === (api.cp.mode === 'global' ? '' : api.cp.zone)) return name
  const labels = { ...(zone && { [LABEL.zone]: zone }), ...(namespace && { [LABEL.namespace]: namespace }) }
  return hashedName({ mesh: mesh === '' ? undefined : mesh, name, labels })
}
