import { LatencyHistogram } from './histogram.js'
import type {
  EndLine,
  FaultLine,
  FinalLine,
  IntervalLine,
  RunLine,
  StartLine,
  StepLine,
  WriteLine,
} from './run-lines.js'
import { RUN_KIND } from './run-lines.js'

/** Everything that reports show of a run, made from its file alone. */
export interface Summary {
  readonly start: StartLine
  readonly end: EndLine
  readonly intervals: readonly IntervalLine[]
  readonly writes: readonly WriteLine[]
  readonly faults: readonly FaultLine[]
  readonly final: FinalLine | undefined
  readonly hops: ReadonlyMap<string, LatencyHistogram>
  readonly counters: Readonly<Record<string, number>>
  readonly leftovers: readonly { readonly what: string; readonly command: string }[]
  /** Of a search for the limit. */
  readonly steps: readonly StepLine[]
  readonly latency: Latencies
  readonly counts: Counts
  readonly generator: readonly GeneratorSummary[]
  readonly targetUse: TargetUse
  readonly quiet: Quiet | undefined
  /** By zone index, those with the slowest arrivals first. */
  readonly stragglers: readonly { readonly zone: string; readonly maxMs: number }[]
}

/** Of the measured part of the load. */
export interface Latencies {
  readonly accepted: LatencyHistogram
  readonly zone: LatencyHistogram
  readonly zoneFaulted: LatencyHistogram
  readonly sidecar: LatencyHistogram
  readonly sidecarFaulted: LatencyHistogram
  /** Of each write: from when it was due until its first and its last recipient had it. */
  readonly firstZone: LatencyHistogram
  readonly lastZone: LatencyHistogram
  readonly lastSidecar: LatencyHistogram
  readonly reconnect: LatencyHistogram
}

export interface Counts {
  readonly zones: number
  /** At the end of the ramp. */
  readonly zonesLive: number
  readonly sidecarsLive: number
  readonly planned: number
  readonly accepted: number
  readonly refused: number
  readonly dropped: number
  readonly nacks: number
  readonly loadSeconds: number
  /** From the global to zones and back, during the load. */
  readonly bytesToZones: number
  readonly messagesToZones: number
  readonly bytesFromZones: number
  readonly messagesFromZones: number
  readonly bytesWritten: number
  /** Bytes to zones for each byte written; undefined when nothing was. */
  readonly amplification: number | undefined
  /** Bytes that resyncs carried for each byte that the zone lacked; undefined when there was none. */
  readonly resyncAmplification: number | undefined
  readonly losses: Readonly<Record<string, number>>
}

export interface GeneratorSummary {
  readonly name: string
  readonly lagP99Ms: number
  readonly lagMaxMs: number
  readonly cpu: number
}

export interface TargetUse {
  readonly cpu: number | undefined
  readonly cpuQuiet: number | undefined
  /** What an accepted write cost it beyond what it takes when nothing happens. */
  readonly cpuMsPerChange: number | undefined
  readonly rssMaxBytes: number | undefined
  readonly loopLagP99Ms: number | undefined
}

/** Of the quiet tail: does the system stop talking? */
export interface Quiet {
  readonly seconds: number
  readonly messages: number
  readonly bytes: number
}

export function summarise(lines: readonly RunLine[]): Summary {
  const of = <K extends RunLine['kind']>(kind: K) =>
    lines.filter((line): line is Extract<RunLine, { kind: K }> => line.kind === kind)
  const [start] = of(RUN_KIND)
  if (!start) throw new Error('a run file begins with its start')
  const intervals = of('interval')
  const writes = of('write')
  const load = intervals.filter(({ phase }) => phase === 'load' || phase === 'settle')
  const quiet = intervals.filter(({ phase }) => phase === 'quiet')
  return {
    start,
    end: of('end')[0] ?? {
      kind: 'end',
      atMs: intervals.at(-1)?.atMs ?? 0,
      how: 'interrupted',
      message: 'the file has no end',
    },
    intervals,
    writes,
    faults: of('fault'),
    final: of('final')[0],
    hops: new Map(of('hop').map(({ hop, histogram }) => [hop, LatencyHistogram.decode(histogram)])),
    counters: of('counters')[0]?.counters ?? {},
    leftovers: of('leftover').map(({ what, command }) => ({ what, command })),
    steps: of('step'),
    latency: latenciesOf(load, writes),
    counts: countsOf(start, intervals, load),
    generator: generatorOf(load.length > 0 ? load : intervals),
    targetUse: targetOf(load, quiet, intervals),
    quiet: quiet.length === 0 ? undefined : quietOf(quiet, intervals),
    stragglers: stragglersOf(start, load),
  }
}

function latenciesOf(load: readonly IntervalLine[], writes: readonly WriteLine[]): Latencies {
  const merged = (of: (line: IntervalLine) => string) => {
    const all = LatencyHistogram.empty()
    for (const line of load) all.add(LatencyHistogram.decode(of(line)))
    return all
  }
  const recorded = (values: readonly number[]) => {
    const all = LatencyHistogram.empty()
    for (const ms of values) all.record(ms)
    return all
  }
  const measured = writes.filter((write) => write.measured)
  return {
    accepted: merged(({ latency }) => latency.accepted),
    zone: merged(({ latency }) => latency.zone),
    zoneFaulted: merged(({ latency }) => latency.zoneFaulted),
    sidecar: merged(({ latency }) => latency.sidecar),
    sidecarFaulted: merged(({ latency }) => latency.sidecarFaulted),
    firstZone: recorded(measured.flatMap(({ zones }) => (zones ? [zones.firstMs] : []))),
    lastZone: recorded(measured.flatMap(({ zones }) => (zones ? [zones.lastMs] : []))),
    lastSidecar: recorded(measured.flatMap(({ sidecars }) => (sidecars ? [sidecars.lastMs] : []))),
    reconnect: recorded(load.flatMap(({ reconnects }) => reconnects)),
  }
}

