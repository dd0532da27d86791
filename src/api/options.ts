import type { AccessRules } from '../auth/access.js'
import type { ApiUser, ApiRequest as Caller } from '../auth/api-user.js'
import type { Clock } from '../base/clock.js'
import type { Logger } from '../base/log.js'
import type { ControlPlane } from '../model/compute-labels.js'
import type { JsonObject } from '../model/json.js'
import type { Resource, ResourceDraft } from '../model/resource.js'
import type { TenantStore } from '../store/store.js'

/** A control plane as its API needs it. The same for every mount; what differs by tenant is asked for with its store. */
export interface ApiOptions {
  readonly cp: ControlPlane
  /** Refuses every write. */
  readonly readOnly: boolean
  /** Lets a mesh go with its dataplanes and a zone with its open streams (Kuma `store.unsafeDelete`). */
  readonly unsafeDelete: boolean
  readonly info: ApiInfo
  readonly access: AccessRules
  readonly clock: Clock
  readonly log: Logger
  /**
   * The store of the control plane that the mount's path names; undefined for the bare mount. Throws `not-found` for an
   * unknown one.
   */
  readonly tenantStore: (cpId: string | undefined) => Promise<TenantStore>
  /** Throws `unauthenticated`. */
  readonly authenticate: (caller: Caller, store: TenantStore) => Promise<ApiUser>
  readonly tokens: TokenIssuer
  readonly proxies: ProxyAdmin
  /** What a new mesh needs besides its default policies: the key that signs its dataplane tokens. */
  readonly meshSecrets: (mesh: string) => Promise<readonly ResourceDraft[]>
  /** A proxy's configuration as this zone would make it now; undefined on a global, which answers 405. */
  readonly proxyConfig?: ProxyConfig | undefined
  /** The identity that a dataplane has; undefined where it has none. */
  readonly spiffeId?: ((store: TenantStore, dataplane: Resource) => Promise<string | undefined>) | undefined
}

export interface ApiInfo {
  readonly product: string
  readonly version: string
  readonly basedOnKuma?: string | undefined
  readonly instanceId: string
  readonly hostname: string
  /** Where the GUI is; '' when it is not served. */
  readonly gui: string
  /** The effective configuration, secrets masked. */
  readonly config: JsonObject
}

/**
 * Issues tokens of one control plane. Each throws `not-found` with Kuma's text when there is no signing key, and
 * `invalid-argument` where issuing is switched off.
 */
export interface TokenIssuer {
  zone(store: TenantStore, request: { zone: string; scope: readonly string[] }, validForMs: number): Promise<string>
  user(store: TenantStore, request: { name: string; groups: readonly string[] }, validForMs: number): Promise<string>
  dataplane(store: TenantStore, request: DataplaneTokenRequest, validForMs: number): Promise<string>
}

export interface DataplaneTokenRequest {
  readonly name: string
  readonly mesh: string
  readonly tags: Readonly<Record<string, readonly string[]>>
  readonly type: string
  readonly workload: string
}

/** What is asked of a proxy's admin interface. */
export type ProxyQuestion =
  | { readonly kind: 'xds'; readonly includeEds: boolean }
  | { readonly kind: 'stats'; readonly format: 'text' | 'json'; readonly usedOnly: boolean }
  | { readonly kind: 'clusters'; readonly format: 'text' | 'json' }

/** Reaches a proxy's admin interface, on a global through its zone. Throws `zone-offline`, `timed-out`, `unavailable`. */
export interface ProxyAdmin {
  ask(store: TenantStore, dataplane: Resource, question: ProxyQuestion): Promise<Buffer>
}

export interface ProxyConfig {
  /** xDS resources by type URL and name. `shadow` takes policies in shadow mode as if they were real. */
  build(store: TenantStore, dataplane: Resource, options: { shadow: boolean }): Promise<JsonObject>
}
