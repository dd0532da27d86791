import { Child, type ProcessMemory, withChildren } from '../child.js'
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
      return { ours: await ours.processMemory(), bare: await bare.processMemory() }
    }
    const few = await connect(0, FEW)
    const many = await connect(FEW, MANY)
    const each = (server: 'ours' | 'bare', what: keyof ProcessMemory) =>
      (many[server][what] - few[server][what]) / (MANY - FEW) / KB
    const [oursKb, bareKb] = [each('ours', 'rssBytes'), each('bare', 'rssBytes')]
    return {
      bars: [
        { what: 'kB for each idle zone', value: oursKb, atMost: 100 },
        {
          what: 'memory for each idle zone over bare node:http2',
          value: oursKb / bareKb,
          against: { ours: oursKb, peer: bareKb, unit: 'kB' },
          atMost: 1.5,
        },
      ],
      figures: {
        'kB of objects for each': each('ours', 'heapBytes'),
        'kB of objects for each, bare node:http2': each('bare', 'heapBytes'),
        [`MB with ${MANY} zones`]: many.ours.rssBytes / 1e6,
        [`MB with ${MANY} streams, bare node:http2`]: many.bare.rssBytes / 1e6,
      },
    }
  })
})
