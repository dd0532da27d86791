import type { Clock } from '../base/clock.js'
import { type Laggard, type SyncedAnswer, type SyncRow, syncState } from '../insights/sync-report.js'
import { DOWN_TYPES } from '../model/registry.js'
import { specOf } from '../model/resource.js'
import type { TenantId } from '../model/tenant.js'
import type { PublishedType } from '../protocol/publisher.js'
import type { DownStream } from './down-stream.js'
import type { TenantRuntime } from './tenant-runtime.js'

export interface SyncStatusOptions {
  readonly clock: Clock
  /** The open downward streams. */
  readonly streams: () => Iterable<DownStream>
  readonly tenants: () => Promise<readonly TenantId[]>
  readonly tenantOf: (tenant: TenantId) => TenantRuntime
}

/** What a zone had to have acknowledged when someone began to wait: per type, the head of its view at that moment. */
type Goals = ReadonlyMap<string, number>

/**
 * How far every zone is behind what is newest for it. Zones are compared with the head of their own view, never with
 * the tenant's, which every status report moves.
 */
export class SyncStatus {
  readonly #options: SyncStatusOptions
  readonly #waiting = new Set<() => void>()

  constructor(options: SyncStatusOptions) {
    this.#options = options
  }

  /** To be called whenever a stream opened, answered or ended. */
  changed(): void {
    for (const check of this.#waiting) check()
  }

  async rows(): Promise<readonly SyncRow[]> {
    const rows: SyncRow[] = []
    const online = new Map([...this.#options.streams()].map((stream) => [peerKey(stream.peer), stream]))
    for (const { tenant, zone } of await this.#enabledZones()) {
      const stream = online.get(peerKey({ tenant, zone }))
      if (stream) rows.push(...this.#streamRows(stream))
      else rows.push(...DOWN_TYPES.map((type) => offlineRow(tenant, zone, type)))
    }
    return rows
  }

  /**
   * Resolves when every enabled zone is online and has acknowledged, without a refusal, what was newest for it when
   * this was called; or at the timeout, with who has not and why.
   */
  async untilSynced(timeoutMs: number): Promise<SyncedAnswer> {
    const zones = await this.#enabledZones()
    const goals = new Map<string, Goals>()
    return new Promise((resolve) => {
      const check = () => {
        const laggards = this.#laggards(zones, goals)
        if (laggards.length === 0) finish(laggards)
      }
      const finish = (laggards: readonly Laggard[]) => {
        cancel()
        this.#waiting.delete(check)
        resolve({ synced: laggards.length === 0, laggards })
      }
      const cancel = this.#options.clock.after(timeoutMs, () => finish(this.#laggards(zones, goals)))
      this.#waiting.add(check)
      check()
    })
  }

  #laggards(zones: readonly ZoneId[], goals: Map<string, Goals>): readonly Laggard[] {
    const online = new Map([...this.#options.streams()].map((stream) => [peerKey(stream.peer), stream]))
    return zones.flatMap((id): readonly Laggard[] => {
      const stream = online.get(peerKey(id))
      if (!stream?.view) return [{ component: id.zone, type: undefined, why: 'the zone is offline' }]
      const key = peerKey(id)
      let goal = goals.get(key)
      if (!goal) {
        goal = headsOf(stream)
        goals.set(key, goal)
      }
      return this.#streamLaggards(stream, goal)
    })
  }

  #streamLaggards(stream: DownStream, goal: Goals): readonly Laggard[] {
    const published = new Map(stream.types.map((type) => [type.type, type]))
    return [...goal].flatMap(([type, head]): readonly Laggard[] => {
      const state = published.get(type)
      if (!state) return []
      const [refusal] = state.refusals
      if (refusal) return [{ component: stream.peer.zone, type, why: `refused ${refusal.name}: ${refusal.reason}` }]
      const revision = knownRevision(stream, state)
      if (revision !== undefined && revision >= head) return []
      const why =
        stream.withheld.get(type) ?? (state.awaitingSinceMs === undefined ? 'not sent yet' : 'has not answered')
      return [{ component: stream.peer.zone, type, why }]
    })
  }

  #streamRows(stream: DownStream): readonly SyncRow[] {
    const nowMs = this.#options.clock.monotonicMs()
    return stream.types.map((type): SyncRow => {
      const head = stream.view?.head(type.type) ?? 0
      const known = knownRevision(stream, type)
      const awaitingMs = type.awaitingSinceMs === undefined ? undefined : nowMs - type.awaitingSinceMs
      const behind = known === undefined || known < head
      const withheld = stream.withheld.get(type.type)
      return {
        tenant: stream.peer.tenant,
        peer: stream.peer.zone,
        type: type.type,
        ...syncState({ refusals: type.refusals, behind, awaitingMs, withheld }),
        behind: known === undefined ? undefined : Math.max(0, head - known),
        messageAgeMs: nowMs - stream.lastHeardMs,
      }
    })
  }

  async #enabledZones(): Promise<readonly ZoneId[]> {
    const zones: ZoneId[] = []
    for (const tenant of await this.#options.tenants()) {
      const { resources } = await this.#options.tenantOf(tenant).store.list('Zone')
      for (const zone of resources) if (specOf(zone).enabled !== false) zones.push({ tenant, zone: zone.name })
    }
    return zones
  }
}

interface ZoneId {
  readonly tenant: TenantId
  readonly zone: string
}

function peerKey({ tenant, zone }: ZoneId): string {
  return `${tenant}/${zone}`
}

function headsOf(stream: DownStream): Goals {
  return new Map(DOWN_TYPES.map((type) => [type, stream.view?.head(type) ?? 0]))
}

/** Types that the view does not have are answered once and have no revisions: known from their first answer on. */
function knownRevision(stream: DownStream, { known }: PublishedType): number | undefined {
  return known.kind === 'cursor' ? stream.view?.revisionAt(known.cursor) : undefined
}

function offlineRow(tenant: string, zone: string, type: string): SyncRow {
  const detail = 'the zone is offline'
  return { tenant, peer: zone, type, state: 'OFFLINE', behind: undefined, messageAgeMs: undefined, detail }
}