function countsOf(start: StartLine, intervals: readonly IntervalLine[], load: readonly IntervalLine[]): Counts {
  const total = (of: (line: IntervalLine) => number) => load.reduce((sum, line) => sum + of(line), 0)
  const atRampEnd = intervals.filter(({ phase }) => phase === 'ramp').at(-1)
  const bytesToZones = total(({ wire }) => wire.bytesIn)
  const bytesWritten = total(({ writes }) => writes.bytes)
  const received = total(({ resync }) => resync.received)
  const repeated = total(({ resync }) => resync.repeated)
  const losses: Record<string, number> = {}
  for (const line of intervals) {
    for (const [why, count] of Object.entries(line.losses)) losses[why] = (losses[why] ?? 0) + count
  }
  const during = intervals.filter(({ phase }) => phase === 'load')
  return {
    zones: start.zones.length,
    zonesLive: atRampEnd?.live ?? 0,
    sidecarsLive: atRampEnd?.sidecarsLive ?? 0,
    planned: start.writesPlanned,
    accepted: total(({ writes }) => writes.accepted),
    refused: total(({ writes }) => writes.refused),
    dropped: total(({ writes }) => writes.dropped),
    nacks: intervals.reduce((sum, { wire }) => sum + wire.nacks, 0),
    loadSeconds: during.length === 0 ? 0 : ((during.at(-1)?.atMs ?? 0) - (during[0]?.atMs ?? 0)) / 1_000,
    bytesToZones,
    messagesToZones: total(({ wire }) => wire.messagesIn),
    bytesFromZones: total(({ wire }) => wire.bytesOut),
    messagesFromZones: total(({ wire }) => wire.messagesOut),
    bytesWritten,
    amplification: bytesWritten === 0 ? undefined : bytesToZones / bytesWritten,
    resyncAmplification: received === 0 ? undefined : received / Math.max(1, received - repeated),
    losses,
  }
}

function generatorOf(load: readonly IntervalLine[]): GeneratorSummary[] {
  const names = load[0]?.generator.map(({ name }) => name) ?? []
  return names.map((name, place) => {
    const own = load.flatMap(({ generator }) => generator[place] ?? [])
    const lag = LatencyHistogram.empty()
    for (const one of own) lag.add(LatencyHistogram.decode(one.lag))
    return { name, lagP99Ms: lag.percentile(99), lagMaxMs: lag.maxMs, cpu: mean(own.map(({ cpu }) => cpu)) ?? 0 }
  })
}

function targetOf(
  load: readonly IntervalLine[],
  quiet: readonly IntervalLine[],
  all: readonly IntervalLine[],
): TargetUse {
  const values = (lines: readonly IntervalLine[], key: keyof IntervalLine['target']) =>
    lines.flatMap(({ target }) => target[key] ?? [])
  const rss = values(all, 'rssBytes')
  const lag = values(load, 'loopLagP99Ms')
  const cpuQuiet = mean(values(quiet, 'cpu'))
  return {
    cpu: mean(values(load, 'cpu')),
    cpuQuiet,
    cpuMsPerChange: cpuQuiet === undefined ? undefined : costOfChange(load, cpuQuiet),
    rssMaxBytes: rss.length === 0 ? undefined : Math.max(...rss),
    loopLagP99Ms: lag.length === 0 ? undefined : Math.max(...lag),
  }
}

/** The first interval reaches back before the load. */
function costOfChange(load: readonly IntervalLine[], idle: number): number | undefined {
  let [changes, ms] = [0, 0]
  for (const [place, { atMs, writes, target }] of load.entries()) {
    const before = load[place - 1]
    if (before === undefined || target.cpu === undefined) continue
    changes += writes.accepted
    ms += (target.cpu - idle) * (atMs - before.atMs)
  }
  return changes === 0 ? undefined : Math.max(0, ms / changes)
}

function quietOf(quiet: readonly IntervalLine[], all: readonly IntervalLine[]): Quiet {
  const before = all[all.indexOf(quiet[0] as IntervalLine) - 1]
  return {
    seconds: ((quiet.at(-1)?.atMs ?? 0) - (before?.atMs ?? quiet[0]?.atMs ?? 0)) / 1_000,
    messages: quiet.reduce((sum, { wire }) => sum + wire.messagesIn + wire.messagesOut, 0),
    bytes: quiet.reduce((sum, { wire }) => sum + wire.bytesIn + wire.bytesOut, 0),
  }
}

function stragglersOf({ zones }: StartLine, load: readonly IntervalLine[]): Summary['stragglers'] {
  const slowest = new Map<number, number>()
  for (const line of load)
    for (const [zone, ms] of line.slowest) slowest.set(zone, Math.max(slowest.get(zone) ?? 0, ms))
  return [...slowest]
    .map(([zone, maxMs]) => ({ zone: zones[zone] ?? `zone ${zone}`, maxMs }))
    .sort((a, b) => b.maxMs - a.maxMs)
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length
}
