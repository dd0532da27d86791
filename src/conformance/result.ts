import type { Answer } from './answer.js'
import type { Door } from './door.js'
import type { Area, Basis, CaseId, Level, Need, Profile, Safety } from './matrix.js'

/** The one file that a run writes and that every report is made from. It holds no secret. */
export interface ConformanceResult {
  readonly kind: 'zonelab.conformance/v1'
  readonly header: ResultHeader
  readonly verdict: Verdict
  /** In the order of the matrix; every case of the profiles, whether run or not. */
  readonly cases: readonly CaseResult[]
  /** What was made on the target and could not be removed. */
  readonly leftBehind: readonly string[]
}

export interface ResultHeader {
  readonly tool: { readonly name: 'zonelab'; readonly version: string }
  /** `sha256:…` over the data of all cases: two results are comparable when it is equal. */
  readonly caseSet: { readonly digest: string; readonly cases: number }
  readonly target: ResultTarget
  readonly profiles: readonly Profile[]
  readonly behaviours: Behaviours
  /** RFC 3339. */
  readonly startedAt: string
  readonly endedAt: string
  readonly totals: Totals
}

export interface ResultTarget {
  /** `host:port`. */
  readonly address: string
  /** `SHA256:AB:CD…` of the server's certificate; absent: plaintext. */
  readonly certificateFingerprint?: string
  /** The REST API, when one was given. */
  readonly api?: string
  /** What the API says of itself, such as `Kuma 3.0.0`. */
  readonly product?: string
  /** Whether rows that only zonelab promises bind it. */
  readonly isZonelab: boolean
}

export interface Behaviours {
  /** `kuma-or-zonelab`: a row marked Δ passes on either answer. */
  readonly answers: 'kuma-or-zonelab' | 'zonelab'
  /** What the target declares about streams that are open when their credential ends. */
  readonly openStream: 'parity' | 'strict'
}

export interface Totals {
  readonly run: number
  readonly passed: number
  readonly failed: number
  readonly inconclusive: number
  /** By reason, such as `needs operator`. */
  readonly notRun: Readonly<Record<string, number>>
}

export type Verdict =
  /** Every applicable MUST row was run and passed. */
  | { readonly kind: 'conformant' }
  | { readonly kind: 'not conformant'; readonly failed: readonly CaseId[] }
  /** Nothing failed, but these MUST rows were not run. Never shown as a pass. */
  | { readonly kind: 'partial'; readonly notRun: readonly CaseId[] }
  /** It serves who shows nothing. */
  | { readonly kind: 'no authentication' }
  /** It cannot be said: the target died, refused its legal peers, or the run was interrupted. */
  | { readonly kind: 'inconclusive'; readonly why: string }

export interface CaseResult {
  readonly id: CaseId
  readonly area: Area
  readonly title: string
  /** As it binds this target: a row of basis `ours` is REPORT unless the target is zonelab. */
  readonly level: Level
  readonly basis: Basis
  readonly norm: string
  readonly safety: Safety
  readonly needs: readonly Need[]
  readonly reproduce: string
  readonly outcome: CaseOutcome
  /** `expected-failure`: failed and listed as such; `unexpected-pass`: listed and passed, which fails the run. */
  readonly expectation?: 'expected-failure' | 'unexpected-pass'
  /** Rows marked Δ: whose answer it was. */
  readonly answeredAs?: 'zonelab' | 'kuma' | 'mixed'
  readonly elapsedMs: number
  /** One a variant and RPC; for a scenario one a step. */
  readonly attempts: readonly Attempt[]
}

export type CaseOutcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'inconclusive'; readonly why: string }
  | { readonly kind: 'not-run'; readonly reason: string }

/** One hostile or peculiar call with what surrounds it. */
export interface Attempt {
  readonly rpc?: Door
  readonly variant: string
  readonly expected: readonly Answer[]
  /** Absent: the step is no call. */
  readonly call?: Exchange
  readonly verdict: 'passed' | 'failed' | 'inconclusive'
  /** Why, when it did not pass. */
  readonly why?: string
  /** The same with the mutation undone. Absent: the call itself is legal. */
  readonly control?: Exchange
  /** What was looked at afterwards (N0): the legal peer, its session, zones, the log. */
  readonly probes: readonly Probe[]
}

/** One call as it went over the wire. */
export interface Exchange {
  readonly path: string
  /** In order; values of secrets are described, never shown. */
  readonly metadata: readonly (readonly [name: string, value: string])[]
  /** `> HEADERS stream=1 END_HEADERS 412 B`, `< HEADERS stream=1 END_STREAM grpc-status=16`. */
  readonly frames: readonly string[]
  readonly answer: Answer
  /** The gRPC status number, when there was one. */
  readonly status?: number
  /** The status text, or what the transport said. */
  readonly text: string
  /** The refusal came before anything was answered: without response headers, or where it takes a message to refuse, without one. */
  readonly trailersOnly?: boolean
  readonly elapsedMs: number
}

export interface Probe {
  /** `legal peer served`, `session undisturbed`, `no zone created`, `token not in the log`. */
  readonly what: string
  readonly held: boolean
  readonly detail?: string
}
