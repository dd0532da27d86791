import { sleep } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { Answer } from './answer.js'
import type { Ran } from './call-cases.js'
import type { Case } from './case.js'
import type { Controller, Endpoint, InstanceConfig } from './controller.js'
import type { Ground } from './ground.js'
import { answeredAs, type Expectation, judge } from './judge.js'
import type { Lane } from './lane.js'
import type { Attempt, Behaviours, Exchange } from './result.js'
import type { InstanceSide, Side, Stage } from './stage.js'
import { until } from './until.js'

export interface ScenarioOptions {
  readonly behaviours: Behaviours
  readonly timedCalls: number
  readonly controller: Controller | undefined
  /** A lane on another target than the one that is judged. */
  readonly laneOf: (endpoint: Endpoint) => Promise<Lane>
  /** A target whose keys and lists may be changed, for one case at a time; undefined: there is none beside the one judged. */
  readonly ground: Ground | undefined
}

/** A scenario on its stage; what it started is stopped whatever happens. */
export async function runScenarioCase(
  { procedure }: Case,
  lane: Lane,
  options: ScenarioOptions,
  onAttempt: (attempt: Attempt) => void,
): Promise<Ran> {
  if (procedure.kind !== 'scenario') return { attempts: [], answeredAs: undefined }
  const stage = new ScenarioStage(lane, options, onAttempt)
  try {
    await procedure.run(stage)
  } finally {
    await stage.close()
  }
  return stage.ran
}

class ScenarioStage implements Stage {
  readonly bench: Stage['bench']
  readonly openStream: Behaviours['openStream']
  readonly timedCalls: number
  readonly #lane: Lane
  readonly #options: ScenarioOptions
  readonly #onAttempt: (attempt: Attempt) => void
  readonly #judged: { expectation: Expectation; attempt: Attempt }[] = []
  readonly #started: { readonly lane: Lane; readonly stop: () => Promise<void> }[] = []

  constructor(lane: Lane, options: ScenarioOptions, onAttempt: (attempt: Attempt) => void) {
    this.bench = lane.bench
    this.openStream = options.behaviours.openStream
    this.timedCalls = options.timedCalls
    this.#lane = lane
    this.#options = options
    this.#onAttempt = onAttempt
  }

  get ran(): Ran {
    return { attempts: this.#judged.map(({ attempt }) => attempt), answeredAs: answeredAs(this.#judged) }
  }

  get api(): Stage['api'] {
    return this.#lane.api
  }

  readonly call: Side['call'] = (rpc, draft) => this.#lane.call(rpc, draft)

  readonly open: Side['open'] = (rpc, draft) => this.#lane.open(rpc, draft)
  readonly callFrom: Side['callFrom'] = (changes, rpc, draft) => this.#lane.callFrom(changes, rpc, draft)
  readonly certificate: Side['certificate'] = () => this.#lane.certificate()

  expect(step: string, call: Exchange, expect: readonly Answer[], kuma?: readonly Answer[]): void {
    const expectation = { expect, kuma }
    this.#record(expectation, judge(expectation, this.#options.behaviours.answers, { variant: step, call, probes: [] }))
  }

  check(step: string, held: boolean, detail: string): void {
    const probes = [{ what: step, held, detail }]
    const verdict = held ? { verdict: 'passed' as const } : { verdict: 'failed' as const, why: detail }
    this.#record({ expect: [] }, { variant: step, expected: [], probes, ...verdict })
  }

  async instance(config: InstanceConfig): Promise<InstanceSide> {
    const started = await this.#controller.start({ openStreams: this.openStream, ...config })
    if (started.kind === 'refused') throw new AppError('unavailable', `the target did not start: ${started.text}`)
    const lane = await this.#options.laneOf(started.endpoint)
    this.#started.push({ lane, stop: () => started.stop() })
    return Object.assign(sideOf(lane), { instance: started })
  }

  async startRefusal(config: InstanceConfig): Promise<string | undefined> {
    const started = await this.#controller.start(config)
    if (started.kind === 'refused') return started.text
    await started.stop()
    return undefined
  }

  async ground(): Promise<Side> {
    const { ground, laneOf } = this.#options
    if (ground === undefined) return this
    const { endpoint, release } = await ground.take()
    const lane = await laneOf(endpoint)
    this.#started.push({ lane, stop: async () => release() })
    return sideOf(lane)
  }

  sleep(delayMs: number): Promise<void> {
    return sleep(this.#lane.clock, delayMs)
  }

  until(withinMs: number, probe: () => Promise<boolean> | boolean): Promise<boolean> {
    return until(this.#lane.clock, { withinMs, everyMs: ASK_EVERY_MS }, probe)
  }

  async close(): Promise<void> {
    for (const { lane, stop } of this.#started.splice(0)) {
      await lane.close()
      await stop()
    }
  }

  get #controller(): Controller {
    if (this.#options.controller !== undefined) return this.#options.controller
    throw new AppError('invalid-argument', 'this needs a controller; give --controller')
  }

  #record(expectation: Expectation, attempt: Attempt): void {
    this.#judged.push({ expectation, attempt })
    this.#onAttempt(attempt)
  }
}

const ASK_EVERY_MS = 50

/** A lane's methods, so that a scenario may take them apart. */
function sideOf(lane: Lane): Side {
  return {
    bench: lane.bench,
    get api() {
      return lane.api
    },
    call: (rpc, draft) => lane.call(rpc, draft),
    open: (rpc, draft) => lane.open(rpc, draft),
    callFrom: (changes, rpc, draft) => lane.callFrom(changes, rpc, draft),
    certificate: () => lane.certificate(),
  }
}
