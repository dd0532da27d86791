import { AppError } from '../base/errors.js'
import { type CallCaseOptions, type Ran, runCallCase } from './call-cases.js'
import type { CallLane } from './call-lane.js'
import { CASES, caseSetDigest } from './cases/catalogue.js'
import type { Controller, Endpoint } from './controller.js'
import { type Way, wayOfAll } from './door.js'
import { Ground } from './ground.js'
import { outcomeOf } from './judge.js'
import { Lane } from './lane.js'
import { isUnanswered, Liveness } from './liveness.js'
import { paced } from './pace.js'
import { type PlannedCase, planCases, type Selection } from './plan.js'
import { type Preflight, preflight } from './preflight.js'
import { RestLane } from './rest-lane.js'
import type { Attempt, Behaviours, CaseOutcome, CaseResult, ConformanceResult } from './result.js'
import { runScenarioCase } from './scenario-cases.js'
import { strangerKey, Target } from './target.js'
import type { TargetLog } from './target-log.js'
import { conclude } from './verdict.js'
import { XdsLane } from './xds-lane.js'
import { ZoneNames } from './zone-names.js'

export interface RunOptions {
  readonly target: Target
  readonly selection: Selection
  readonly behaviours: Behaviours
  readonly controller: Controller | undefined
  readonly log: TargetLog | undefined
  /** Calls a second, over all lanes. */
  readonly ratePerSecond: number
  /** Of one call. */
  readonly callTimeoutMs: number
  /** Ids of cases that are known to fail. */
  readonly expectedFailures: ReadonlySet<string>
  readonly isZonelab: boolean
  readonly toolVersion: string
  readonly signal: AbortSignal
  readonly observer: RunObserver
}

export interface RunObserver {
  /** Before anything is sent. */
  onPlan(plan: readonly PlannedCase[]): void
  /** Before any case runs. */
  onTarget(facts: Preflight): void
  onAttempt(attempt: Attempt): void
  onCase(result: CaseResult): void
}

/** Enough to fill the waiting of streams that say nothing; each is a zone of its own. */
const LANES = 6
/** Each may start a target of its own. */
const SCENARIO_LANES = 4
/** A case ends by then, whatever the target does; some wait for their turn on a target that they change. */
const CASE_WITHIN_MS = 240_000
/** What is in hand when a run is broken off may tidy up for so long. */
const LAST_WORDS_MS = 10_000
/** Twenty times as slow as the slowest of the first, and never below what a busy machine does now and then. */
const SLOW_FACTOR = 20
const SLOW_MIN_MS = 2_000

/** One run over one target. It always ends, and always with a result. */
export class Run {
  readonly #options: RunOptions
  readonly #zones: ZoneNames
  readonly #pace: () => Promise<void>
  readonly #strangerKey = strangerKey()
  readonly #results = new Map<string, CaseResult>()
  readonly #abort = new AbortController()
  readonly #ground: Ground | undefined
  readonly #way: Way
  readonly #liveness = new Liveness(
    () => closing(this.#callLane(), (lane) => lane.probe()),
    () => this.#breakOff('the target does not answer any more'),
  )
  #brokenOff: string | undefined

