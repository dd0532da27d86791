import type { ResourceStore, TenantStore } from '../../src/store/store.js'
import type { FakeClock } from '../support/fake-clock.js'

/** One store under the contract; each test takes tenants of its own. */
export interface Subject {
  readonly clock: FakeClock
  readonly store: () => ResourceStore
  readonly freshTenant: () => TenantStore
}
