import { Child, withChildren } from '../child.js'
import type { KdsServer } from '../kds/server.js'
import type { Zones } from '../kds/zones.js'
import { type Report, runBench } from '../report.js'
import { type Estimate, estimate, quantile, ratios } from '../statistics.js'

/** One zone among a hundred stops reading: what the others notice, and what is held for it. */
const OTHERS = 99
const SLOW = 'zone-slow'
const SIZE = 64 * 1_024
const EVERY_MS = 100
const CHANGES = 36
/** Time for what is behind at the end of a turn, and for the slow zone to catch up. */
const WITHIN_MS = 10_000
const SETTLE_MS = 400
const ROUNDS = 5
/** On a busy machine fewer are taken, and the interval says so. */
const ROUNDS_WITHIN_MS = 60_000
const ROUNDS_MIN = 3
const MB = 2 ** 20
const SCHEDULE = {
  count: CHANGES,
  everyMs: EVERY_MS,
  size: SIZE,
  zones: OTHERS,
  withinMs: WITHIN_MS,
  ignored: SLOW,
}

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

/** Turns A-B-A each round, B with the slow zone stopped: B over A beside A over A. */
async function measure(server: Child<KdsServer>, slow: Child<Zones>): Promise<Report> {
  const turn = async (stopped: boolean) => {
    const before = await server.call('memory')
    if (stopped) slow.signal('SIGSTOP')
    const samples = await server.call('schedule', SCHEDULE)
    const held = (await server.call('memory')) - before
    if (stopped) slow.signal('SIGCONT')
    const others = samples.map(({ ms }) => ms)
    if (others.length < OTHERS * CHANGES) throw new Error(`${others.length} of ${OTHERS * CHANGES} answers came`)
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    return { p50: quantile(others, 0.5), p99: quantile(others, 0.99), held }
  }
  await turn(false)
  const [before, during, after] = [[], [], []] as { p50: number; p99: number; held: number }[][]
  const endMs = performance.now() + ROUNDS_WITHIN_MS
  for (let round = 0; round < ROUNDS && (round < ROUNDS_MIN || performance.now() < endMs); round += 1) {
    before?.push(await turn(false))
    during?.push(await turn(true))
    after?.push(await turn(false))
  }
  const p99 = (turns: typeof before) => (turns ?? []).map((each) => each.p99)
  const held = heldInMb(during ?? [], before ?? [])
  return {
    bars: [
      {
        what: 'p99 of the others, one zone stopped over none',
        value: estimate(ratios(p99(during), p99(before))),
        atMost: 1.3,
        judgedBy: 'high',
      },
      { what: 'MB held for the stopped zone', value: held, atMost: 2 },
    ],
    figures: {
      'p99 of the others, none over none (A/A)': estimate(ratios(p99(after), p99(before))).median,
      'p99 of the others, none over none (A/A), upper end': estimate(ratios(p99(after), p99(before))).high,
      'ms p50, none stopped': quantile(
        (before ?? []).map((each) => each.p50),
        0.5,
      ),
      'ms p99, none stopped': quantile(p99(before), 0.5),
      'ms p99, one stopped': quantile(p99(during), 0.5),
      'MB that a queue for it would hold': (CHANGES * SIZE) / MB,
    },
  }
}

/** Pair by pair: what grew over a turn with the zone stopped, less what grew over the turn before it. */
function heldInMb(during: readonly { held: number }[], before: readonly { held: number }[]): Estimate {
  return estimate(during.map(({ held }, index) => (held - (before[index]?.held ?? 0)) / MB))
}
