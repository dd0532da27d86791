import type { Clock } from '../../base/clock.js'
import type { TenantId } from '../../model/tenant.js'
import { SHARED_WRITES_MAX } from './requests.js'

/** Who has asked for nothing in so long is not slowed down by who writes meanwhile: longer than zones are silent (10 s). */
const ACTIVE_MS = 15_000
/**
 * A change that is sent to twenty zones takes some 0.2 ms of the event loop, and its garbage is collected by all threads of the
 * machine: with 1 ms another tenant's p99 was 4 times what it is alone, with 2 ms 1.7 times (docs/PERFORMANCE.md, `tenants`).
 */
const MS_PER_WRITE = 2
/** A tenant may be so far ahead of its pace: a transaction's worth. */
const AHEAD_MS = SHARED_WRITES_MAX * MS_PER_WRITE

interface Asked {
  readonly tenant: TenantId
  readonly atMs: number
}

/**
 * How fast a tenant may write. Alone as fast as the disk allows. Among others 500 writes a second, in transactions of 16, so
 * that a burst of one stays unnoticed by the rest: it waits for itself. Who waits 2 ms for each write is never slowed down.
 * (The generic cell rate algorithm: a time for each tenant at which all that it has written is paid for.)
 */
export class WritePace {
  readonly #clock: Clock
  /** The last asks of the two tenants that asked last: enough to know whether anybody is alone. */
  #latest: Asked | undefined
  #before: Asked | undefined
  /** Monotonic times; of tenants that are ahead. */
  readonly #paidAtMs = new Map<TenantId, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  asked(tenant: TenantId): void {
    if (this.#latest?.tenant !== tenant) this.#before = this.#latest
    this.#latest = { tenant, atMs: this.#clock.monotonicMs() }
  }

  /** A transaction with writes of this tenant begins. A large commit counts as a full transaction: it is one piece of news. */
  began(tenant: TenantId, writes: number): void {
    if (this.isAlone(tenant)) return
    const nowMs = this.#clock.monotonicMs()
    const costMs = Math.min(writes, SHARED_WRITES_MAX) * MS_PER_WRITE
    this.#paidAtMs.set(tenant, Math.max(nowMs, this.#paidAtMs.get(tenant) ?? 0) + costMs)
  }

  isAlone(tenant: TenantId): boolean {
    const other = this.#latest?.tenant === tenant ? this.#before : this.#latest
    return other === undefined || this.#clock.monotonicMs() - other.atMs > ACTIVE_MS
  }

  /** How long the tenant's next transaction has to wait; 0: it may begin. */
  restMs(tenant: TenantId): number {
    const aheadMs = (this.#paidAtMs.get(tenant) ?? 0) - this.#clock.monotonicMs()
    if (aheadMs > AHEAD_MS && !this.isAlone(tenant)) return aheadMs - AHEAD_MS
    if (aheadMs <= 0) this.#paidAtMs.delete(tenant)
    return 0
  }
}
