import type { WriteArrivals } from './arrivals.js'
import { noTraffic, type WireCount } from './counted-codec.js'
import type { CrewReport } from './crew-orders.js'
import { LatencyHistogram } from './histogram.js'
import type { WriteFate } from './open-loop.js'
import type { LoadPlan } from './plan.js'
import type { IntervalLine, Phase, WriteLine } from './run-lines.js'
import type { TargetSample } from './target-watch.js'

export interface CrewReading {
  readonly name: string
  /** Place in the crew → index in the plan. */
  readonly zones: readonly number[]
  readonly report: CrewReport
}

interface Reach {
  count: number
  firstMs: number
  lastMs: number
}

/** Puts together what several crews and the writer have seen. */
export class RunRecorder {
  readonly #plan: LoadPlan
  readonly #measuredFromMs: number
  /** Monotonic: of the run, of the load. */
  readonly #runStartMs: number
  #loadStartMs = Number.NaN
  readonly #fates = new Map<number, WriteFate>()
  readonly #zones = new Map<number, Reach>()
  readonly #sidecars = new Map<number, Reach>()
  readonly #accepted = LatencyHistogram.empty()
  readonly #hops = { snapshot: LatencyHistogram.empty(), sidecar: LatencyHistogram.empty() }
  #interval = { accepted: 0, refused: 0, dropped: 0, bytes: 0 }

  constructor(plan: LoadPlan, runStartMs: number, measuredFromMs: number) {
    this.#plan = plan
    this.#runStartMs = runStartMs
    this.#measuredFromMs = measuredFromMs
  }

  loadStarts(atMs: number): void {
    this.#loadStartMs = atMs
  }

  wrote(fate: WriteFate): void {
    this.#fates.set(fate.number, fate)
    const write = this.#plan.writes[fate.number - 1]
    this.#interval[fate.kind] += 1
    if (fate.kind !== 'accepted' || write === undefined) return
    this.#interval.bytes += write.bytes
    const { atMs } = write
    if (atMs !== undefined && atMs >= this.#measuredFromMs) this.#accepted.record(fate.atMs - this.#loadStartMs - atMs)
  }

  /** Writes that have been accepted, of all that were begun. */
  get fates(): ReadonlyMap<number, WriteFate> {
    return this.#fates
  }

  /** How many zones have got a write. */
  reached(number: number): number {
    return this.#zones.get(number)?.count ?? 0
  }

  interval(
    phase: Phase,
    nowMs: number,
    crews: readonly CrewReading[],
    target: TargetSample,
    writer: CrewReport['health'],
  ): IntervalLine {
    const reports = crews.map(({ report }) => report)
    for (const { zoneArrivals, sidecarArrivals, hops } of reports) {
      merge(this.#zones, zoneArrivals.writes)
      merge(this.#sidecars, sidecarArrivals.writes)
      if (phase !== 'load' && phase !== 'settle') continue
      this.#hops.snapshot.add(LatencyHistogram.decode(hops.snapshot))
      this.#hops.sidecar.add(LatencyHistogram.decode(hops.sidecar))
    }
    const line: IntervalLine = {
      kind: 'interval',
      atMs: nowMs - this.#runStartMs,
      phase,
      live: sum(reports, ({ live }) => live),
      sidecarsLive: sum(reports, ({ sidecarsLive }) => sidecarsLive),
      latency: {
        zone: merged(reports.map(({ zoneArrivals }) => zoneArrivals.latency)),
        zoneFaulted: merged(reports.map(({ zoneArrivals }) => zoneArrivals.faulted)),
        sidecar: merged(reports.map(({ sidecarArrivals }) => sidecarArrivals.latency)),
        sidecarFaulted: merged(reports.map(({ sidecarArrivals }) => sidecarArrivals.faulted)),
        accepted: this.#accepted.encode(),
      },
      slowest: crews.flatMap(({ zones, report }) =>
        report.zoneArrivals.slowest.map(([place, ms]): [number, number] => [
          zones[place] ?? 0,
          Math.round(ms * 10) / 10,
        ]),
      ),
      reconnects: reports.flatMap(({ reconnects }) => reconnects),
      resync: {
        received: sum(reports, ({ resync }) => resync.received),
        repeated: sum(reports, ({ resync }) => resync.repeated),
      },
      wire: traffic(reports.map(({ wire }) => wire)),
      writes: this.#interval,
      generator: [{ name: 'writer', ...writer }, ...crews.map(({ name, report }) => ({ name, ...report.health }))],
      target: known(target),
      losses: losses(reports),
    }
    this.#accepted.reset()
    this.#interval = { accepted: 0, refused: 0, dropped: 0, bytes: 0 }
    return line
  }

  /** Inside of whole zones, while there was load; none that nobody saw. */
  get hops(): ReadonlyMap<string, LatencyHistogram> {
    return new Map(Object.entries(this.#hops).filter(([, { count }]) => count > 0))
  }

  /** One line for each write of the load. */
  writeLines(): WriteLine[] {
    return this.#plan.writes.flatMap(({ number, resource, atMs }) => {
      const fate = this.#fates.get(number)
      if (atMs === undefined || fate === undefined) return []
      const dueMs = this.#loadStartMs + atMs
      const [zones, sidecars] = [this.#zones, this.#sidecars].map((reaches) => after(reaches.get(number), dueMs))
      return {
        kind: 'write' as const,
        number,
        type: this.#plan.resources[resource]?.type ?? '',
        atMs: dueMs - this.#runStartMs,
        ...(fate.kind === 'accepted' && { acceptedMs: fate.atMs - dueMs }),
        ...(fate.kind === 'refused' && { why: fate.why }),
        ...(fate.kind === 'dropped' && { why: 'dropped: too many writes were under way' }),
        measured: atMs >= this.#measuredFromMs,
        ...(zones && { zones }),
        ...(sidecars && { sidecars }),
      }
    })
  }
}

function merge(reaches: Map<number, Reach>, arrivals: readonly WriteArrivals[]): void {
  for (const { number, recipients, firstMs, lastMs } of arrivals) {
    const known = reaches.get(number)
    reaches.set(number, {
      count: (known?.count ?? 0) + recipients,
      firstMs: Math.min(known?.firstMs ?? firstMs, firstMs),
      lastMs: Math.max(known?.lastMs ?? lastMs, lastMs),
    })
  }
}

function after(reach: Reach | undefined, dueMs: number): Reach | undefined {
  return reach && { count: reach.count, firstMs: reach.firstMs - dueMs, lastMs: reach.lastMs - dueMs }
}

function merged(texts: readonly string[]): string {
  const [first, ...others] = texts
  if (first !== undefined && others.length === 0) return first
  const all = LatencyHistogram.empty()
  for (const text of texts) all.add(LatencyHistogram.decode(text))
  return all.encode()
}

function traffic(counts: readonly WireCount[]): WireCount {
  const all = noTraffic()
  for (const count of counts) for (const key of Object.keys(all) as (keyof WireCount)[]) all[key] += count[key]
  return all
}

function losses(reports: readonly CrewReport[]): Record<string, number> {
  const all: Record<string, number> = {}
  for (const report of reports) {
    for (const [why, count] of Object.entries(report.losses)) all[why] = (all[why] ?? 0) + count
  }
  return all
}

function known({ cpu, rssBytes, loopLagP99Ms }: TargetSample): IntervalLine['target'] {
  return {
    ...(cpu !== undefined && { cpu }),
    ...(rssBytes !== undefined && { rssBytes }),
    ...(loopLagP99Ms !== undefined && { loopLagP99Ms }),
  }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
