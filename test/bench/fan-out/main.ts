import { interleaved } from '../abba.js'
import { Child, withChildren } from '../child.js'
import type { Zones } from '../kds/zones.js'
import { type Report, runBench } from '../report.js'
import { estimate, median, ratios } from '../statistics.js'
import { CHANGED } from '../workload.js'
import { brokerCosts } from './brokers.js'
import { VARIANTS, type Variant } from './sender.js'
import type { FanOutServer } from './server.js'

/** One change to 1,000 zones: what a global costs for each delivery and its answer, against what it stands on. */
const ZONES = 1_000
const KIB = 1_024
/** Rounds of a turn: enough CPU for the 1 ms of `cpuUsage` not to matter. Pairs: see `docs/PERFORMANCE.md`. */
const SIZES = [
  { name: '1 KiB', bytes: KIB, rounds: 4, pairs: 8 },
  { name: '64 KiB', bytes: 64 * KIB, rounds: 2, pairs: 6 },
] as const

/** On a busy machine fewer pairs are taken, and the interval says so. */
const TURNS_WITHIN_MS = 30_000
const PAIRS_MIN = 3

type Contender = { readonly server: Child<FanOutServer>; readonly zones: Child<Zones>; end(): void }
/** CPU of the server per delivery in µs, turn by turn. */
type Costs = Readonly<Record<Variant, readonly number[]>>

await runBench(async () => {
  const contenders = new Map<Variant, Contender>(VARIANTS.map((variant) => [variant, contender(variant)]))
  return await withChildren([...contenders.values()], async () => {
    for (const each of contenders.values()) await connect(each)
    const bySize = new Map<string, Costs>()
    for (const size of SIZES) bySize.set(size.name, await measure(contenders, size))
    const brokers = await brokerCosts(ZONES, SIZES)
    const { bars, figures } = report(bySize)
    return { bars, figures: { ...figures, ...brokers.figures }, notes: brokers.notes }
  })
})

function contender(variant: Variant): Contender {
  const server = new Child<FanOutServer>('fan-out/server.js', [variant])
  const zones = new Child<Zones>('kds/zones.js')
  return {
    server,
    zones,
    end() {
      zones.end()
      server.end()
    },
  }
}

async function connect({ server, zones }: Contender): Promise<void> {
  const port = await server.call('port')
  const names = Array.from({ length: ZONES }, (_, index) => `zone-${index}`)
  await zones.call('connectSilent', { port, names, types: [CHANGED.type], resume: false, keep: false })
  await server.call('connected', ZONES)
}

function measure(contenders: ReadonlyMap<Variant, Contender>, size: (typeof SIZES)[number]): Promise<Costs> {
  const turn = async (variant: Variant) => {
    const spent = await contenders.get(variant)?.server.call('fanOut', size.bytes, size.rounds, ZONES)
    return ((spent?.cpuMs ?? Number.NaN) * 1e3) / (size.rounds * ZONES)
  }
  const nowMs = () => performance.now()
  return interleaved(VARIANTS, turn, { pairs: size.pairs, pairsMin: PAIRS_MIN, withinMs: TURNS_WITHIN_MS, nowMs })
}

function report(bySize: ReadonlyMap<string, Costs>): Report {
  const speed = (size: string, variant: Variant) => {
    const costs = bySize.get(size) as Costs
    const against = { ours: median(costs.zonelab), peer: median(costs[variant]), unit: 'µs of CPU' }
    return { value: estimate(ratios(costs[variant], costs.zonelab)), against }
  }
  const figures = [...bySize].flatMap(([size, costs]) =>
    VARIANTS.map((variant) => [`${size}: µs of CPU per delivery, ${variant}`, median(costs[variant])] as const),
  )
  return {
    bars: [
      { what: 'speed at 1 KiB over bare node:http2', ...speed('1 KiB', 'bare'), atLeast: 0.7 },
      { what: 'speed at 1 KiB over grpc-js with identity serializer', ...speed('1 KiB', 'identity'), atLeast: 0.9 },
      { what: 'speed at 64 KiB over stock grpc-js', ...speed('64 KiB', 'stock'), atLeast: 3 },
    ],
    figures: Object.fromEntries([
      ...figures,
      ['64 KiB: speed over bare node:http2', speed('64 KiB', 'bare').value.median],
      ['64 KiB: speed over grpc-js with identity serializer', speed('64 KiB', 'identity').value.median],
    ]),
  }
}
