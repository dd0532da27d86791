import type { Clock } from '../base/clock.js'
import { type Laggard, type SyncedAnswer, type SyncRow, type SyncState, syncState } from '../insights/sync-report.js'
import { SyncWaits } from '../insights/sync-waits.js'
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
  /** Zones whose stream another instance has, which then reports them. */
  readonly elsewhere: (tenant: TenantId) => Promise<ReadonlySet<string>>
}

const OFFLINE = 'the zone is offline'
const NOT_ASKED = 'the zone has not asked for it yet'

/** What a zone had to have acknowledged when someone began to wait: per type, the head of its view at that moment. */
type Goals = ReadonlyMap<string, number>

/**
 * How far every zone is behind what is newest for it. Zones are compared with the head of their own view, never with
 * the tenant's, which every status report moves.
 */
export class SyncStatus {
  readonly #options: SyncStatusOptions
  readonly #waits: SyncWaits

  constructor(options: SyncStatusOptions) {
    this.#options = options
    this.#waits = new SyncWaits(options.clock)
  }

  /** To be called whenever a stream opened, answered or ended. */
  changed(): void {
    this.#waits.changed()
  }

  async rows(): Promise<readonly SyncRow[]> {
    const rows: SyncRow[] = []
    const online = new Map([...this.#options.streams()].map((stream) => [peerKey(stream.peer), stream]))
    for (const { tenant, zone } of await this.#enabledZones()) {
      const stream = online.get(peerKey({ tenant, zone }))
      if (stream) rows.push(...this.#streamRows(stream))
      else rows.push(...DOWN_TYPES.map((type) => silentRow(tenant, zone, type, 'OFFLINE', OFFLINE)))
    }
    return rows
  }

  /**
   * Resolves when every enabled zone is online and has acknowledged, without a refusal, what was newest for it when
   * this was called; or at the timeout or when the caller gives up, with who has not and why. With a tenant: its zones.
   */
  async untilSynced(timeoutMs: number, signal?: AbortSignal, tenant?: string): Promise<SyncedAnswer> {
    const zones = (await this.#enabledZones()).filter((zone) => tenant === undefined || zone.tenant === tenant)
    const goals = new Map<string, Goals>()
    return this.#waits.until(() => this.#laggards(zones, goals), timeoutMs, signal)
  }

  #laggards(zones: readonly ZoneId[], goals: Map<string, Goals>): readonly Laggard[] {
    const online = new Map([...this.#options.streams()].map((stream) => [peerKey(stream.peer), stream]))
    return zones.flatMap((id): readonly Laggard[] => {
      const stream = online.get(peerKey(id))
      if (!stream?.view) return [{ component: id.zone, tenant: id.tenant, type: undefined, why: OFFLINE }]
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
    const { tenant, zone: component } = stream.peer
    return [...goal].flatMap(([type, head]): readonly Laggard[] => {
      const state = published.get(type)
      if (!state) return stream.hasAsked ? [] : [{ component, tenant, type, why: NOT_ASKED }]
      const [refusal] = state.refusals
      if (refusal) return [{ component, tenant, type, why: `refused ${refusal.name}: ${refusal.reason}` }]
      const revision = knownRevision(stream, state)
      if (revision !== undefined && revision >= head) return []
      const why =
        stream.withheld.get(type) ?? (state.awaitingSinceMs === undefined ? 'not sent yet' : 'has not answered')
      return [{ component, tenant, type, why }]
    })
  }

  #streamRows(stream: DownStream): readonly SyncRow[] {
    const nowMs = this.#options.clock.monotonicMs()
    const asked = stream.types.map((type): SyncRow => {
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
    if (stream.hasAsked) return asked
    const { tenant, zone } = stream.peer
    const missing = DOWN_TYPES.filter((type) => !asked.some((row) => row.type === type))
    return [...asked, ...missing.map((type) => silentRow(tenant, zone, type, 'PENDING', NOT_ASKED))]
  }

  async #enabledZones(): Promise<readonly ZoneId[]> {
    const zones: ZoneId[] = []
    for (const tenant of await this.#options.tenants()) {
      const { resources } = await this.#options.tenantOf(tenant).store.list('Zone')
      const elsewhere = await this.#options.elsewhere(tenant)
      for (const zone of resources) {
        if (specOf(zone).enabled !== false && !elsewhere.has(zone.name)) zones.push({ tenant, zone: zone.name })
      }
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

function silentRow(tenant: string, zone: string, type: string, state: SyncState, detail: string): SyncRow {
  return { tenant, peer: zone, type, state, behind: undefined, messageAgeMs: undefined, detail }
}
