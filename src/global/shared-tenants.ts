import { AppError } from '../base/errors.js'
import type { Component } from '../base/lifecycle.js'
import type { Logger } from '../base/log.js'
import { DEFAULT_TENANT, type TenantId } from '../model/tenant.js'
import type { CloseReason } from '../protocol/close-reason.js'
import type { Peers } from '../store/peers.js'
import type { ResourceStore } from '../store/store.js'
import type { Sessions } from './sessions.js'
import type { Defaults, TenantDirectory } from './tenant-directory.js'

export interface SharedTenantsOptions {
  readonly store: ResourceStore
  readonly peers: Peers
  readonly tenants: TenantDirectory
  readonly sessions: Sessions
  readonly log: Logger
}

/** Whoever made it gave it its defaults. */
const NOTHING: Defaults = { mesh: false, hostnameGenerators: false }

const GONE: CloseReason = { kind: 'refused', code: 'permission-denied', detail: 'the control plane was deleted' }

/** Serves the control planes that another instance over the same database has made. */
export class SharedTenants implements Component {
  readonly name = 'shared-tenants'
  readonly #options: SharedTenantsOptions
  #unwatch: () => void = () => {}
  #looking: Promise<void> = Promise.resolve()
  #state: 'idle' | 'looking' | 'looking-again' = 'idle'

  constructor(options: SharedTenantsOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    this.#unwatch = this.#options.peers.watchTenants(() => this.#look())
  }

  async stop(): Promise<void> {
    this.#unwatch()
    await this.#looking
  }

  #look(): void {
    if (this.#state !== 'idle') {
      this.#state = 'looking-again'
      return
    }
    this.#state = 'looking'
    this.#looking = this.#follow()
      .catch((thrown: unknown) => {
        this.#options.log.warn('control planes could not be listed', { error: AppError.from(thrown) })
      })
      .finally(() => {
        const again = this.#state === 'looking-again'
        this.#state = 'idle'
        if (again) this.#look()
      })
  }

  async #follow(): Promise<void> {
    const { store, tenants, sessions, log } = this.#options
    const there = new Set<TenantId>(await store.tenants())
    for (const id of there) {
      if (tenants.find(id)) continue
      await tenants.open(id, NOTHING)
      log.info('a control plane that another instance made is served', { tenant: id })
    }
    for (const { id } of tenants.all()) {
      if (there.has(id) || id === DEFAULT_TENANT) continue
      // The list is of a moment ago: one that was made meanwhile is there by now.
      if ((await store.tenant(id).head()).revision > 0) continue
      await tenants.remove(id, () => {
        for (const session of sessions.ofTenant(id)) session.end(GONE)
      })
      log.info('a control plane that another instance deleted is served no more', { tenant: id })
    }
  }
}
