import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child, withChildren } from '../child.js'
import { Deliveries, openLoop, systemTime } from '../open-loop.js'
import { type Report, runBench } from '../report.js'
import { quantile } from '../statistics.js'
import { type Applied, GROUPS, policyOf } from './change.js'
import type { Global } from './global.js'
import type { Sidecars } from './sidecars.js'
import type { PackedZones } from './zones.js'

/** From the instant that a write was due to each sidecar that it alters having accepted it, over both hops. */
const ZONES = 20
const SIDECARS = 50
const EVERY_MS = 100
/** Of each group as many. */
const CHANGES = 150
const SETTLE_MS = 3_000
const LIVE_WITHIN_MS = 60_000

interface Written {
  readonly dueMs: number
  readonly acceptedMs: number
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 })

await runBench(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zonelab-bench-'))
  const [global, zones, sidecars] = [
    new Child<Global>('propagation/global.js'),
    new Child<PackedZones>('propagation/zones.js'),
    new Child<Sidecars>('propagation/sidecars.js'),
  ]
  try {
    return await withChildren([sidecars, zones, global], async () => {
      const { kds, apiHttp } = await global.call('start', join(folder, 'store.db'))
      const names = Array.from({ length: ZONES }, (_, index) => `zone-${index + 1}`)
      const ports = await zones.call('start', kds, names)
      for (const [index, name] of names.entries()) await sidecars.call('start', name, ports[index] ?? 0, SIDECARS)
      await until('sidecars have a configuration', async () => (await sidecars.call('live')) === ZONES * SIDECARS)
      for (let number = 0; number < GROUPS; number += 1) await write(apiHttp, number)
      const warm = new Set<string>()
      await until('sidecars have their group', async () => {
        for (const { sidecar } of await sidecars.call('take')) warm.add(sidecar)
        return warm.size === ZONES * SIDECARS
      })
      await systemTime.sleep(SETTLE_MS)
      await sidecars.call('take')
      const tiers = { global, zones, sidecars }
      const before = await cpuOf(tiers)
      const written = await writeAll(apiHttp)
      const used = await cpuOf(tiers)
      await systemTime.sleep(SETTLE_MS)
      const shares = Object.entries(used).map(([tier, ms]) => {
        const share = ((ms - (before[tier] ?? 0)) / (CHANGES * EVERY_MS)) * 100
        return [`% of a core, ${tier}`, share] as const
      })
      const { bars, figures } = report(written, await sidecars.call('take'))
      return { bars, figures: { ...figures, ...Object.fromEntries(shares) } }
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

async function cpuOf(tiers: Readonly<Record<string, { cpuMs(): Promise<number> }>>): Promise<Record<string, number>> {
  const used = await Promise.all(
    Object.entries(tiers).map(async ([tier, child]) => [tier, await child.cpuMs()] as const),
  )
  return Object.fromEntries(used)
}

/** Writes on schedule, whether or not the one before has been answered. */
async function writeAll(port: number): Promise<ReadonlyMap<number, Written>> {
  const written = new Map<number, Written>()
  const writes: Promise<void>[] = []
  await openLoop({ count: CHANGES, everyMs: EVERY_MS }, (index, dueMs) => {
    const number = GROUPS + index
    writes.push(write(port, number).then(() => void written.set(number, { dueMs, acceptedMs: systemTime.nowMs() })))
  })
  await Promise.all(writes)
  return written
}

/** A change counts as had by a sidecar when that has it or a later one of its group. */
function report(written: ReadonlyMap<number, Written>, applied: readonly Applied[]): Report {
  const bySidecar = new Map<string, Applied[]>()
  for (const each of applied) bySidecar.set(each.sidecar, [...(bySidecar.get(each.sidecar) ?? []), each])
  const deliveries = new Deliveries((written.size * ZONES * SIDECARS) / GROUPS)
  const last = new Map<number, number>()
  for (const [number, { dueMs }] of written) {
    for (const [, had] of bySidecar) {
      const [first] = had
      if (!first || first.number % GROUPS !== number % GROUPS) continue
      const at = had.find((each) => each.number >= number)?.atMs
      if (at === undefined) continue
      deliveries.arrived(at - dueMs)
      last.set(number, Math.max(last.get(number) ?? 0, at - dueMs))
    }
  }
  const latencies = deliveries.latencies()
  const accepted = [...written.values()].map(({ dueMs, acceptedMs }) => acceptedMs - dueMs)
  return {
    bars: [
      { what: 'ms p50, write due to sidecar ACK', value: quantile(latencies, 0.5), atMost: 20 },
      { what: 'ms p99, write due to sidecar ACK', value: quantile(latencies, 0.99), atMost: 100 },
    ],
    figures: {
      'ms p99.9': quantile(latencies, 0.999),
      'ms max': quantile(latencies, 1),
      'ms p50, write due to last ACK of a change': quantile([...last.values()], 0.5),
      'ms p99, write due to last ACK of a change': quantile([...last.values()], 0.99),
      'ms p50, write due to accepted': quantile(accepted, 0.5),
      'ms p99, write due to accepted': quantile(accepted, 0.99),
      deliveries: latencies.length,
    },
  }
}

function write(port: number, number: number): Promise<void> {
  const { name, body } = policyOf(number)
  const options = {
    agent,
    port,
    host: '127.0.0.1',
    method: 'PUT',
    path: `/meshes/default/meshtimeouts/${name}`,
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
  }
  return new Promise((resolve, reject) => {
    const call = request(options, (response) => {
      response.resume()
      response.on('end', () => {
        if ((response.statusCode ?? 500) < 300) resolve()
        else reject(new Error(`a write was answered by ${response.statusCode}`))
      })
    })
    call.on('error', reject)
    call.end(body)
  })
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const endMs = systemTime.nowMs() + LIVE_WITHIN_MS
  while (!(await holds())) {
    if (systemTime.nowMs() > endMs) throw new Error(`not within ${LIVE_WITHIN_MS / 1e3} s: ${what}`)
    await systemTime.sleep(200)
  }
}
