import { Child, withChildren } from '../child.js'
import { COUNTED } from '../counting/counted.js'
import { perChange, type Work } from '../counting/work.js'
import type { KdsServer } from '../kds/server.js'
import type { Zones } from '../kds/zones.js'
import type { ReplicaServer } from '../replica/server.js'
import { type Report, runBench } from '../report.js'
import { estimate, logSlope, median, ratios } from '../statistics.js'
import { TYPES } from '../workload.js'

/** What a change costs must not depend on how much there is, and on the number of zones at most in proportion. */
const FEW = 1_000
const MANY = 100_000
const ZONES = 10
const PAIRS = 12
const CHANGES = 100
const KIB = 1_024
/** Up to which number of zones the slope is taken; a decade and a half. */
const STEPS = [10, 30, 100, 300]
const COUNTED_CHANGES = 100
/** One change of the replica with many resources takes seconds. */
const REPLICA_CHANGES = { few: 10, many: 1 }

await runBench(async () => {
  const servers = [FEW, MANY].map(() => new Child<KdsServer>('kds/server.js'))
  const zones = [FEW, MANY].map(() => new Child<Zones>('kds/zones.js'))
  return await withChildren([...zones, ...servers], async () => {
    const [few, many] = servers as [Child<KdsServer>, Child<KdsServer>]
    const [fewZones, manyZones] = zones as [Child<Zones>, Child<Zones>]
    const fewPort = await few.call('start', FEW)
    await connect(fewZones, fewPort, 0, ZONES, TYPES)
    await connect(manyZones, await many.call('start', MANY), 0, ZONES, TYPES)
    const byResources = await pairs(few, many)
    const work = [await workPerChange(FEW), await workPerChange(MANY)] as const
    await fewZones.call('drop')
    const byZones = await overZones(few, fewZones, fewPort)
    const replica = [
      await replicaCost(FEW, REPLICA_CHANGES.few),
      await replicaCost(MANY, REPLICA_CHANGES.many),
    ] as const
    return report(byResources, work, byZones, replica)
  })
})

function connect(zones: Child<Zones>, port: number, from: number, to: number, types: readonly string[]): Promise<void> {
  const names = Array.from({ length: to - from }, (_, index) => `zone-${from + index}`)
  return zones.call('connect', { port, names, types, resume: false, keep: false })
}

interface Costs {
  readonly few: number[]
  readonly many: number[]
  readonly encodes: number[]
}

/** CPU per change in µs; one turn of each is not counted, then A-B-B-A. */
async function pairs(few: Child<KdsServer>, many: Child<KdsServer>): Promise<Costs> {
  const costs: Costs = { few: [], many: [], encodes: [] }
  const turn = async (server: Child<KdsServer>, into: number[]) => {
    const { cpuMs, encodes } = await server.call('change', CHANGES, ZONES, KIB)
    into.push((cpuMs * 1e3) / CHANGES)
    costs.encodes.push(encodes / CHANGES)
  }
  for (const server of [few, many]) await turn(server, [])
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const turns = [() => turn(few, costs.few), () => turn(many, costs.many)]
    for (const take of pair % 2 === 0 ? turns : turns.toReversed()) await take()
  }
  return costs
}

interface Point {
  readonly x: number
  readonly y: number
}

async function overZones(server: Child<KdsServer>, zones: Child<Zones>, port: number): Promise<readonly Point[]> {
  const points: Point[] = []
  let connected = 0
  for (const step of STEPS) {
    await connect(zones, port, connected, step, ['MeshTimeout'])
    connected = step
    const costs: number[] = []
    const count = Math.max(5, Math.round((CHANGES * ZONES) / step))
    for (let turn = 0; turn < 6; turn += 1) {
      const { cpuMs } = await server.call('change', count, step, KIB)
      if (turn > 0) costs.push((cpuMs * 1e3) / count)
    }
    points.push({ x: step, y: median(costs) })
  }
  return points
}

async function workPerChange(resources: number): Promise<Work> {
  const server = new Child<KdsServer>('kds/server.js', [], COUNTED)
  const zones = new Child<Zones>('kds/zones.js')
  return await withChildren([zones, server], async () => {
    await connect(zones, await server.call('start', resources), 0, ZONES, ['MeshTimeout'])
    return perChange(await server.call('work', COUNTED_CHANGES, ZONES), COUNTED_CHANGES)
  })
}

/** µs of CPU per change of the replica of the per-zone snapshot algorithm, which sends nothing. */
async function replicaCost(resources: number, changes: number): Promise<number> {
  const server = new Child<ReplicaServer>('replica/server.js')
  return await withChildren([server], async () => {
    await server.call('start', resources, ZONES)
    return ((await server.call('change', changes, KIB)) * 1e3) / changes
  })
}

function report(
  costs: Costs,
  [few, many]: readonly [Work, Work],
  byZones: readonly Point[],
  [fewReplica, manyReplica]: readonly [number, number],
): Report {
  return {
    bars: [
      {
        what: 'CPU per change with 100k resources over that with 1k',
        value: estimate(ratios(costs.many, costs.few)),
        atMost: 1.3,
      },
      {
        what: 'CPU per change with 100k resources over the replica of per-zone snapshots',
        value: estimate(costs.many.map((cost) => cost / manyReplica)),
        against: { ours: median(costs.many) / 1e3, peer: manyReplica / 1e3, unit: 'ms of CPU' },
        atMost: 0.05,
      },
      { what: 'blocks of code run per change, 100k over 1k', value: many.blocks / few.blocks, atMost: 1.1 },
      { what: 'elements walked by natives per change, 100k over 1k', value: many.elements / few.elements, atMost: 1.1 },
      { what: 'slope of CPU per change over zones', value: logSlope(byZones), atMost: 1 },
      { what: 'encodes per change, one class of zones', value: Math.max(...costs.encodes), atMost: 1 },
    ],
    figures: {
      'µs of CPU per change, 1k resources, 10 zones': median(costs.few),
      'µs of CPU per change, 100k resources, 10 zones': median(costs.many),
      'A over A: 1k, odd turns over even': estimate(
        ratios(
          costs.few.filter((_, index) => index % 2 === 1),
          costs.few.filter((_, index) => index % 2 === 0),
        ),
      ).median,
      'replica of per-zone snapshots: CPU per change, 100k over 1k': manyReplica / fewReplica,
      'blocks of code run per change, 1k resources': few.blocks,
      'elements walked by natives per change, 1k resources': few.elements,
      ...Object.fromEntries(byZones.map(({ x, y }) => [`µs of CPU per change, ${x} zones`, y])),
    },
  }
}
