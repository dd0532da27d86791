import { Child, withChildren } from '../child.js'
import type { FanOutServer } from '../fan-out/server.js'
import type { KdsServer } from '../kds/server.js'
import type { Zones } from '../kds/zones.js'
import { sizeOf } from '../propagation/tiers.js'
import { runBench } from '../report.js'

/** What many tenants with some zones each cost when nothing changes, above a bare HTTP/2 server with as many connections. */
const { zones: TENANTS, sidecars: ZONES } = sizeOf(process.argv[2], { zones: 1_000, sidecars: 3 })
/** So many tenants connect at once. */
const WAVE = 50
/** Insights are written up to ten seconds after the last answer; idle begins then. */
const SETTLE_MS = 12_000
const IDLE_MS = 20_000

await runBench(async () => {
  const ours = new Child<KdsServer>('kds/server.js')
  const bare = new Child<FanOutServer>('fan-out/server.js', ['bare'])
  const [ourZones, bareZones] = [new Child<Zones>('kds/zones.js'), new Child<Zones>('kds/zones.js')]
  return await withChildren([ourZones, bareZones, ours, bare], async () => {
    const ports = { ours: await ours.call('start', 0), bare: await bare.call('port') }
    for (let from = 0; from < TENANTS; from += WAVE) {
      const tenants = Array.from({ length: Math.min(WAVE, TENANTS - from) }, (_, index) => `tenant-${from + index}`)
      const connect = async (cpId: string) => {
        const names = Array.from({ length: ZONES }, (_, index) => `${cpId}-zone-${index}`)
        const options = { names, cpId, types: ['MeshTimeout'], resume: false, keep: false }
        await bareZones.call('connectSilent', { ...options, port: ports.bare })
        await ours.call('begin', cpId)
        await ourZones.call('connect', { ...options, port: ports.ours })
      }
      await Promise.all(tenants.map(connect))
    }
    await bare.call('connected', TENANTS * ZONES)
    await sleep(SETTLE_MS)
    const before = [await ours.cpuMs(), await bare.cpuMs()] as const
    await sleep(IDLE_MS)
    const after = [await ours.cpuMs(), await bare.cpuMs()] as const
    const share = (index: 0 | 1) => ((after[index] - before[index]) / IDLE_MS) * 100
    return {
      bars: [
        {
          what: `% of a core of ${TENANTS} idle tenants × ${ZONES} zones above a bare HTTP/2 server`,
          value: share(0) - share(1),
          against: { ours: share(0), peer: share(1), unit: '%' },
          atMost: 1,
        },
      ],
      figures: { 'MB of the global': (await ours.processMemory()).rssBytes / 1e6 },
    }
  })
})

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
