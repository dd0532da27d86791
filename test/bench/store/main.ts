import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import Database from 'better-sqlite3'
import { systemClock as clock } from '../../../src/base/clock.js'
import { silentLogger as log } from '../../../src/base/log.js'
import { systemRandom as random } from '../../../src/base/random.js'
import { DEFAULT_TENANT } from '../../../src/model/tenant.js'
import { openStore } from '../../../src/store/open-store.js'
import type { TenantStore } from '../../../src/store/store.js'
import { runBench } from '../report.js'
import { estimate, median, ratios } from '../statistics.js'
import { policy, put } from '../workload.js'

/** Durable commits on a file, beside SQLite alone with the same settings, and what they cost the loop that serves streams. */
const ROUNDS = 8
const SINGLE = 300
const WRITERS = 64
const EACH = 30
const KIB = 1_024

let version = 0

await runBench(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zonelab-bench-'))
  const stores = await openStore(join(folder, 'store.db'), { clock, random, log })
  const raw = rawDatabase(join(folder, 'raw.db'))
  try {
    const store = stores.tenant(DEFAULT_TENANT)
    await single(store, 50)
    const rates = { single: [] as number[], raw: [] as number[], many: [] as number[] }
    const stalls: { p50: number; p99: number; max: number }[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      rates.single.push(await single(store, SINGLE))
      rates.raw.push(raw.rate(SINGLE))
      const delay = monitorEventLoopDelay({ resolution: 1 })
      delay.enable()
      rates.many.push(await concurrent(store))
      delay.disable()
      stalls.push({ p50: delay.percentile(50) / 1e6, p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 })
    }
    return {
      bars: [
        { what: 'commits/s of 64 writers over one', value: estimate(ratios(rates.many, rates.single)), atLeast: 2 },
      ],
      figures: {
        'commits/s, one writer': median(rates.single),
        'commits/s, 64 writers': median(rates.many),
        'commits/s, better-sqlite3 alone, one row each, FULL': median(rates.raw),
        'one writer over better-sqlite3 alone': median(ratios(rates.single, rates.raw)),
        'ms loop delay p50 with 64 writers': median(stalls.map(({ p50 }) => p50)),
        'ms loop delay p99 with 64 writers': median(stalls.map(({ p99 }) => p99)),
        'ms loop delay max with 64 writers': median(stalls.map(({ max }) => max)),
      },
    }
  } finally {
    await stores.close()
    raw.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

async function commit(store: TenantStore, name: string): Promise<void> {
  version += 1
  await store.commit([put(policy('MeshTimeout', name, String(version), KIB))])
}

async function single(store: TenantStore, count: number): Promise<number> {
  return rate(count, async () => {
    for (let index = 0; index < count; index += 1) await commit(store, 'single')
  })
}

async function concurrent(store: TenantStore): Promise<number> {
  const writer = async (name: string) => {
    for (let index = 0; index < EACH; index += 1) await commit(store, name)
  }
  return rate(WRITERS * EACH, async () => {
    await Promise.all(Array.from({ length: WRITERS }, (_, index) => writer(`writer-${index}`)))
  })
}

async function rate(count: number, work: () => Promise<void>): Promise<number> {
  const started = process.hrtime.bigint()
  await work()
  return count / (Number(process.hrtime.bigint() - started) / 1e9)
}

/** One row replaced per transaction: what a durable commit takes at the least. */
function rawDatabase(path: string) {
  const db = new Database(path)
  db.pragma('journal_mode = WAL')
  db.exec('CREATE TABLE rows (name TEXT PRIMARY KEY, spec TEXT)')
  db.pragma('synchronous = FULL')
  const replace = db.prepare('INSERT OR REPLACE INTO rows VALUES (?, ?)')
  return {
    rate(count: number): number {
      const started = process.hrtime.bigint()
      for (let index = 0; index < count; index += 1) replace.run('single', String(index).padEnd(KIB, 'x'))
      return count / (Number(process.hrtime.bigint() - started) / 1e9)
    },
    close: () => db.close(),
  }
}
