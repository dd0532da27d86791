import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { interleaved } from '../abba.js'
import { Child, withChildren } from '../child.js'
import type { KdsServer } from '../kds/server.js'
import type { Zones } from '../kds/zones.js'
import { systemTime } from '../open-loop.js'
import { type Report, runBench } from '../report.js'
import { estimate, median, quantile, ratios } from '../statistics.js'

/** One tenant makes 10,000 durable changes as fast as it can: what the zones of another notice of it. */
const ZONES = 20
const BURST = 10_000
const [NOISY, QUIET] = ['noisy', 'quiet'] as const
/** As long as the burst, and so many that their p99 is not the one worst of them. */
const SCHEDULE = {
  tenant: QUIET,
  count: 500,
  everyMs: 20,
  size: 1_024,
  zones: ZONES,
  withinMs: 20_000,
  ignored: '',
}
const PAIRS = 3
const PAIRS_MIN = 3
const TURNS_WITHIN_MS = 110_000

await runBench(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zonelab-bench-'))
  const server = new Child<KdsServer>('kds/server.js')
  // A zone is a machine of its own: that those of one tenant are busy says nothing of the global.
  const zones = { [NOISY]: new Child<Zones>('kds/zones.js'), [QUIET]: new Child<Zones>('kds/zones.js') }
  try {
    return await withChildren([zones[NOISY], zones[QUIET], server], async () => {
      const port = await server.call('start', 0, join(folder, 'store.db'))
      for (const cpId of [NOISY, QUIET]) {
        await server.call('begin', cpId)
        const names = Array.from({ length: ZONES }, (_, index) => `${cpId}-${index}`)
        await zones[cpId].call('connect', { port, names, cpId, types: ['MeshTimeout'], resume: false, keep: false })
      }
      return await measure(server)
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

async function measure(server: Child<KdsServer>): Promise<Report> {
  const bursts: number[] = []
  const turn = async (name: 'alone' | 'again' | 'beside') => {
    const burst = name === 'beside' ? server.call('burst', NOISY, BURST) : undefined
    const samples = await server.call('schedule', SCHEDULE)
    if (burst !== undefined) bursts.push(await burst)
    if (samples.length < ZONES * SCHEDULE.count) throw new Error(`${samples.length} answers of the quiet tenant came`)
    return quantile(
      samples.map(({ ms }) => ms),
      0.99,
    )
  }
  const p99 = await interleaved(['alone', 'beside', 'again'], turn, {
    pairs: PAIRS,
    pairsMin: PAIRS_MIN,
    withinMs: TURNS_WITHIN_MS,
    nowMs: systemTime.nowMs,
  })
  const against = { ours: median(p99.beside), peer: median(p99.alone), unit: 'ms' }
  const again = estimate(ratios(p99.again, p99.alone))
  return {
    bars: [
      {
        what: `p99 of a tenant while another makes ${BURST} changes, over alone`,
        value: estimate(ratios(p99.beside, p99.alone)),
        against,
        atMost: 2,
      },
    ],
    figures: {
      'p99 alone over alone (A/A)': again.median,
      'p99 alone over alone (A/A), upper end': again.high,
      's that the burst takes': median(bursts) / 1e3,
      'durable changes/s of the burst': BURST / (median(bursts) / 1e3),
    },
  }
}
