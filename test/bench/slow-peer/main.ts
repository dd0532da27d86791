import { Child, withChildren } from '../child.js'
import type { KdsServer } from '../kds/server.js'
import type { Zones } from '../kds/zones.js'
import { systemTime } from '../open-loop.js'
import { type Report, runBench } from '../report.js'
import { estimate, median, quantile, ratios } from '../statistics.js'

/**
 * One zone among a hundred stops reading: what the others notice, and what is held for it. Turns are short and alternate,
 * so that what else the machine does meets neighbours alike; each turn with the zone stopped is compared with both
 * neighbours, and each without with both of its own kind (A/A).
 */
const OTHERS = 99
const SLOW = 'zone-slow'
const SIZE = 64 * 1_024
const EVERY_MS = 100
const CHANGES = 6
/** Time for what is behind at the end of a turn, and for the slow zone to catch up. */
const WITHIN_MS = 10_000
const SETTLE_MS = 200
const ROUNDS = 28
/** On a busy machine fewer are taken, and the interval says so. */
const ROUNDS_WITHIN_MS = 75_000
const ROUNDS_MIN = 8
/** Enough that a queue for the stopped zone would hold more than is allowed. */
const HELD_CHANGES = 48
const HELD_ROUNDS = 3
const MB = 2 ** 20
const SCHEDULE = { everyMs: EVERY_MS, size: SIZE, zones: OTHERS, withinMs: WITHIN_MS, ignored: SLOW }

await runBench(async () => {
  const server = new Child<KdsServer>('kds/server.js')
  const zones = new Child<Zones>('kds/zones.js')
  const slow = new Child<Zones>('kds/zones.js')
  return await withChildren([zones, slow, server], async () => {
    const port = await server.call('start', 0)
    const connection = { port, types: ['MeshTimeout'], resume: false, keep: false }
    const names = Array.from({ length: OTHERS }, (_, index) => `zone-${index}`)
    await zones.call('connect', { ...connection, names })
    await slow.call('connect', { ...connection, names: [SLOW] })
    return await measure(server, slow)
  })
})

async function measure(server: Child<KdsServer>, slow: Child<Zones>): Promise<Report> {
  const changes = async (count: number, stopped: boolean) => {
    if (stopped) slow.signal('SIGSTOP')
    const samples = (await server.call('schedule', { ...SCHEDULE, count })).map(({ ms }) => ms)
    if (samples.length < OTHERS * count) throw new Error(`${samples.length} of ${OTHERS * count} answers came`)
    return samples
  }
  const turn = async (stopped: boolean) => {
    const samples = await changes(CHANGES, stopped)
    if (stopped) slow.signal('SIGCONT')
    await systemTime.sleep(SETTLE_MS)
    return quantile(samples, 0.99)
  }
  const held = async (stopped: boolean) => {
    const before = await server.call('memory')
    await changes(HELD_CHANGES, stopped)
    const during = (await server.call('memory')) - before
    if (stopped) slow.signal('SIGCONT')
    await systemTime.sleep(SETTLE_MS)
    const after = (await server.call('memory')) - before
    return { during: during / MB, after: after / MB }
  }
  for (const stopped of [false, true, false]) await turn(stopped)
  const calm = [await turn(false)]
  const during: number[] = []
  const endMs = systemTime.nowMs() + ROUNDS_WITHIN_MS
  while (during.length < ROUNDS && (during.length < ROUNDS_MIN || systemTime.nowMs() < endMs)) {
    during.push(await turn(true))
    calm.push(await turn(false))
  }
  // The resources of its changes are there from now on.
  await held(false)
  const memory: Memory = { during: [], after: [] }
  for (let round = 0; round < HELD_ROUNDS; round += 1) {
    const [slowed, without] = [await held(true), await held(false)]
    memory.during.push(slowed.during - without.during)
    memory.after.push(slowed.after - without.after)
  }
  return report(calm, during, memory)
}

/** MB more than without a stopped zone: while it is stopped, and when it has caught up. */
interface Memory {
  readonly during: number[]
  readonly after: number[]
}

function report(calm: readonly number[], during: readonly number[], memory: Memory): Report {
  const around = during.map((_, index) => Math.sqrt((calm[index] ?? Number.NaN) * (calm[index + 1] ?? Number.NaN)))
  const inner = calm.slice(1, -1)
  const aroundCalm = inner.map((_, index) => Math.sqrt((calm[index] ?? Number.NaN) * (calm[index + 2] ?? Number.NaN)))
  const again = estimate(ratios(inner, aroundCalm))
  return {
    bars: [
      {
        what: 'p99 of the others, one zone stopped over none',
        value: estimate(ratios(during, around)),
        against: { ours: median(during), peer: median(calm), unit: 'ms' },
        atMost: 1.3,
        judgedBy: 'high',
      },
      { what: 'MB held for the stopped zone', value: estimate(memory.during), atMost: 2 },
    ],
    figures: {
      'p99 of the others, none over none (A/A)': again.median,
      'p99 of the others, none over none (A/A), lower end': again.low,
      'p99 of the others, none over none (A/A), upper end': again.high,
      'pairs of turns': during.length,
      'MB held for it when it has caught up': median(memory.after),
      'MB that a queue for it would hold': (HELD_CHANGES * SIZE) / MB,
    },
  }
}
