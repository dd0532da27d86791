import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import type { ApiOptions } from '../../../src/api/options.js'
import { apiPlugin, TENANT_PREFIX } from '../../../src/api/plugin.js'
import { DEFAULT_ACCESS } from '../../../src/auth/access.js'
import { ADMIN_USER, ANONYMOUS_USER } from '../../../src/auth/api-user.js'
import { AppError } from '../../../src/base/errors.js'
import { silentLogger } from '../../../src/base/log.js'
import { seededRandom } from '../../../src/base/random.js'
import { canonicalJson, type Json, type JsonObject } from '../../../src/model/json.js'
import type { Labels } from '../../../src/model/labels.js'
import { descriptorOf, type ResourceType } from '../../../src/model/registry.js'
import type { ResourceDraft } from '../../../src/model/resource.js'
import { DEFAULT_TENANT, parseTenantId, type TenantId } from '../../../src/model/tenant.js'
import { MemoryStore } from '../../../src/store/memory-store.js'
import type { TenantStore } from '../../../src/store/store.js'
import { HttpServer } from '../../../src/transport/http/server.js'
import { FakeClock } from '../../support/fake-clock.js'

export const OTHER_TENANT = parseTenantId('11111111-2222-3333-4444-555555555555')
export const STRANGER = 'Bearer stranger'

/** An API over a memory store, asked without sockets. Callers are the admin, unless their header says `stranger`. */
export interface ApiLab {
  readonly options: ApiOptions
  readonly server: HttpServer
  readonly store: TenantStore
  readonly otherStore: TenantStore
  readonly clock: FakeClock
  /** Writes past the API, as a control plane does. */
  put(type: ResourceType, name: string, given?: Partial<Given>): Promise<void>
  ask(method: NonNullable<InjectOptions['method']>, url: string, options?: AskOptions): Promise<LightMyRequestResponse>
  get(url: string, options?: AskOptions): Promise<Answer>
}

interface Given {
  readonly mesh: string
  readonly labels: Labels
  readonly spec: JsonObject
  readonly status: JsonObject
}

interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** Objects are sent as JSON, texts as they are with the type `application/json`. */
  readonly body?: Json
}

export interface Answer {
  readonly status: number
  readonly body: JsonObject
}

export async function apiLab(overrides: Partial<ApiOptions> = {}): Promise<ApiLab> {
  const clock = new FakeClock()
  const stores = new MemoryStore({ clock, random: seededRandom(1) })
  const options = apiOptions(stores, clock, overrides)
  const server = new HttpServer({ name: 'api', host: '127.0.0.1', port: 0, clock, log: silentLogger })
  await server.fastify.register(apiPlugin, options)
  await server.fastify.register(apiPlugin, { ...options, prefix: TENANT_PREFIX })
  await server.fastify.ready()
  const store = stores.tenant(DEFAULT_TENANT)
  const ask: ApiLab['ask'] = (method, url, { headers = {}, body } = {}) =>
    server.fastify.inject({
      method,
      url,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  return {
    options,
    server,
    store,
    otherStore: stores.tenant(OTHER_TENANT),
    clock,
    put: (type, name, given = {}) => put(store, type, name, given),
    ask,
    get: async (url, asked) => {
      const response = await ask('GET', url, asked)
      return { status: response.statusCode, body: JSON.parse(response.body) as JsonObject }
    },
  }
}

async function put(store: TenantStore, type: ResourceType, name: string, given: Partial<Given>): Promise<void> {
  const { labels = {}, spec = {}, status } = given
  const mesh = descriptorOf(type).scope === 'mesh' ? (given.mesh ?? 'default') : undefined
  const resource: ResourceDraft = {
    type,
    mesh,
    name,
    labels,
    spec: canonicalJson(spec),
    status: status && canonicalJson(status),
    owner: mesh === undefined ? undefined : { type: 'Mesh', mesh: undefined, name: mesh },
    syncedVersion: undefined,
  }
  await store.commit([{ kind: 'put', resource, expect: 'any' }])
}

function apiOptions(stores: MemoryStore, clock: FakeClock, overrides: Partial<ApiOptions>): ApiOptions {
  const refuse = async (): Promise<never> => {
    throw new AppError('unavailable', 'this lab has none')
  }
  const known: readonly TenantId[] = [DEFAULT_TENANT, OTHER_TENANT]
  return {
    cp: { mode: 'global' },
    readOnly: false,
    unsafeDelete: false,
    info: {
      product: 'Kuma',
      version: '3.0.0',
      instanceId: 'lab-1',
      hostname: 'lab',
      gui: '/gui',
      config: { mode: 'global', store: { type: 'memory' } },
    },
    access: DEFAULT_ACCESS,
    clock,
    log: silentLogger,
    tenantStore: async (cpId) => {
      const tenant = known.find((candidate) => candidate === (cpId ?? DEFAULT_TENANT))
      if (tenant === undefined) throw new AppError('not-found', 'there is no such control plane')
      return stores.tenant(tenant)
    },
    authenticate: async ({ headers }) => {
      if (headers.authorization === 'Bearer bad') throw new AppError('unauthenticated', 'Unauthenticated')
      return headers.authorization === STRANGER ? ANONYMOUS_USER : ADMIN_USER
    },
    tokens: { zone: refuse, user: refuse, dataplane: refuse },
    proxies: { ask: refuse },
    meshSecrets: async (mesh) => [meshSecret(mesh)],
    ...overrides,
  }
}

function meshSecret(mesh: string): ResourceDraft {
  return {
    type: 'Secret',
    mesh,
    name: `dataplane-token-signing-key-${mesh}-1`,
    labels: {},
    spec: canonicalJson({ data: 'eA==' }),
    status: undefined,
    owner: { type: 'Mesh', mesh: undefined, name: mesh },
    syncedVersion: undefined,
  }
}
