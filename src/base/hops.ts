import type { Clock } from './clock.js'

/**
 * One step of a resource's way, as the process that took it saw it. KDS and xDS carry no trace, so hops are joined by
 * name and content version afterwards; monotonic times are comparable between processes of one host.
 */
export interface Hop {
  readonly at: number
  readonly hop: HopKind
  readonly tenant: string
  /** The zone or sidecar at the far end of the hop, where there is one. */
  readonly peer: string | undefined
  readonly type: string
  /** As it travels: `name.mesh` on KDS, the Envoy resource's name on xDS. */
  readonly name: string
  /** Content version; undefined where only the name is known (a removal). */
  readonly version: string | undefined
  /** How long the step took, where it is no instant; `at` is its end. */
  readonly tookMs?: number
}

export type HopKind =
  | 'accepted'
  | 'kds-encoded'
  | 'kds-sent'
  | 'kds-acked'
  | 'kds-nacked'
  | 'zone-stored'
  | 'xds-sent'
  | 'xds-acked'
  | 'xds-nacked'
  | 'dataplane-applied'

interface Reader {
  /** Undefined: all tenants'. */
  readonly tenant: string | undefined
  readonly read: (hop: Hop) => void
}

/** The process's hops. Nothing is built or kept of what nobody reads: check `active` or `readsOf` before making one. */
export class Hops {
  readonly #clock: Clock
  readonly #readers = new Set<Reader>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get active(): boolean {
    return this.#readers.size > 0
  }

  /** Whether somebody reads this tenant's. */
  readsOf(tenant: string): boolean {
    for (const reader of this.#readers) if (reader.tenant === undefined || reader.tenant === tenant) return true
    return false
  }

  emit(hop: Omit<Hop, 'at'>): void {
    if (this.#readers.size === 0) return
    const stamped = { at: this.#clock.monotonicMs(), ...hop }
    for (const { tenant, read } of this.#readers) if (tenant === undefined || tenant === hop.tenant) read(stamped)
  }

  /** Of one tenant or of all. */
  read(read: (hop: Hop) => void, tenant?: string): () => void {
    const reader = { tenant, read }
    this.#readers.add(reader)
    return () => this.#readers.delete(reader)
  }
}
