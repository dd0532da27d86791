import type { LinkFault, LinkFaultKind } from '../sync/link-fault.js'
import type { DiagnosticsClient } from './diagnostics-client.js'

export interface ActiveFault {
  readonly id: string
  readonly kind: LinkFaultKind
  /** Until it reverts. */
  readonly leftMs: number
}

/** A zone's faults, through its diagnostics. Throws `unavailable`. */
export class FaultClient {
  readonly #zone: DiagnosticsClient

  constructor(zone: DiagnosticsClient) {
    this.#zone = zone
  }

  async list(): Promise<readonly ActiveFault[]> {
    const { faults } = await this.#zone.ask<{ faults: readonly ActiveFault[] }>('GET', '/faults')
    return faults
  }

  async add(fault: LinkFault): Promise<void> {
    await this.#zone.ask('PUT', '/faults', fault)
  }

  async remove(id: string): Promise<void> {
    await this.#zone.ask('DELETE', `/faults/${encodeURIComponent(id)}`)
  }
}
