import { Child, withChildren } from '../child.js'
import type { KdsServer } from '../kds/server.js'
import type { Zones } from '../kds/zones.js'
import { runBench } from '../report.js'
import { TYPES } from '../workload.js'

/** A thousand zones connect cold, lose their connections at once, and come back saying what they hold. */
const ZONES = 1_000
const RESOURCES = 400

await runBench(async () => {
  const server = new Child<KdsServer>('kds/server.js')
  const zones = new Child<Zones>('kds/zones.js')
  return await withChildren([zones, server], async () => {
    const port = await server.call('start', RESOURCES)
    const names = Array.from({ length: ZONES }, (_, index) => `zone-${index}`)
    const wave = async (resume: boolean) => {
      const before = await zones.call('seen')
      const cpuMs = await server.cpuMs()
      const startedMs = nowMs()
      await zones.call('connect', { port, names, types: TYPES, resume, keep: true })
      const { bytesIn, bytesOut } = await zones.call('seen')
      return {
        seconds: (nowMs() - startedMs) / 1e3,
        serverCpuSeconds: ((await server.cpuMs()) - cpuMs) / 1e3,
        down: bytesIn - before.bytesIn,
        up: bytesOut - before.bytesOut,
      }
    }
    const cold = await wave(false)
    await zones.call('drop')
    const resumed = await wave(true)
    return {
      bars: [
        { what: 's until all zones are in sync again', value: resumed.seconds, atMost: 10 },
        { what: 'bytes sent to zones on resume over cold', value: resumed.down / cold.down, atMost: 0.1 },
      ],
      figures: {
        's until all zones are in sync, cold': cold.seconds,
        's of CPU of the global, cold': cold.serverCpuSeconds,
        's of CPU of the global, resume': resumed.serverCpuSeconds,
        'kB to each zone, cold': cold.down / ZONES / 1e3,
        'kB to each zone, resume': resumed.down / ZONES / 1e3,
        'kB from each zone, cold': cold.up / ZONES / 1e3,
        'kB from each zone, resume': resumed.up / ZONES / 1e3,
        'bytes both ways on resume over cold': (resumed.down + resumed.up) / (cold.down + cold.up),
      },
    }
  })
})

function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
