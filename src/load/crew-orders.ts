import type { LinkFault } from '../sync/link-fault.js'
import type { ClientTrust } from '../transport/grpc/client-trust.js'
import type { ArrivalReport, WriteSchedule } from './arrivals.js'
import type { WireCount } from './counted-codec.js'
import type { GeneratorHealth } from './generator-health.js'
import type { PlannedChurn, PlannedZone } from './plan.js'
import type { Scenario } from './scenario.js'

/** What one process of simulated zones is told, as plain data. */
export interface CrewOrder {
  readonly mesh: string
  readonly topology: Scenario['topology']
  readonly dataplanesPerSecond: number
  readonly seed: number
  readonly target: CrewTarget
  readonly zones: readonly CrewZone[]
  /** How many resources the run writes. */
  readonly resources: number
  /** Zones send nothing up: where nobody could say whether their names are in use, nothing may be deleted in them. */
  readonly silent: boolean
}

export interface CrewTarget {
  /** `host:port` of KDS. */
  readonly host: string
  readonly trust: ClientTrust
  readonly cpIdHeader: string
}

export interface CrewZone {
  readonly plan: PlannedZone
  readonly token: string | undefined
  /** A token of the zone's that has expired, for a fault that needs one. */
  readonly expiredToken: string | undefined
  /** To be sent with every call; undefined: the target has one control plane. */
  readonly cpId: string | undefined
}

/** What happens at some time after the start of the load. */
export interface CrewStrike {
  readonly zone: number
  readonly fault: LinkFault
}

/** What happens between a zone that has a write and a sidecar that has it. */
export type MemberHop = 'snapshot' | 'sidecar'

export interface CrewReport {
  /** Zones that have everything, and zones that try to. */
  readonly live: number
  readonly zones: number
  readonly sidecarsLive: number
  readonly zoneArrivals: ArrivalReport
  readonly sidecarArrivals: ArrivalReport
  readonly reconnects: readonly number[]
  readonly resync: { readonly received: number; readonly repeated: number }
  readonly wire: WireCount
  /** Inside of whole zones, by hop: encoded histograms. */
  readonly hops: Readonly<Record<MemberHop, string>>
  readonly health: GeneratorHealth
  /** Ends of links, by why, with how many zones it happened to. */
  readonly losses: Readonly<Record<string, number>>
}

/** What a zone or a sidecar holds of the run at the end, in one number, and what it lacks. */
export interface FinalState {
  readonly tenant: string
  /** `ZONE`, or `ZONE/SIDECAR`. */
  readonly name: string
  readonly hash: string
  /** What makes the hash: by what is written, its last write. */
  readonly held: readonly (readonly [string, number])[]
}

/** A process of simulated zones, or one in this process. */
export interface Crew {
  prepare(order: CrewOrder): Promise<void>
  /** Dials the global for these zones. */
  connect(zones: readonly number[]): Promise<void>
  begin(schedule: WriteSchedule): Promise<void>
  strike(strikes: readonly CrewStrike[]): Promise<void>
  churn(events: readonly PlannedChurn[]): Promise<void>
  /** Since the last time. */
  take(): Promise<CrewReport>
  final(): Promise<readonly FinalState[]>
  /** Hangs up, so that the zones can be deleted. */
  stop(): Promise<void>
}
