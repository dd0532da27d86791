import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { sleep, systemClock } from '../../src/base/clock.js'
import { seededRandom } from '../../src/base/random.js'
import { DEFAULT_TENANT } from '../../src/model/tenant.js'
import { openSqliteStore } from '../../src/store/sql/sql-store.js'
import { WRITER } from './strace.js'

const KILLS = 20
const COMMITS_ENDLESS = '1000000'
const SEED = 7

const folder = mkdtempSync(join(tmpdir(), 'zonelab-kill-'))
afterAll(() => rmSync(folder, { recursive: true }))

test(`kill -9 in mid-write, ${KILLS} times over one file: each start takes over, and nothing acknowledged is lost`, {
  timeout: 90_000,
}, async () => {
  const path = join(folder, 'store.db')
  const random = seededRandom(SEED)
  const acknowledged: string[] = []
  for (let kill = 0; kill < KILLS; kill += 1) acknowledged.push(...(await writeUntilKilled(path, random.next() * 60)))
  const store = await openSqliteStore({ path, clock: systemClock, random })
  const { head, resources } = await store.tenant(DEFAULT_TENANT).list('MeshTimeout')
  await store.close()
  const kept = new Set(resources.map(({ name }) => name))
  expect(acknowledged.length).toBeGreaterThan(KILLS)
  expect(acknowledged.filter((name) => !kept.has(name))).toEqual([])
  expect(head.revision).toBe(resources.length)
})

/** Returns what was acknowledged. The kill comes `forMs` after the first acknowledgement. */
async function writeUntilKilled(path: string, forMs: number): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', WRITER, path, 'FULL', COMMITS_ENDLESS], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk
  })
  const closed = once(child, 'close')
  await Promise.race([once(child.stdout, 'data'), closed])
  await sleep(systemClock, forMs)
  child.kill('SIGKILL')
  await closed
  expect(child.signalCode).toBe('SIGKILL')
  return [...output.matchAll(/^ack (.+)\n/gm)].map((match) => match[1] ?? '')
}
