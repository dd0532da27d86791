import { type Clock, sleep } from '../base/clock.js'
import { AppError } from '../base/errors.js'
import type { WriteSchedule } from './arrivals.js'
import { cleanUp } from './cleanup.js'
import type { Crew } from './crew-orders.js'
import { judgeFinal } from './final-check.js'
import { HealthMonitor } from './generator-health.js'
import { listenToHops } from './hop-times.js'
import { inParallel } from './in-parallel.js'
import { runOpenLoop } from './open-loop.js'
import type { LoadPlan } from './plan.js'
import { rampUp } from './ramp.js'
import type { FinalLine, IntervalLine, Phase, RunLine } from './run-lines.js'
import { RunRecorder } from './run-recorder.js'
import { type ExportedResource, performWrite, setUp } from './run-setup.js'
import type { Scenario } from './scenario.js'
import { strikeAsPlanned } from './strikes.js'
import { CP_ID_HEADER, type LoadTarget } from './target.js'
import { Reasons, whyTargetIsLost } from './target-loss.js'
import type { TargetWatch } from './target-watch.js'

export interface LoadRunOptions {
  readonly scenario: Scenario
  readonly plan: LoadPlan
  readonly target: LoadTarget
  readonly watch: TargetWatch
  /** One for each process of zones; the zones are dealt out over them. */
  readonly crews: readonly { readonly name: string; readonly crew: Crew }[]
  readonly exported: readonly ExportedResource[]
  readonly clock: Clock
  /** Each line of the run file, as it comes. */
  readonly record: (line: RunLine) => void
  /** For `zonelab load clean`, in what is left. */
  readonly cleanCommand: string
  /** What the last writes may take to arrive before the quiet tail begins. Default 10 s. */
  readonly settleWithinMs?: number
  /** What the zones may take to come up, after the last one has dialled. Default 60 s. */
  readonly liveWithinMs?: number
  readonly signal: AbortSignal
}

const INTERVAL_MS = 1_000
/** As many seconds' worth of writes as a target may owe an answer. */
const IN_FLIGHT_SECONDS = 5
const IN_FLIGHT_MIN = 32
const SETTLE_WITHIN_MS = 10_000

/** One run: from the first resource that is made to the last one that is deleted again. */
export class LoadRun {
  readonly #options: LoadRunOptions
  readonly #startMs: number
  readonly #recorder: RunRecorder
  readonly #health: HealthMonitor
  readonly #crewZones: readonly (readonly number[])[]
  readonly #losses = new Reasons()
  #phase: Phase = 'setup'
  #loadStartMs = 0

