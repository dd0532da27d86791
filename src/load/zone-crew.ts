import { invariant } from '../base/assert.js'
import type { Clock } from '../base/clock.js'
import { type Random, seededRandom } from '../base/random.js'
import { Arrivals, type WriteSchedule } from './arrivals.js'
import { noTraffic, SharedDecoder, type WireCount } from './counted-codec.js'
import type { Crew, CrewOrder, CrewReport, CrewStrike, CrewZone, FinalState, MemberHop } from './crew-orders.js'
import { HealthMonitor } from './generator-health.js'
import { LatencyHistogram } from './histogram.js'
import type { PlannedChurn } from './plan.js'

/** One simulated zone of whatever tier, as its crew deals with it. */
export interface ZoneMember {
  readonly isLive: boolean
  readonly sidecarsLive: number
  start(): Promise<void>
  stop(): Promise<void>
  strike(strike: CrewStrike): void
  churn(event: PlannedChurn): Promise<void>
  /** What the zone and its sidecars hold of the run. */
  final(): readonly FinalState[]
}

/** Where members report to. */
export interface CrewLog {
  readonly clock: Clock
  readonly random: Random
  readonly decoder: Pick<SharedDecoder, 'decode'>
  readonly wire: WireCount
  /** `zone` is the place in the crew. */
  readonly zoneArrivals: Arrivals
  readonly sidecarArrivals: Arrivals
  /** Monotonic; what a zone that has lost its global is to get is faulted for as long as it has not come back. */
  faultedUntilMs(zone: number): number
  reconnected(afterMs: number): void
  hop(hop: MemberHop, ms: number): void
  /** Of a zone's sidecars the first one's place among those of the crew. */
  firstSidecar(zone: number): number
  resynced(bytes: { readonly received: number; readonly repeated: number }): void
  lost(zone: number, why: string): void
  live(zone: number): unknown
}

export type MakeMember = (order: CrewOrder, zone: CrewZone, place: number, log: CrewLog) => Promise<ZoneMember>

/** The zones of one process. */
export class ZoneCrew implements Crew {
  readonly #clock: Clock
  readonly #makeMember: MakeMember
  readonly #health: HealthMonitor
  readonly #members: ZoneMember[] = []
  /** Index in the plan → place in the crew. */
  #places = new Map<number, number>()
  readonly #wire = noTraffic()
  #zoneArrivals = new Arrivals(0, 0)
  #sidecarArrivals = new Arrivals(0, 0)
  readonly #reconnects: number[] = []
  readonly #hops = { snapshot: LatencyHistogram.empty(), sidecar: LatencyHistogram.empty() }
  #firstSidecars: readonly number[] = []
  #resync = { received: 0, repeated: 0 }
  #losses: Record<string, number> = {}
  /** By place: until when a fault lasts. */
  readonly #struckUntilMs = new Map<number, number>()
  /** Places of zones that have lost their global and do not have everything again yet. */
  readonly #away = new Set<number>()

  constructor(clock: Clock, makeMember: MakeMember) {
    this.#clock = clock
    this.#makeMember = makeMember
    this.#health = new HealthMonitor(clock)
  }

  async prepare(order: CrewOrder): Promise<void> {
    invariant(this.#members.length === 0, 'a crew is prepared once')
    const { zones, resources, seed } = order
    this.#zoneArrivals = new Arrivals(zones.length, resources)
    this.#sidecarArrivals = new Arrivals(
      zones.reduce((sum, { plan }) => sum + plan.sidecars.length, 0),
      resources,
    )
    let sidecars = 0
    this.#firstSidecars = zones.map(({ plan }) => {
      sidecars += plan.sidecars.length
      return sidecars - plan.sidecars.length
    })
    this.#places = new Map(zones.map(({ plan }, place) => [plan.index, place]))
    const log = this.#log(seed ^ (zones[0]?.plan.index ?? 0))
    for (const [place, zone] of zones.entries()) this.#members.push(await this.#makeMember(order, zone, place, log))
  }

  async connect(zones: readonly number[]): Promise<void> {
    await Promise.all(zones.map((zone) => this.#member(zone)?.start()))
  }

  async begin(schedule: WriteSchedule): Promise<void> {
    this.#zoneArrivals.begin(schedule)
    this.#sidecarArrivals.begin(schedule)
    this.#health.take()
  }

  async strike(strikes: readonly CrewStrike[]): Promise<void> {
    for (const strike of strikes) {
      const place = this.#places.get(strike.zone)
      if (place === undefined) continue
      this.#struckUntilMs.set(place, this.#clock.monotonicMs() + strike.fault.durationMs)
      this.#members[place]?.strike(strike)
    }
  }

  async churn(events: readonly PlannedChurn[]): Promise<void> {
    await Promise.all(events.map((event) => this.#member(event.zone)?.churn(event)))
  }

  async take(): Promise<CrewReport> {
    const report = {
      live: this.#members.filter(({ isLive }) => isLive).length,
      zones: this.#members.length,
      sidecarsLive: this.#members.reduce((sum, { sidecarsLive }) => sum + sidecarsLive, 0),
      zoneArrivals: this.#zoneArrivals.take(),
      sidecarArrivals: this.#sidecarArrivals.take(),
      reconnects: this.#reconnects.splice(0),
      resync: this.#resync,
      wire: { ...this.#wire },
      health: this.#health.take(),
      hops: { snapshot: this.#hops.snapshot.encode(), sidecar: this.#hops.sidecar.encode() },
      losses: this.#losses,
    }
    this.#hops.snapshot.reset()
    this.#hops.sidecar.reset()
    Object.assign(this.#wire, noTraffic())
    this.#resync = { received: 0, repeated: 0 }
    this.#losses = {}
    return report
  }

  async final(): Promise<readonly FinalState[]> {
    return this.#members.flatMap((member) => member.final())
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop()))
    this.#health.stop()
  }

  #member(zone: number): ZoneMember | undefined {
    const place = this.#places.get(zone)
    return place === undefined ? undefined : this.#members[place]
  }

  #log(seed: number): CrewLog {
    return {
      clock: this.#clock,
      random: seededRandom(seed),
      decoder: new SharedDecoder(),
      wire: this.#wire,
      zoneArrivals: this.#zoneArrivals,
      sidecarArrivals: this.#sidecarArrivals,
      faultedUntilMs: (zone) =>
        this.#away.has(zone) ? Number.POSITIVE_INFINITY : (this.#struckUntilMs.get(zone) ?? Number.NEGATIVE_INFINITY),
      reconnected: (afterMs) => this.#reconnects.push(afterMs),
      hop: (hop, ms) => this.#hops[hop].record(ms),
      firstSidecar: (zone) => this.#firstSidecars[zone] ?? 0,
      resynced: ({ received, repeated }) => {
        this.#resync = { received: this.#resync.received + received, repeated: this.#resync.repeated + repeated }
      },
      lost: (zone, why) => {
        this.#losses[why] = (this.#losses[why] ?? 0) + 1
        this.#away.add(zone)
      },
      live: (zone) => this.#away.delete(zone),
    }
  }
}
