import { hostname } from 'node:os'
import { type GuiOptions, guiPlugin } from '../api/gui.js'
import type { ApiOptions } from '../api/options.js'
import { apiPlugin, TENANT_PREFIX } from '../api/plugin.js'
import { accessRules } from '../auth/access-settings.js'
import { fromManager } from '../auth/acting-user.js'
import type { ApiRequest, ApiUser } from '../auth/api-user.js'
import { readTokenFile } from '../auth/token-file.js'
import type { Clock } from '../base/clock.js'
import type { Logger } from '../base/log.js'
import { describeSettings } from '../base/settings.js'
import type { JsonObject } from '../model/json.js'
import { DEFAULT_TENANT, parseTenantId } from '../model/tenant.js'
import { storePlace, storeType } from '../store/store-place.js'
import { CONTROL_PLANE_VERSION } from '../sync/sync-node.js'
import { HttpServer } from '../transport/http/server.js'
import type { KeyPairPem } from '../transport/x509.js'
import type { AdminRelay } from './admin-relay.js'
import { meshSecrets, proxyAdmin, tokenIssuer } from './api-ports.js'
import { GLOBAL_SETTINGS, type GlobalConfig } from './config.js'
import type { Sessions } from './sessions.js'
import type { Tenant, TenantDirectory } from './tenant-directory.js'
import { type TenantHandoffOptions, tenantHandoff } from './tenant-handoff.js'

export interface ApiListenerOptions {
  readonly config: GlobalConfig
  readonly instanceId: string
  readonly tenants: TenantDirectory
  readonly sessions: Sessions
  readonly relay: AdminRelay
  readonly elsewhere: TenantHandoffOptions['elsewhere']
  readonly clock: Clock
  readonly log: Logger
}

const GUI_PATH = '/gui'

/** A preview, so that kumactl does not warn of another version and the GUI does not look for a newer one (rest.md §2, §3.2). */
const API_VERSION = `${CONTROL_PLANE_VERSION.version}-preview.zonelab`

/**
 * A listener of a global's APIs, not started: Kuma's API of the default control plane, and of each under its own path; the
 * manager's hand-off of control planes; the GUI. Over TLS with a key pair, else in plaintext.
 */
export async function apiListener(options: ApiListenerOptions, tls?: KeyPairPem): Promise<HttpServer> {
  const { config, tenants, sessions, elsewhere, clock, log } = options
  const { name, port } = tls
    ? { name: 'api-https', port: config.apiHttpsPort }
    : { name: 'api-http', port: config.apiHttpPort }
  const server = new HttpServer({ name, host: config.listen, port, tls, clock, log })
  const api = apiOptions(options)
  const handoff = { tenants, sessions, elsewhere, token: () => managerToken(config), log }
  await server.fastify.register(apiPlugin, api)
  await server.fastify.register(apiPlugin, { ...api, prefix: TENANT_PREFIX })
  await server.fastify.register(tenantHandoff, { ...handoff, prefix: TENANT_PREFIX })
  await server.fastify.register(guiPlugin, { ...guiOptions(config), prefix: GUI_PATH })
  return server
}

function apiOptions({ config, instanceId, tenants, relay, clock, log }: ApiListenerOptions): ApiOptions {
  const tenantOf = (cpId: string | undefined) => tenants.get(cpId === undefined ? DEFAULT_TENANT : parseTenantId(cpId))
  return {
    cp: { mode: 'global' },
    readOnly: false,
    unsafeDelete: config.unsafeDelete,
    info: {
      product: 'Kuma',
      version: API_VERSION,
      instanceId,
      hostname: hostname(),
      gui: '',
      config: { mode: 'global', environment: 'universal', ...describeSettings(GLOBAL_SETTINGS, config) } as JsonObject,
    },
    access: accessRules(config),
    clock,
    log,
    tenantStore: async (cpId) => tenantOf(cpId).store,
    authenticate: (caller, store) => userOf(caller, tenants.get(store.tenant), managerToken(config)),
    tokens: tokenIssuer(tenants, config),
    proxies: proxyAdmin(relay),
    meshSecrets,
  }
}

/** The manager's word for whom it speaks, else the caller's own credential. */
async function userOf(caller: ApiRequest, tenant: Tenant, ofManager: string): Promise<ApiUser> {
  const manager = fromManager(caller, ofManager)
  return manager.kind === 'user' ? manager.user : tenant.users.authenticate(caller)
}

/** Empty without a manager. Read again each time, so that it can be replaced. */
function managerToken({ platformTokenFile }: GlobalConfig): string {
  return platformTokenFile === '' ? '' : readTokenFile(platformTokenFile, 'the token of the shard')
}

function guiOptions(config: GlobalConfig): GuiOptions {
  const { guiDir } = config
  const gui = {
    baseGuiPath: GUI_PATH,
    apiUrl: '/',
    version: API_VERSION,
    product: 'Kuma',
    mode: 'global',
    environment: 'universal',
    storeType: storeType(storePlace(config)),
    apiReadOnly: false,
  }
  return { folder: guiDir === '' ? undefined : guiDir, config: gui }
}
