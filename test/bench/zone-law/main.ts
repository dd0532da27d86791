import { interleaved } from '../abba.js'
import { Child, withChildren } from '../child.js'
import { COUNTED } from '../counting/counted.js'
import { perChange, type Work } from '../counting/work.js'
import { systemTime } from '../open-loop.js'
import { type Report, runBench } from '../report.js'
import { estimate, median, ratios } from '../statistics.js'
import type { Zone } from './zone.js'

/** What a change of one policy that alters one sidecar costs a zone must not depend on how many there are of either. */
const SIZES = { few: 50, many: 1_000 } as const
const CHANGES = 200
const TURNS = { pairs: 20, pairsMin: 6, withinMs: 40_000, nowMs: () => systemTime.nowMs() }
const COUNTED_CHANGES = 50

await runBench(async () => {
  const zones = { few: new Child<Zone>('zone-law/zone.js'), many: new Child<Zone>('zone-law/zone.js') }
  return await withChildren(Object.values(zones), async () => {
    await zones.few.call('start', SIZES.few)
    await zones.many.call('start', SIZES.many)
    const encodes: number[] = []
    const messages: number[] = []
    const costs = await interleaved(
      ['few', 'many'],
      async (name) => {
        const { cpuMs, encodes: encoded, sent } = await zones[name].call('change', CHANGES)
        encodes.push(encoded / CHANGES)
        messages.push(sent / CHANGES)
        return (cpuMs * 1e3) / CHANGES
      },
      TURNS,
    )
    const work = { few: await workPerChange(SIZES.few), many: await workPerChange(SIZES.many) }
    return report(costs, work, encodes, messages)
  })
})

async function workPerChange(sidecars: number): Promise<Work> {
  const zone = new Child<Zone>('zone-law/zone.js', [], COUNTED)
  return await withChildren([zone], async () => {
    await zone.call('start', sidecars)
    return perChange(await zone.call('work', COUNTED_CHANGES), COUNTED_CHANGES)
  })
}

type BySize<V> = Readonly<Record<keyof typeof SIZES, V>>

function report(
  costs: BySize<readonly number[]>,
  { few, many }: BySize<Work>,
  encodes: readonly number[],
  messages: readonly number[],
): Report {
  const over = `${SIZES.many} sidecars and policies over ${SIZES.few}`
  return {
    bars: [
      { what: `CPU of a zone per change, ${over}`, value: estimate(ratios(costs.many, costs.few)), atMost: 1.3 },
      { what: `blocks of code run per change, ${over}`, value: many.blocks / few.blocks, atMost: 1.1 },
      { what: `elements walked by natives per change, ${over}`, value: many.elements / few.elements, atMost: 1.1 },
      { what: 'Envoy resources encoded per change', value: Math.max(...encodes), atMost: 1 },
    ],
    figures: {
      [`µs of CPU per change, ${SIZES.few}`]: median(costs.few),
      [`µs of CPU per change, ${SIZES.many}`]: median(costs.many),
      [`blocks of code run per change, ${SIZES.few}`]: few.blocks,
      [`elements walked by natives per change, ${SIZES.few}`]: few.elements,
      'messages to sidecars per change': median(messages),
    },
  }
}
