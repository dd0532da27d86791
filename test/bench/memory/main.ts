import { Child, withChildren } from '../child.js'
import type { FanOutServer } from '../fan-out/server.js'
import type { KdsServer } from '../kds/server.js'
import type { Zones } from '../kds/zones.js'
import { runBench } from '../report.js'

/** What one more connected zone takes of the global's memory while nothing happens, beside a bare HTTP/2 server. */
const FEW = 500
const MANY = 5_000
const KB = 1_000
/** So many connect at once. */
const WAVE = 250
/** Insights are written up to ten seconds after the last answer. */
const SETTLE_MS = 12_000

await runBench(async () => {
  const ours = new Child<KdsServer>('kds/server.js')
  const bare = new Child<FanOutServer>('fan-out/server.js', ['bare'])
  const [ourZones, bareZones] = [new Child<Zones>('kds/zones.js'), new Child<Zones>('kds/zones.js')]
  return await withChildren([ourZones, bareZones, ours, bare], async () => {
    const ports = { ours: await ours.call('start', 0), bare: await bare.call('port') }
    const connect = async (from: number, to: number) => {
      for (let at = from; at < to; at += WAVE) {
        const names = Array.from({ length: Math.min(WAVE, to - at) }, (_, index) => `zone-${at + index}`)
        const options = { names, types: ['MeshTimeout'], resume: false, keep: false }
        await ourZones.call('connect', { ...options, port: ports.ours })
        await bareZones.call('connectSilent', { ...options, port: ports.bare })
        await bare.call('connected', at + names.length)
      }
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
      return { ours: await ours.rssBytes(), bare: await bare.rssBytes() }
    }
    const few = await connect(0, FEW)
    const many = await connect(FEW, MANY)
    const each = (server: 'ours' | 'bare') => (many[server] - few[server]) / (MANY - FEW) / KB
    const against = { ours: each('ours'), peer: each('bare'), unit: 'kB' }
    return {
      bars: [
        { what: 'kB for each idle zone', value: each('ours'), atMost: 100 },
        {
          what: 'memory for each idle zone over bare node:http2',
          value: each('ours') / each('bare'),
          against,
          atMost: 1.5,
        },
      ],
      figures: {
        [`MB with ${MANY} zones`]: many.ours / 1e6,
        [`MB with ${MANY} streams, bare node:http2`]: many.bare / 1e6,
      },
    }
  })
})
