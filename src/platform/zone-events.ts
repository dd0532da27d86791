import type { Clock } from '../base/clock.js'
import type { RecordStore } from '../store/records.js'
import type { AdmissionEvent } from '../wire/admission-events.js'
import { audit } from './audit.js'
import type { ControlPlanes } from './control-planes.js'
import { type ControlPlane, Records } from './entities.js'
import type { LastUse } from './last-use.js'
import type { Provisioning } from './provision-zone.js'

export interface ZoneEventsOptions {
  readonly store: RecordStore
  readonly controlPlanes: ControlPlanes
  readonly provisioning: Provisioning
  readonly lastUse: LastUse
  readonly clock: Clock
}

/** Events are told at least once; a repetition comes within seconds, and ten thousand are some minutes of a flood. */
const REMEMBERED_MAX = 10_000

/** What globals tell of zones: last uses, refusals for the audit, and zones that are gone. */
export class ZoneEvents {
  readonly #options: ZoneEventsOptions
  readonly #taken = new Set<string>()

  constructor(options: ZoneEventsOptions) {
    this.#options = options
  }

  /** Events about control planes that the shard does not hold are dropped: it has no say over them. */
  async take(shard: string, events: readonly AdmissionEvent[]): Promise<void> {
    for (const event of events) {
      // Each shard counts its own.
      const key = `${shard} ${event.id}`
      if (this.#taken.has(key)) continue
      const home = await this.#homeOf(event.controlPlane, shard)
      if (home) await this.#apply(event, home.records, home.controlPlane)
      this.#remember(key)
    }
  }

  async #apply(event: AdmissionEvent, records: Records, controlPlane: ControlPlane): Promise<void> {
    const { lastUse, provisioning, controlPlanes, clock } = this.#options
    switch (event.kind) {
      case 'token-used':
        lastUse.used(records.organization, event.tokenId, event.atMs)
        return
      case 'zone-created':
        return
      case 'zone-deleted': {
        // News may be late, and a zone of that name there again.
        if (await controlPlanes.shardOf(controlPlane).hasZone(controlPlane.id, event.zone)) return
        await provisioning.zoneDeleted(records, controlPlane.id, event.zone, clock.nowMs(), SYSTEM_TRAIL)
        return
      }
      case 'zone-refused':
        await records.commit(
          audit({
            ...SYSTEM_TRAIL,
            actor: { kind: 'zone', id: event.zone, name: event.zone },
            tokenId: event.tokenId,
            atMs: event.atMs,
            action: 'refused zone',
            object: `zone ${event.zone}`,
            objectId: undefined,
            controlPlane: controlPlane.id,
            result: 'refused',
            reason: event.reason,
          }),
        )
    }
  }

  async #homeOf(id: string, shard: string): Promise<{ records: Records; controlPlane: ControlPlane } | undefined> {
    const { store, controlPlanes } = this.#options
    for (const organization of await store.organizations()) {
      const records = new Records(store.organization(organization))
      const controlPlane = await controlPlanes.find(records, id)
      if (controlPlane?.body.shard === shard) return { records, controlPlane }
    }
    return undefined
  }

  #remember(key: string): void {
    this.#taken.add(key)
    const [oldest] = this.#taken
    if (this.#taken.size > REMEMBERED_MAX && oldest !== undefined) this.#taken.delete(oldest)
  }
}

/** What the manager does of itself. */
export const SYSTEM_TRAIL = {
  actor: { kind: 'system', id: 'manager', name: 'manager' },
  tokenId: undefined,
  source: undefined,
  requestId: undefined,
} as const
