import { Child, withChildren } from '../child.js'
import type { KdsServer } from '../kds/server.js'
import type { Zones } from '../kds/zones.js'
import { type Report, runBench } from '../report.js'
import { estimate, median, quantile, ratios } from '../statistics.js'
import { benchDatabase } from './database.js'

/** Two globals over one PostgreSQL: a write on one, until zones of the same and of the other have answered it. */
const ZONES = 20
const SCHEDULE = { count: 60, everyMs: 50, size: 1_024, zones: ZONES, withinMs: 20_000, ignored: '' }
const ROUNDS = 8
const ROUNDS_MIN = 3
const ROUNDS_WITHIN_MS = 60_000

await runBench(async () => {
  const database = await benchDatabase()
  if (!database) return { bars: [], figures: {}, notes: ['PostgreSQL: not installed on this machine'] }
  const [one, other] = [new Child<KdsServer>('kds/server.js'), new Child<KdsServer>('kds/server.js')]
  const [near, far] = [new Child<Zones>('kds/zones.js'), new Child<Zones>('kds/zones.js')]
  try {
    return await withChildren([near, far, one, other], async () => {
      // Each with a first policy: a tenant begins with its first commit.
      await connect(near, await one.call('start', 1, database.url), 'near')
      await connect(far, await other.call('start', 1, database.url), 'far')
      return await measure(one, other)
    })
  } finally {
    database.end()
  }
})

async function connect(zones: Child<Zones>, port: number, prefix: string): Promise<void> {
  const names = Array.from({ length: ZONES }, (_, index) => `${prefix}-${index}`)
  await zones.call('connect', { port, names, types: ['MeshTimeout'], resume: false, keep: false })
}

/** The same changes for both: each is timed at its own zones, from the instant at which it was due. */
async function measure(one: Child<KdsServer>, other: Child<KdsServer>): Promise<Report> {
  const [near, far] = [[] as number[], [] as number[]]
  const [nearMedian, farMedian] = [[] as number[], [] as number[]]
  const endMs = performance.now() + ROUNDS_WITHIN_MS
  for (let round = -1; round < ROUNDS && (round < ROUNDS_MIN || performance.now() < endMs); round += 1) {
    await other.call('watch')
    const samples = (await one.call('schedule', SCHEDULE)).map(({ ms }) => ms)
    const theirs = await other.call('answersTo', await one.call('dues'), ZONES, SCHEDULE.withinMs)
    const due = ZONES * SCHEDULE.count
    if (samples.length < due || theirs.length < due)
      throw new Error(`${samples.length} and ${theirs.length} of ${due} answers came`)
    // The first round warms up.
    if (round < 0) continue
    near.push(quantile(samples, 0.99))
    far.push(quantile(theirs, 0.99))
    nearMedian.push(median(samples))
    farMedian.push(median(theirs))
  }
  return {
    bars: [
      {
        what: 'p99 of write → zone on the other instance, over the same instance',
        value: estimate(ratios(far, near)),
        against: { ours: median(far), peer: median(near), unit: 'ms' },
        atMost: 3,
      },
    ],
    figures: {
      'ms p50 to zones of the same instance': median(nearMedian),
      'ms p50 to zones of the other': median(farMedian),
    },
  }
}
