import { AppError } from '../base/errors.js'
import type { Ran } from './call-cases.js'
import type { Case } from './case.js'
import { CASES, caseSetDigest } from './cases/catalogue.js'
import { commandFor } from './command-for.js'
import type { Controller } from './controller.js'
import { outcomeOf } from './judge.js'
import { isUnanswered, Liveness } from './liveness.js'
import { type PlannedCase, planCases, type Selection } from './plan.js'
import type { Preflight } from './preflight.js'
import type { Attempt, Behaviours, CaseOutcome, CaseResult, ConformanceResult } from './result.js'
import type { Subject } from './subject.js'
import { Target } from './target.js'
import type { TargetLog } from './target-log.js'
import { TargetSubject } from './target-subject.js'
import { conclude } from './verdict.js'
import { ZoneSubject, type ZoneTarget } from './zone-client/zone-subject.js'

export interface RunOptions {
  readonly target: Target | ZoneTarget
  readonly selection: Selection
  readonly behaviours: Behaviours
  readonly controller: Controller | undefined
  readonly log: TargetLog | undefined
  /** Calls a second, over all lanes. */
  readonly ratePerSecond: number
  /** Of one call. */
  readonly callTimeoutMs: number
  /** Calls of each kind, where times are compared. Default: 200. */
  readonly timedCalls?: number | undefined
  /** Ids of cases that are known to fail. */
  readonly expectedFailures: ReadonlySet<string>
  readonly isZonelab: boolean
  readonly toolVersion: string
  readonly signal: AbortSignal
  readonly observer: RunObserver
  /** Flags that name the target, to be typed again. Default: none, for a throw-away one. */
  readonly again?: readonly string[]
}

export interface RunObserver {
  /** Before anything is sent. */
  onPlan(plan: readonly PlannedCase[]): void
  /** Before any case runs. */
  onTarget(facts: Preflight): void
  onAttempt(attempt: Attempt): void
  onCase(result: CaseResult): void
}

/** A case ends by then, whatever the target does; some wait for their turn on a target that they change. */
const CASE_WITHIN_MS = 240_000
/** What is in hand when a run is broken off may tidy up for so long. */
const LAST_WORDS_MS = 10_000

/** One run over one target. It always ends, and always with a result. */
export class Run {
  readonly #options: RunOptions
  readonly #subject: Subject
  readonly #results = new Map<string, CaseResult>()
  readonly #abort = new AbortController()
  readonly #liveness: Liveness
  #brokenOff: string | undefined

  constructor(options: RunOptions) {
    this.#options = options
    const { target, selection, signal } = options
    this.#subject =
      target instanceof Target
        ? new TargetSubject({ ...options, target, profiles: selection.profiles })
        : new ZoneSubject({ ...options, target })
    this.#liveness = new Liveness(
      () => this.#subject.probe(),
      () => this.#breakOff('the target does not answer any more'),
    )
    signal.addEventListener('abort', () => this.#breakOff('it was interrupted'), { once: true })
  }

