import type { Answer } from './answer.js'
import type { CallPlan } from './bench.js'
import type { Door } from './door.js'
import type { Area, Basis, CaseId, Level, Need, Profile, Safety } from './matrix.js'
import type { Stage } from './stage.js'
import type { ZoneStage } from './zone-client/zone-stage.js'

/**
 * One row of the token matrix as data: what is tried, what has to come back, why, and what trying it takes.
 * `docs/conformance-cases.md` is made from these.
 */
export interface Case {
  /** `ZT-001`; never given to another row. A row that a global and a zone each have their part in is two cases, of two profiles. */
  readonly id: CaseId
  readonly area: Area
  /** A sentence that is true of a target that passes. */
  readonly title: string
  /** What a target owes: a MUST row decides the verdict. */
  readonly level: Level
  readonly basis: Basis
  /** The section of the norm, such as `RFC 8725 §3.1`, or the name of the behaviour. */
  readonly norm: string
  /** Rows where Kuma answers otherwise: either answer passes, unless ours is asked for. */
  readonly delta?: { readonly zonelab: string; readonly kuma: string }
  readonly profiles: readonly Profile[]
  readonly safety: Safety
  readonly needs: readonly Need[]
  /** What to type, or to do, to see it by hand. */
  readonly reproduce: string
  readonly procedure: Procedure
}

export type Procedure =
  /** Each variant is one call, made at every door of the profile, beside a control. */
  | { readonly kind: 'calls'; readonly variants: readonly Variant[]; readonly doors?: readonly Door[] }
  /** Something that happens over time. It reports its own steps. */
  | { readonly kind: 'scenario'; readonly run: (stage: Stage) => Promise<void> }
  /** The same, of a zone that dials the suite. */
  | { readonly kind: 'zone'; readonly run: (stage: ZoneStage) => Promise<void> }

export interface Variant {
  /** Names what is peculiar about this one, such as `alg None`. Unique in its case. */
  readonly name: string
  /** Any of these passes. */
  readonly expect: readonly Answer[]
  /** What Kuma answers, where it differs. */
  readonly kuma?: readonly Answer[]
  /** The call, and the legal one that it differs from in one thing. */
  readonly plan: CallPlan
}
