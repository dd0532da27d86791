import { Child, withChildren } from '../child.js'
import type { FanOutServer } from '../fan-out/server.js'
import type { KdsServer } from '../kds/server.js'
import type { Zones } from '../kds/zones.js'
import { runBench } from '../report.js'
import { TYPES } from '../workload.js'

/** What 500 connected zones cost when nothing changes, above a bare HTTP/2 server with the same connections and pings. */
const ZONES = 500
const RESOURCES = 10_000
/** Insights are written up to ten seconds after the last answer; idle begins then. */
const SETTLE_MS = 12_000
const IDLE_MS = 20_000

await runBench(async () => {
  const ours = new Child<KdsServer>('kds/server.js')
  const bare = new Child<FanOutServer>('fan-out/server.js', ['bare'])
  const [ourZones, bareZones] = [new Child<Zones>('kds/zones.js'), new Child<Zones>('kds/zones.js')]
  return await withChildren([ourZones, bareZones, ours, bare], async () => {
    const names = Array.from({ length: ZONES }, (_, index) => `zone-${index}`)
    const connection = { names, resume: false, keep: false }
    const [oneType] = TYPES as [string]
    await bareZones.call('connectSilent', { ...connection, port: await bare.call('port'), types: [oneType] })
    await bare.call('connected', ZONES)
    await ourZones.call('connect', { ...connection, port: await ours.call('start', RESOURCES), types: [oneType] })
    await sleep(SETTLE_MS)
    const responses = (await ourZones.call('seen')).responses
    const before = [await ours.cpuMs(), await bare.cpuMs()] as const
    await sleep(IDLE_MS)
    const after = [await ours.cpuMs(), await bare.cpuMs()] as const
    const share = (index: 0 | 1) => ((after[index] - before[index]) / IDLE_MS) * 100
    return {
      bars: [
        { what: '% of a core above a bare HTTP/2 server', value: share(0) - share(1), atMost: 1 },
        { what: 'responses while idle', value: (await ourZones.call('seen')).responses - responses, atMost: 0 },
      ],
      figures: { '% of a core, zonelab': share(0), '% of a core, bare HTTP/2': share(1) },
    }
  })
})

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