  /** Throws what the preflight throws: then nothing was run. */
  async run(): Promise<ConformanceResult> {
    const { selection, controller, isZonelab, observer } = this.#options
    const startedMs = this.#subject.clock.nowMs()
    const plan = planCases(CASES, selection, { ...this.#subject.means, controller, isZonelab })
    observer.onPlan(plan)
    const facts = await this.#subject.preflight()
    observer.onTarget(facts)
    if (facts.hopeless === undefined && !facts.servesAnyone) await this.#runAll(plan, facts)
    const leftBehind = await this.#subject.close()
    const cases = plan.map((planned) => this.#resultOf(planned, facts))
    return conclude({
      cases,
      leftBehind,
      servesAnyone: facts.servesAnyone,
      brokenOff: facts.hopeless ?? this.#brokenOff,
      header: this.#header(facts, startedMs),
    })
  }

  async #runAll(plan: readonly PlannedCase[], facts: Preflight): Promise<void> {
    const due = plan.filter(({ skip }) => skip === undefined)
    for (const phase of this.#subject.phases(due)) {
      await Promise.all(phase.map(({ cases, atOnce }) => this.#workers(cases, atOnce, facts)))
    }
  }

  async #workers(planned: readonly PlannedCase[], count: number, facts: Preflight): Promise<void> {
    const queue = [...planned]
    const work = async () => {
      for (let next = queue.shift(); next !== undefined && !this.#abort.signal.aborted; next = queue.shift()) {
        await this.#runCase(next, facts)
      }
    }
    await Promise.all(Array.from({ length: Math.min(count, queue.length) }, work))
  }

  async #runCase(planned: PlannedCase, facts: Preflight): Promise<void> {
    const { clock } = this.#subject
    const startedMs = clock.monotonicMs()
    const attempts: Attempt[] = []
    const onAttempt = (attempt: Attempt) => {
      attempts.push(attempt)
      this.#options.observer.onAttempt(attempt)
      this.#liveness.note(attempt)
    }
    let ran: Ran = { attempts, answeredAs: undefined }
    let outcome: CaseOutcome
    try {
      const work = this.#subject.runCase(planned.case, facts, { onAttempt, signal: this.#abort.signal })
      ran = await this.#within(CASE_WITHIN_MS, work)
      this.#abort.signal.throwIfAborted()
      outcome = await this.#proved(ran.attempts)
    } catch (thrown) {
      outcome = await this.#unfinished(AppError.from(thrown), attempts)
    }
    this.#finish(planned, outcome, ran, clock.monotonicMs() - startedMs)
  }

  /** Of a target that is gone a call without an answer proves nothing. */
  async #proved(attempts: readonly Attempt[]): Promise<CaseOutcome> {
    const outcome = outcomeOf(attempts)
    if (outcome.kind !== 'failed' || !attempts.some(isUnanswered)) return outcome
    await this.#liveness.ask()
    if (this.#brokenOff === undefined) return outcome
    const answered = outcomeOf(attempts.filter((attempt) => !isUnanswered(attempt)))
    return answered.kind === 'failed' ? answered : { kind: 'inconclusive', why: this.#brokenOff }
  }

  /** A promise that was broken before the case stopped stays broken. */
  async #unfinished(error: AppError, attempts: readonly Attempt[]): Promise<CaseOutcome> {
    const soFar = await this.#proved(attempts)
    if (soFar.kind === 'failed') return soFar
    if (error.code === 'unimplemented') return { kind: 'not-run', reason: error.message }
    if (error.code === 'unavailable') await this.#liveness.ask()
    return { kind: 'inconclusive', why: this.#brokenOff ?? error.message }
  }

  #finish({ case: one, level }: PlannedCase, outcome: CaseOutcome, ran: Ran, elapsedMs: number): void {
    const known = this.#options.expectedFailures.has(one.id)
    const { id, area, title, basis, norm, safety, needs } = one
    const reproduce = this.#again(one)
    const result: CaseResult = {
      ...{ id, area, title, level, basis, norm, safety, needs, reproduce, outcome, elapsedMs },
      ...(known && outcome.kind === 'failed' && { expectation: 'expected-failure' as const }),
      ...(known && outcome.kind === 'passed' && { expectation: 'unexpected-pass' as const }),
      ...(one.delta && ran.answeredAs && { answeredAs: ran.answeredAs }),
      attempts: ran.attempts,
    }
    this.#results.set(one.id, result)
    this.#options.observer.onCase(result)
  }

  /** Of a case that was not begun: what kept it. */
  #resultOf(planned: PlannedCase, { hopeless, servesAnyone }: Preflight): CaseResult {
    const { id, area, title, basis, norm, safety, needs } = planned.case
    const reproduce = this.#again(planned.case)
    const done = this.#results.get(id)
    if (done !== undefined) return done
    const why = hopeless ?? this.#brokenOff
    const outcome: CaseOutcome =
      planned.skip !== undefined
        ? { kind: 'not-run', reason: planned.skip }
        : servesAnyone
          ? { kind: 'not-run', reason: 'the target has no authentication' }
          : { kind: 'inconclusive', why: why ?? 'it was not begun' }
    return {
      ...{ id, area, title, basis, norm, safety, needs, reproduce, outcome },
      level: planned.level,
      elapsedMs: 0,
      attempts: [],
    }
  }

  #again({ id, profiles }: Case): string {
    const { selection, again } = this.#options
    const judged = selection.profiles.filter((profile) => profiles.includes(profile))
    return commandFor(id, judged, again)
  }

  #within<T>(delayMs: number, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = new AppError('timed-out', `it did not end within ${delayMs / 1_000} s`)
      const { clock } = this.#subject
      const { signal } = this.#abort
      let cancel = clock.after(delayMs, () => reject(late))
      const breakOff = () => {
        cancel()
        cancel = clock.after(LAST_WORDS_MS, () => reject(late))
      }
      signal.addEventListener('abort', breakOff, { once: true })
      work.then(resolve, reject).finally(() => {
        cancel()
        signal.removeEventListener('abort', breakOff)
      })
    })
  }

  #breakOff(why: string): void {
    this.#brokenOff ??= why
    this.#abort.abort()
  }

  #header({ fingerprint, product }: Preflight, startedMs: number): Parameters<typeof conclude>[0]['header'] {
    const { selection, behaviours, isZonelab, toolVersion } = this.#options
    return {
      tool: { name: 'zonelab', version: toolVersion },
      caseSet: { digest: caseSetDigest(CASES), cases: CASES.length },
      target: {
        ...this.#subject.describe(),
        ...(fingerprint !== undefined && { certificateFingerprint: `SHA256:${fingerprint}` }),
        ...(product !== undefined && { product }),
        isZonelab,
      },
      profiles: selection.profiles,
      behaviours,
      startedAt: new Date(startedMs).toISOString(),
      endedAt: new Date(this.#subject.clock.nowMs()).toISOString(),
    }
  }
}