  constructor(options: RunOptions) {
    this.#options = options
    const { target, ratePerSecond, selection, signal, controller, behaviours } = options
    this.#way = wayOfAll(selection.profiles)
    this.#ground = controller?.hooks.has('start')
      ? new Ground(controller, { openStreams: behaviours.openStream })
      : undefined
    this.#zones = new ZoneNames(target)
    this.#pace = paced(target.clock, ratePerSecond)
    signal.addEventListener('abort', () => this.#breakOff('it was interrupted'), { once: true })
  }

  /** Throws what the preflight throws: then nothing was run. */
  async run(): Promise<ConformanceResult> {
    const { target, selection, controller, isZonelab, observer } = this.#options
    const startedMs = target.clock.nowMs()
    const means = {
      keys: target.signing !== undefined,
      api: target.api !== undefined,
      platform: target.platform !== undefined,
      controller,
      isZonelab,
    }
    const plan = planCases(CASES, selection, means)
    observer.onPlan(plan)
    if (target.onlyZone !== undefined) await this.#zones.adopt(target.onlyZone)
    const facts = await this.#preflight()
    observer.onTarget(facts)
    if (facts.hopeless === undefined && !facts.servesAnyone) await this.#runAll(plan, facts)
    await this.#ground?.stop()
    const leftBehind = [...(await this.#zones.removeAll()), ...((await target.platform?.removeAll()) ?? [])]
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
    const calls = due.filter(({ case: { procedure } }) => procedure.kind === 'calls')
    const scenarios = due.filter(({ case: { procedure } }) => procedure.kind === 'scenario')
    const { target, controller } = this.#options
    const alone = target.onlyZone !== undefined
    const together = controller !== undefined && !controller.exclusive && !alone
    const runCalls = this.#workers(calls, alone ? 1 : LANES, facts)
    if (alone) await runCalls
    await Promise.all([runCalls, this.#workers(scenarios, together ? SCENARIO_LANES : 1, facts)])
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
    const { clock } = this.#options.target
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
      ran = await this.#within(CASE_WITHIN_MS, this.#procedure(planned, facts, onAttempt))
      this.#abort.signal.throwIfAborted()
      outcome = await this.#proved(ran.attempts)
    } catch (thrown) {
      outcome = await this.#unfinished(AppError.from(thrown), attempts)
    }
    this.#finish(planned, outcome, ran, clock.monotonicMs() - startedMs)
  }

  /** In a lane of its own: what one case leaves behind is no other's. */
  async #procedure(planned: PlannedCase, facts: Preflight, onAttempt: (attempt: Attempt) => void): Promise<Ran> {
    const { behaviours, controller, log, target } = this.#options
    if (planned.case.procedure.kind === 'scenario') {
      const laneOf = (endpoint: Endpoint) => this.#laneOn(endpoint)
      const options = { behaviours, controller, laneOf, ground: this.#ground }
      return closing(this.#lane(target), (lane) => runScenarioCase(planned.case, lane, options, onAttempt))
    }
    const options: CallCaseOptions = {
      answers: behaviours.answers,
      slowRefusalMs: Math.max(SLOW_MIN_MS, facts.refusalMs * SLOW_FACTOR),
      log,
      signal: this.#abort.signal,
    }
    return closing(this.#callLane(), (lane) => runCallCase(planned.case, lane, options, onAttempt))
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
    const { id, area, title, basis, norm, safety, needs, reproduce } = one
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
    const { id, area, title, basis, norm, safety, needs, reproduce } = planned.case
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

  async #preflight(): Promise<Preflight> {
    const { target } = this.#options
    try {
      return await closing(this.#callLane(), (lane) => preflight(target, lane, this.#way))
    } catch (thrown) {
      await target.platform?.removeAll()
      throw thrown
    }
  }

  #callLane(): CallLane {
    const { target, callTimeoutMs: deadlineMs } = this.#options
    if (this.#way === 'kds') return this.#lane(target)
    const shared = {
      target,
      unseenZone: this.#zones.unseen(),
      strangerKey: this.#strangerKey,
      deadlineMs,
      pace: this.#pace,
    }
    return this.#way === 'rest' ? new RestLane(shared) : new XdsLane({ ...shared, dataplane: this.#zones.dataplane() })
  }

  #lane(target: Target): Lane {
    return new Lane({
      target,
      zone: target.onlyZone ?? this.#zones.legal(),
      unseenZone: this.#zones.unseen(),
      strangerKey: this.#strangerKey,
      deadlineMs: this.#options.callTimeoutMs,
      pace: this.#pace,
    })
  }

  async #laneOn(endpoint: Endpoint): Promise<Lane> {
    const { clock, random } = this.#options.target
    return this.#lane(await Target.of(endpoint, {}, { clock, random }))
  }

  #within<T>(delayMs: number, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = new AppError('timed-out', `it did not end within ${delayMs / 1_000} s`)
      const { clock } = this.#options.target
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
    const { target, selection, behaviours, isZonelab, toolVersion } = this.#options
    const { address, api } = target.endpoint
    return {
      tool: { name: 'zonelab', version: toolVersion },
      caseSet: { digest: caseSetDigest(CASES), cases: CASES.length },
      target: {
        address,
        ...(fingerprint !== undefined && { certificateFingerprint: `SHA256:${fingerprint}` }),
        ...(api && { api: api.url }),
        ...(product !== undefined && { product }),
        isZonelab,
      },
      profiles: selection.profiles,
      behaviours,
      startedAt: new Date(startedMs).toISOString(),
      endedAt: new Date(target.clock.nowMs()).toISOString(),
    }
  }
}

async function closing<L extends { close(): Promise<void> }, T>(lane: L, use: (lane: L) => Promise<T>): Promise<T> {
  try {
    return await use(lane)
  } finally {
    await lane.close()
  }
}
