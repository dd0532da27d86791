import type { Clock } from '../base/clock.js'
import type { Ran } from './call-cases.js'
import type { Case } from './case.js'
import type { Means, PlannedCase } from './plan.js'
import type { Preflight } from './preflight.js'
import type { Attempt, Exchange, ResultTarget } from './result.js'

/** What a run judges, as its runner needs it: a control plane that is dialled, or a zone that dials. */
export interface Subject {
  readonly clock: Clock
  readonly means: Pick<Means, 'keys' | 'api' | 'platform'>
  /** Before any case; throws for a target of which nothing can be learned. */
  preflight(): Promise<Preflight>
  /** In which order the cases are run. */
  phases(due: readonly PlannedCase[]): readonly Phase[]
  runCase(one: Case, facts: Preflight, run: CaseRun): Promise<Ran>
  /** A legal call; it is silent where no further case could say anything. */
  probe(): Promise<Pick<Exchange, 'answer'>>
  describe(): Pick<ResultTarget, 'address' | 'api'>
  /** Removes what the run made; resolves to what is left behind. */
  close(): Promise<readonly string[]>
}

/** Queues that are worked off side by side, each by so many at once. */
export type Phase = readonly { readonly cases: readonly PlannedCase[]; readonly atOnce: number }[]

export interface CaseRun {
  readonly onAttempt: (attempt: Attempt) => void
  /** Aborted: the run is broken off. */
  readonly signal: AbortSignal
}
