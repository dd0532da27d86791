import type { Clock } from '../base/clock.js'
import { type Laggard, type SyncedAnswer, type SyncRow, syncState } from '../insights/sync-report.js'
import { SyncWaits } from '../insights/sync-waits.js'
import type { PublishedType } from '../protocol/publisher.js'
import type { LinkState } from '../sync/link-state.js'
import type { GlobalLink } from './global-link.js'
import type { LeaderJobs } from './leader-jobs.js'
import type { SidecarSession } from './sidecar-session.js'
import type { SidecarSnapshots } from './sidecar-snapshots.js'

export interface ZoneSyncStatusOptions {
  readonly tenant: string
  readonly zone: string
  readonly clock: Clock
  readonly sessions: () => ReadonlyMap<string, SidecarSession>
  readonly snapshots: SidecarSnapshots
  readonly jobs: Pick<LeaderJobs, 'settled'>
  readonly link: () => GlobalLink | undefined
}

/** Of the zone's connection to its global. */
interface LinkStatus {
  readonly state: LinkState['kind'] | 'stand-alone'
  /** Why it is not there. */
  readonly why: string | undefined
  /** Since the global's last message. */
  readonly messageAgeMs: number | undefined
}

/** How far a zone's sidecars are behind what they are to have, and the global behind what the zone sends up. */
export class ZoneSyncStatus {
  readonly #options: ZoneSyncStatusOptions
  readonly #waits: SyncWaits

  constructor(options: ZoneSyncStatusOptions) {
    this.#options = options
    this.#waits = new SyncWaits(options.clock)
  }

  /** To be called whenever a sidecar connected, answered or went. */
  changed(): void {
    this.#waits.changed()
  }

  rows(): {
    readonly zone: string
    readonly link: LinkStatus
    readonly up: readonly SyncRow[]
    readonly dataplanes: readonly SyncRow[]
  } {
    const { zone, sessions, link } = this.#options
    const dataplanes = [...sessions()].flatMap(([id, session]) =>
      session.types.map((type) => this.#row(id.replace('.', '/'), type, session.lastHeardMs)),
    )
    const up = (link()?.session?.published ?? []).map((type) => this.#row('global', type, link()?.heardMs))
    return { zone, link: this.#link(), up, dataplanes }
  }

  #link(): LinkStatus {
    const link = this.#options.link()
    if (!link) return { state: 'stand-alone', why: undefined, messageAgeMs: undefined }
    const { state, heardMs } = link
    const why = state.kind === 'backing-off' ? state.reason.detail : undefined
    const messageAgeMs = heardMs === undefined ? undefined : this.#options.clock.monotonicMs() - heardMs
    return { state: state.kind, why, messageAgeMs }
  }

  /**
   * Resolves when the zone has made of its resources what it makes, and every connected sidecar has acknowledged,
   * without a refusal, what is newest for it; at the timeout or when the caller gives up, with who has not and why.
   */
  untilSynced(timeoutMs: number, signal?: AbortSignal): Promise<SyncedAnswer> {
    const { jobs, snapshots } = this.#options
    let settled = false
    const whenSettled = async () => {
      await jobs.settled()
      await snapshots.settled()
      settled = true
      this.#waits.changed()
    }
    void whenSettled()
    return this.#waits.until(() => (settled ? this.#laggards() : [this.#busy()]), timeoutMs, signal)
  }

  #laggards(): readonly Laggard[] {
    return [...this.#linkLaggards(), ...this.#sidecarLaggards()]
  }

  /** A zone that does not hear its global cannot know what is newest. */
  #linkLaggards(): readonly Laggard[] {
    const state = this.#options.link()?.state
    if (state === undefined || state.kind === 'streaming') return []
    const reason = state.kind === 'backing-off' ? `: ${state.reason.detail}` : ''
    return [{ component: this.#options.zone, type: undefined, why: `is not connected to its global${reason}` }]
  }

  #sidecarLaggards(): readonly Laggard[] {
    return [...this.#options.sessions()].flatMap(([id, session]) =>
      session.types.flatMap((type): readonly Laggard[] => {
        const why = this.#whyNot(type)
        return why === undefined
          ? []
          : [{ component: `dp/${this.#options.zone}/${id.slice(id.indexOf('.') + 1)}`, type: type.type, why }]
      }),
    )
  }

  #whyNot({ behind, refusals, awaitingSinceMs }: PublishedType): string | undefined {
    const [refusal] = refusals
    if (refusal) return `refused ${refusal.name}: ${refusal.reason}`
    if (!behind) return undefined
    return awaitingSinceMs === undefined ? 'not sent yet' : 'has not answered'
  }

  #busy(): Laggard {
    return { component: this.#options.zone, type: undefined, why: 'the zone is still making its own resources' }
  }

  #row(peer: string, type: PublishedType, lastHeardMs: number | undefined): SyncRow {
    const nowMs = this.#options.clock.monotonicMs()
    const awaitingMs = type.awaitingSinceMs === undefined ? undefined : nowMs - type.awaitingSinceMs
    const facts = { refusals: type.refusals, behind: type.behind, awaitingMs, withheld: undefined }
    return {
      tenant: this.#options.tenant,
      peer,
      type: type.type,
      ...syncState(facts),
      behind: undefined,
      messageAgeMs: lastHeardMs === undefined ? undefined : nowMs - lastHeardMs,
    }
  }
}
