import type { Clock } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import { type CallCaseOptions, type Ran, runCallCase } from './call-cases.js'
import type { CallLane } from './call-lane.js'
import { Canary } from './canary.js'
import type { Case } from './case.js'
import type { Controller, Endpoint } from './controller.js'
import { type Way, wayOfAll } from './door.js'
import { Ground } from './ground.js'
import { Lane } from './lane.js'
import type { Profile } from './matrix.js'
import { paced } from './pace.js'
import type { PlannedCase } from './plan.js'
import { type Preflight, preflight } from './preflight.js'
import { RestLane } from './rest-lane.js'
import type { Behaviours } from './result.js'
import { runScenarioCase } from './scenario-cases.js'
import type { CaseRun, Phase, Subject } from './subject.js'
import { strangerKey, Target } from './target.js'
import type { TargetLog } from './target-log.js'
import { XdsLane } from './xds-lane.js'
import { ZoneNames } from './zone-names.js'

export interface TargetSubjectOptions {
  readonly target: Target
  readonly profiles: readonly Profile[]
  readonly behaviours: Behaviours
  readonly controller: Controller | undefined
  readonly log: TargetLog | undefined
  readonly ratePerSecond: number
  readonly callTimeoutMs: number
  readonly timedCalls?: number | undefined
}

/** Enough to fill the waiting of streams that say nothing; each is a zone of its own. */
const LANES = 6
/** Each may start a target of its own. */
const SCENARIO_LANES = 4
const TIMED_CALLS = 200
/** Twenty times as slow as the slowest of the first, and never below what a busy machine does now and then. */
const SLOW_FACTOR = 20
const SLOW_MIN_MS = 2_000

/** A control plane that is dialled. Each case has a lane of its own: what one leaves behind is no other's. */
export class TargetSubject implements Subject {
  readonly #options: TargetSubjectOptions
  readonly #zones: ZoneNames
  readonly #pace: () => Promise<void>
  readonly #strangerKey = strangerKey()
  readonly #ground: Ground | undefined
  readonly #way: Way
  readonly #canary = new Canary()

  constructor(options: TargetSubjectOptions) {
    this.#options = options
    const { target, ratePerSecond, profiles, controller, behaviours } = options
    const way = wayOfAll(profiles)
    if (way === 'client') throw new AppError('invalid-argument', 'a zone is not dialled: a controller starts it')
    this.#way = way
    this.#ground = controller?.hooks.has('start')
      ? new Ground(controller, { openStreams: behaviours.openStream })
      : undefined
    this.#zones = new ZoneNames(target)
    this.#pace = paced(target.clock, ratePerSecond)
  }

  get clock(): Clock {
    return this.#options.target.clock
  }

  get means(): Subject['means'] {
    const { signing, api, platform } = this.#options.target
    return { keys: signing !== undefined, api: api !== undefined, platform: platform !== undefined }
  }

  async preflight(): Promise<Preflight> {
    const { target } = this.#options
    await this.#canary.listen()
    if (target.onlyZone !== undefined) await this.#zones.adopt(target.onlyZone)
    try {
      return await closing(this.#callLane(), (lane) => preflight(target, lane, this.#way))
    } catch (thrown) {
      this.#canary.close()
      await target.platform?.removeAll()
      throw thrown
    }
  }

  phases(due: readonly PlannedCase[]): readonly Phase[] {
    const ofKind = (kind: Case['procedure']['kind']) => due.filter(({ case: { procedure } }) => procedure.kind === kind)
    const { target, controller } = this.#options
    const alone = target.onlyZone !== undefined
    const together = controller !== undefined && !controller.exclusive && !alone
    const calls = { cases: ofKind('calls'), atOnce: alone ? 1 : LANES }
    const scenarios = { cases: ofKind('scenario'), atOnce: together ? SCENARIO_LANES : 1 }
    return alone ? [[calls], [scenarios]] : [[calls, scenarios]]
  }

  async runCase(one: Case, facts: Preflight, { onAttempt, signal }: CaseRun): Promise<Ran> {
    const { behaviours, timedCalls = TIMED_CALLS, controller, log, target } = this.#options
    if (one.procedure.kind === 'scenario') {
      const laneOf = (endpoint: Endpoint) => this.#laneOn(endpoint)
      const options = { behaviours, timedCalls, controller, laneOf, ground: this.#ground }
      return closing(this.#lane(target), (lane) => runScenarioCase(one, lane, options, onAttempt))
    }
    const options: CallCaseOptions = {
      answers: behaviours.answers,
      slowRefusalMs: Math.max(SLOW_MIN_MS, facts.refusalMs * SLOW_FACTOR),
      log,
      signal,
    }
    return closing(this.#callLane(), (lane) => runCallCase(one, lane, options, onAttempt))
  }

  probe(): ReturnType<Subject['probe']> {
    return closing(this.#callLane(), (lane) => lane.probe())
  }

  describe(): ReturnType<Subject['describe']> {
    const { address, api } = this.#options.target.endpoint
    return { address, ...(api && { api: api.url }) }
  }

  async close(): Promise<readonly string[]> {
    this.#canary.close()
    await this.#ground?.stop()
    const { platform } = this.#options.target
    return [...(await this.#zones.removeAll()), ...((await platform?.removeAll()) ?? [])]
  }

  #callLane(): CallLane {
    const { target } = this.#options
    if (this.#way === 'kds') return this.#lane(target)
    const shared = this.#laneOptions(target)
    return this.#way === 'rest' ? new RestLane(shared) : new XdsLane({ ...shared, dataplane: this.#zones.dataplane() })
  }

  #lane(target: Target): Lane {
    return new Lane({ ...this.#laneOptions(target), zone: target.onlyZone ?? this.#zones.legal() })
  }

  #laneOptions(target: Target) {
    const unseenZone = this.#zones.unseen()
    return {
      target,
      unseenZone,
      strangerKey: this.#strangerKey,
      perch: this.#canary.perch(unseenZone),
      deadlineMs: this.#options.callTimeoutMs,
      pace: this.#pace,
    }
  }

  async #laneOn(endpoint: Endpoint): Promise<Lane> {
    const { clock, random, keyPlace } = this.#options.target
    return this.#lane(await Target.of(endpoint, {}, { clock, random }, keyPlace))
  }
}

async function closing<L extends { close(): Promise<void> }, T>(lane: L, use: (lane: L) => Promise<T>): Promise<T> {
  try {
    return await use(lane)
  } finally {
    await lane.close()
  }
}
