import { ensureAdminUserToken, ensureSigningKey, signingKeyDraft } from '../auth/bootstrap-secrets.js'
import { TenantTrust, type TokenSources } from '../auth/tenant-trust.js'
import { dataplaneKeys, USER_KEYS, ZONE_KEYS } from '../auth/token-secrets.js'
import { UserAuthenticator } from '../auth/user-authenticator.js'
import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Logger } from '../base/log.js'
import type { Random } from '../base/random.js'
import { closeLeftOpen, type LivesStill } from '../insights/subscription-list.js'
import { globalDefaults, meshDefaults } from '../model/defaults.js'
import { canonicalJson } from '../model/json.js'
import type { TenantId } from '../model/tenant.js'
import type { ResourceStore, TenantStore, Write } from '../store/store.js'
import type { MeshCounting } from './mesh-counting.js'
import type { TenantRuntime } from './tenant-runtime.js'

/** One virtual global control plane of this process. */
export interface Tenant {
  readonly id: TenantId
  readonly store: TenantStore
  readonly runtime: TenantRuntime
  readonly trust: TenantTrust
  readonly users: UserAuthenticator
}

export interface TenantDirectoryOptions {
  readonly store: ResourceStore
  readonly makeRuntime: (store: TenantStore) => TenantRuntime
  readonly meshCounting: MeshCounting
  /** Instances whose streams are theirs to close. */
  readonly livesStill: () => Promise<LivesStill>
  readonly localhostIsAdmin: boolean
  /** Default: secrets alone. */
  readonly tokenSources?: TokenSources
  readonly bootstrapAdminToken: boolean
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** What a new control plane gets by default. */
export interface Defaults {
  readonly mesh: boolean
  readonly hostnameGenerators: boolean
}

/** The control planes that there are. One is made by `open` alone: asking for an unknown one makes nothing. */
export class TenantDirectory {
  readonly #options: TenantDirectoryOptions
  readonly #tenants = new Map<TenantId, Tenant>()
  readonly #opening = new Map<TenantId, Promise<Tenant>>()
  readonly #removing = new Map<TenantId, Promise<void>>()

  constructor(options: TenantDirectoryOptions) {
    this.#options = options
  }

  find(id: TenantId): Tenant | undefined {
    return this.#tenants.get(id)
  }

  /** Throws `not-found`. */
  get(id: TenantId): Tenant {
    const tenant = this.#tenants.get(id)
    if (!tenant) throw new AppError('not-found', `there is no control plane "${id}"`)
    return tenant
  }

  all(): readonly Tenant[] {
    return [...this.#tenants.values()]
  }

  /** Makes a control plane whole: keys, the admin's token, defaults; and closes what an earlier life left open. Idempotent. */
  async open(id: TenantId, defaults: Defaults): Promise<Tenant> {
    await this.#removing.get(id)
    let opening = this.#opening.get(id)
    if (!opening) {
      opening = this.#open(id)
      this.#opening.set(id, opening)
      // One that failed may be tried again.
      opening.catch(() => this.#opening.delete(id))
    }
    const tenant = await opening
    await this.#makeDefaults(tenant.store, defaults)
    return tenant
  }

  /** Removes a control plane and all that it has; `endStreams` is called once nobody finds it any more. Idempotent. */
  async remove(id: TenantId, endStreams: () => void): Promise<void> {
    const removing = this.#remove(id, endStreams)
    this.#removing.set(id, removing)
    try {
      await removing
    } finally {
      this.#removing.delete(id)
    }
  }

  async #remove(id: TenantId, endStreams: () => void): Promise<void> {
    await this.#opening.get(id)?.catch(() => undefined)
    const tenant = this.#tenants.get(id)
    this.#tenants.delete(id)
    this.#opening.delete(id)
    endStreams()
    if (tenant) await this.#close(tenant)
    await this.#options.store.deleteTenant(id)
  }

  async #open(id: TenantId): Promise<Tenant> {
    const {
      store: stores,
      clock,
      random,
      log,
      localhostIsAdmin,
      makeRuntime,
      livesStill,
      meshCounting,
      tokenSources,
    } = this.#options
    const store = stores.tenant(id)
    await ensureSigningKey(store, USER_KEYS)
    await ensureSigningKey(store, ZONE_KEYS)
    const trust = new TenantTrust({ store, ...(tokenSources && { sources: tokenSources }), clock, random, log })
    if (this.#options.bootstrapAdminToken) await ensureAdminUserToken(store, trust.issuer(USER_KEYS))
    await closeLeftOpen(store, 'ZoneInsight', clock.nowMs(), await livesStill())
    const users = new UserAuthenticator({ localhostIsAdmin, trust: trust.user, clock, log })
    await meshCounting.add(store)
    const tenant: Tenant = { id, store, runtime: makeRuntime(store), trust, users }
    this.#tenants.set(id, tenant)
    return tenant
  }

  async stop(): Promise<void> {
    for (const tenant of this.#tenants.values()) await this.#close(tenant)
  }

  async #close({ store, runtime, trust }: Tenant): Promise<void> {
    await this.#options.meshCounting.remove(store)
    await runtime.stop()
    trust.close()
  }

  async #makeDefaults(store: TenantStore, defaults: Defaults): Promise<void> {
    const { random } = this.#options
    const clusterId = { type: 'Config', mesh: undefined, name: 'kuma-cluster-id' } as const
    const config = {
      labels: {},
      spec: canonicalJson({ config: random.uuid() }),
      status: undefined,
      owner: undefined,
      syncedVersion: undefined,
    }
    const drafts = [{ ...clusterId, ...config }, ...(defaults.hostnameGenerators ? globalDefaults() : [])]
    const mesh = { type: 'Mesh', mesh: undefined, name: 'default' } as const
    if (defaults.mesh && !(await store.get(mesh))) {
      const made = {
        ...mesh,
        labels: {},
        spec: canonicalJson({}),
        status: undefined,
        owner: undefined,
        syncedVersion: undefined,
      }
      drafts.push(made, ...meshDefaults('default', []), await signingKeyDraft(dataplaneKeys('default')))
    }
    await store.commit(drafts.map((resource): Write => ({ kind: 'put', resource, expect: 'absent' })))
  }
}
