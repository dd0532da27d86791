import type { ZoneAdmissionObserver } from '../auth/zone-admission.js'
import type { PeerIdentity, ZoneRefused } from '../auth/zone-authenticator.js'
import type { ZoneCall } from '../auth/zone-call.js'
import type { Clock } from '../base/clock.js'

/** A zone that was not let in, by what it says that it is. */
export interface RefusedZone {
  readonly tenant: string
  readonly zone: string
  readonly reason: string
  /** Since it tried last. */
  readonly ageMs: number
}

/** Names are the callers' own: whoever makes them up does not fill our memory. */
const KEPT_MAX = 20

/** Who was refused and has not got in since, the latest last: for whoever wonders why a zone does not come. */
export class RefusedZones implements ZoneAdmissionObserver {
  readonly #clock: Clock
  readonly #refused = new Map<string, Omit<RefusedZone, 'ageMs'> & { readonly atMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  onAdmitted(peer: PeerIdentity): void {
    this.#refused.delete(keyOf(peer))
  }

  onRefused(call: ZoneCall, { reason }: ZoneRefused): void {
    const key = keyOf(call)
    this.#refused.delete(key)
    this.#refused.set(key, { tenant: call.tenant, zone: call.zone, reason, atMs: this.#clock.monotonicMs() })
    const [oldest] = this.#refused.keys()
    if (oldest !== undefined && this.#refused.size > KEPT_MAX) this.#refused.delete(oldest)
  }

  list(): readonly RefusedZone[] {
    const nowMs = this.#clock.monotonicMs()
    return [...this.#refused.values()].map(({ atMs, ...refused }) => ({ ...refused, ageMs: nowMs - atMs }))
  }
}

function keyOf({ tenant, zone }: ZoneCall): string {
  return `${tenant}/${zone}`
}