  constructor(options: LoadRunOptions) {
    const { clock, plan, scenario, crews } = options
    this.#options = options
    this.#startMs = clock.monotonicMs()
    this.#recorder = new RunRecorder(plan, this.#startMs, scenario.load.warmup)
    this.#health = new HealthMonitor(clock)
    this.#crewZones = crews.map((_crew, turn) =>
      plan.zones.filter(({ index }) => index % crews.length === turn).map(({ index }) => index),
    )
  }

  /** Whatever happens, what was made is removed again, and the file says how it ended. */
  async run(): Promise<void> {
    const { signal } = this.#options
    let failure: AppError | undefined
    try {
      await this.#work()
    } catch (thrown) {
      if (!signal.aborted) failure = AppError.from(thrown)
    }
    for (const line of this.#recorder.writeLines()) this.#record(line)
    await this.#cleanUp()
    const how = failure ? 'failed' : signal.aborted ? 'interrupted' : 'done'
    this.#record({ kind: 'end', atMs: this.#now(), how, message: failure?.message ?? '' })
    this.#health.stop()
  }

  async #work(): Promise<void> {
    const { plan, target, scenario, crews, clock, exported, signal, watch, liveWithinMs } = this.#options
    this.#enter('setup')
    await setUp(plan, target, {
      standing: scenario.standing,
      exported,
      onWrite: ({ number }) => {
        const atMs = this.#options.clock.monotonicMs()
        this.#recorder.wrote({ kind: 'accepted', number, startedMs: atMs, atMs })
      },
      signal,
    })
    await this.#prepareCrews()
    signal.throwIfAborted()
    this.#enter('ramp')
    await rampUp({ plan, scenario, crews, clock, signal, liveWithinMs, interval: () => this.#interval() })
    signal.throwIfAborted()
    await watch.startCounting()
    await this.#stay('hold', scenario.ramp.hold)
    signal.throwIfAborted()
    const hops = await listenToHops(plan, target, this.#options.clock)
    try {
      await this.#load()
      this.#requireTarget(await this.#settle())
    } finally {
      for (const [hop, histogram] of [...(await hops.stop()), ...this.#recorder.hops]) {
        this.#record({ kind: 'hop', hop, histogram: histogram.encode() })
      }
    }
    signal.throwIfAborted()
    await this.#stay('quiet', scenario.quietTail)
    await this.#final()
  }

  async #prepareCrews(): Promise<void> {
    const { plan, target, scenario, crews, signal } = this.#options
    const tokens = new Map<number, { token: string | undefined; expiredToken: string | undefined }>()
    const expiring = new Set(
      plan.strikes.filter(({ kind }) => kind === 'token-expire-now').flatMap(({ zones }) => zones),
    )
    await inParallel(
      plan.zones.map(({ index, name, tenant }) => async () => {
        const token = await target.zoneToken(name, tenant, 'good')
        const expiredToken = expiring.has(index) ? await target.zoneToken(name, tenant, 'expired') : undefined
        tokens.set(index, { token, expiredToken })
      }),
      signal,
    )
    signal.throwIfAborted()
    const several = target.tenants.length > 1 || target.tenants[0] !== 'default'
    await Promise.all(
      crews.map(({ crew }, turn) =>
        crew.prepare({
          mesh: plan.mesh,
          topology: scenario.topology,
          dataplanesPerSecond: scenario.ramp.dataplanes / crews.length,
          seed: scenario.seed,
          target: { host: hostOf(target.address), trust: target.trust, cpIdHeader: CP_ID_HEADER },
          resources: plan.resources.length,
          silent: target.api === undefined,
          zones: (this.#crewZones[turn] ?? []).flatMap((index) => {
            const zone = plan.zones[index]
            if (!zone) return []
            const credential = tokens.get(index) ?? { token: undefined, expiredToken: undefined }
            return [{ plan: zone, ...credential, cpId: several ? zone.tenant : undefined }]
          }),
        }),
      ),
    )
    await this.#begin({ startMs: Number.POSITIVE_INFINITY, writes: this.#schedule(), measuredFromMs: 0 })
  }

  async #load(): Promise<void> {
    const { plan, target, scenario, clock, signal, crews } = this.#options
    this.#enter('load')
    await this.#interval()
    const startMs = clock.monotonicMs() + INTERVAL_MS / 4
    this.#recorder.loadStarts(startMs)
    this.#loadStartMs = startMs
    await this.#begin({ startMs, writes: this.#schedule(), measuredFromMs: scenario.load.warmup })
    const timed = target.api ? plan.writes.filter(({ atMs }) => atMs !== undefined) : []
    const over = new AbortController()
    const side = AbortSignal.any([signal, over.signal])
    const strikes = strikeAsPlanned({
      plan,
      target,
      startMs,
      clock,
      crews,
      signal: side,
      record: (line) => this.#record(line),
      sinceStart: () => this.#now(),
    })
    const churn = this.#churn(startMs, side)
    const ticking = this.#tickUntil(side)
    const writing = runOpenLoop({
      writes: timed,
      startMs,
      clock,
      perform: (write) => performWrite(plan, target, write),
      onFate: (fate) => this.#recorder.wrote(fate),
      inFlightMax: Math.max(IN_FLIGHT_MIN, scenario.load.writes * IN_FLIGHT_SECONDS),
      signal,
    })
    await Promise.all([writing, this.#pause(startMs + scenario.load.duration - clock.monotonicMs())])
    over.abort()
    await Promise.all([strikes, churn, ticking])
    signal.throwIfAborted()
  }

  async #churn(startMs: number, signal: AbortSignal): Promise<void> {
    const { plan, clock, crews } = this.#options
    for (const event of plan.churn) {
      await this.#pause(startMs + event.atMs - clock.monotonicMs(), signal)
      if (signal.aborted) return
      await crews[event.zone % crews.length]?.crew.churn([event])
    }
  }

  /** Until every zone and sidecar has what was accepted last, or they have had time enough. */
  async #settle(): Promise<IntervalLine> {
    const { clock, signal, plan, target } = this.#options
    this.#enter('settle')
    const fromMs = Math.max(clock.monotonicMs(), this.#loadStartMs + allBackMs(this.#options))
    const untilMs = fromMs + (this.#options.settleWithinMs ?? SETTLE_WITHIN_MS)
    const perTenant = plan.zones.length / target.tenants.length
    for (;;) {
      await this.#pause(INTERVAL_MS / 2)
      const line = await this.#interval()
      const owed = [...this.#recorder.fates.values()].some(
        ({ kind, number }) =>
          kind === 'accepted' && this.#isMeasured(number) && this.#recorder.reached(number) < perTenant,
      )
      const isDone = !owed && (await this.#judged()).wrong.length === 0
      if (isDone || clock.monotonicMs() >= untilMs || signal.aborted) return line
    }
  }

  #requireTarget(line: IntervalLine): void {
    this.#options.signal.throwIfAborted()
    const { writes } = this.#options.plan
    const timed = [...this.#recorder.fates.values()].filter(({ number }) => writes[number - 1]?.atMs !== undefined)
    const why = whyTargetIsLost(line, this.#losses, timed)
    if (why !== undefined) throw new AppError('unavailable', why)
  }

  #isMeasured(number: number): boolean {
    const atMs = this.#options.plan.writes[number - 1]?.atMs
    return atMs !== undefined && atMs >= this.#options.scenario.load.warmup
  }

  async #final(): Promise<void> {
    this.#enter('final')
    this.#record(await this.#judged())
    this.#record({ kind: 'counters', counters: Object.fromEntries(await this.#options.watch.grown()) })
  }

  async #judged(): Promise<FinalLine> {
    const { plan, scenario, crews } = this.#options
    const states = (await Promise.all(crews.map(({ crew }) => crew.final()))).flat()
    return judgeFinal(plan, scenario, this.#recorder.fates, states)
  }

  async #cleanUp(): Promise<void> {
    const { crews, plan, target, clock, cleanCommand } = this.#options
    this.#enter('cleanup')
    await Promise.allSettled(crews.map(({ crew }) => crew.stop()))
    for (const { what, why } of await cleanUp(plan.run, target, clock)) {
      this.#record({ kind: 'leftover', what: `${what} (${why})`, command: cleanCommand })
    }
  }

  #schedule(): WriteSchedule['writes'] {
    return this.#options.plan.writes.map(({ resource, atMs }) => ({ resource, atMs }))
  }

  async #begin(schedule: WriteSchedule): Promise<void> {
    await Promise.all(this.#options.crews.map(({ crew }) => crew.begin(schedule)))
  }

  async #stay(phase: Phase, forMs: number): Promise<void> {
    this.#enter(phase)
    const over = new AbortController()
    const ticking = this.#tickUntil(AbortSignal.any([this.#options.signal, over.signal]))
    await this.#pause(forMs)
    over.abort()
    await ticking
  }

  async #tickUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#pause(INTERVAL_MS, signal)
      await this.#interval()
    }
  }

  async #interval(): Promise<IntervalLine> {
    const { crews, clock, watch } = this.#options
    const reports = await Promise.all(
      crews.map(async ({ name, crew }, turn) => ({
        name,
        zones: this.#crewZones[turn] ?? [],
        report: await crew.take(),
      })),
    )
    const target = await watch.sample()
    const line = this.#recorder.interval(this.#phase, clock.monotonicMs(), reports, target, this.#health.take())
    this.#losses.add(line.losses)
    this.#record(line)
    return line
  }

  #enter(phase: Phase): void {
    this.#phase = phase
    this.#record({ kind: 'phase', phase, atMs: this.#now() })
  }

  #record(line: RunLine): void {
    this.#options.record(line)
  }

  #now(): number {
    return this.#options.clock.monotonicMs() - this.#startMs
  }

  /** Ends early, without complaint, when the signal aborts. */
  async #pause(ms: number, signal: AbortSignal = this.#options.signal): Promise<void> {
    if (ms <= 0 || signal.aborted) return
    try {
      await sleep(this.#options.clock, ms, signal)
    } catch {
      // Whoever waits looks at the signal itself.
    }
  }
}

/** After the start of the load: when the last fault is over, and whom it cut off has dialled again after one and a half waits. */
function allBackMs({ plan, scenario }: Pick<LoadRunOptions, 'plan' | 'scenario'>): number {
  return Math.max(
    0,
    ...plan.strikes.map(({ atMs, durationMs }) => atMs + durationMs + 1.5 * scenario.topology.reconnect),
  )
}

function hostOf(address: string): string {
  return address.replace(/^grpcs?:\/\//, '').replace(/\/$/, '')
}
