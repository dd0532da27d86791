import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.js'
import { seededRandom } from '../../src/base/random.js'
import { DEFAULT_TENANT } from '../../src/model/tenant.js'
import { openSqliteStore } from '../../src/store/sql/sql-store.js'
import { straceWorks, traceWriter } from './strace.js'

/** System calls of the real writer fail, by strace's fault injection. */
const COMMITS = 100

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonelab-faults-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function linesUnder(fault: string): Promise<string[]> {
  const call = fault.slice(0, fault.indexOf(':'))
  const strace = ['-f', '--seccomp-bpf', '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${fault}`]
  return traceWriter(strace, [join(folder, 'store.db'), 'FULL', String(COMMITS)])
}

async function keptNames(): Promise<string[]> {
  const store = await openSqliteStore({ path: join(folder, 'store.db'), clock: systemClock, random: seededRandom(1) })
  const { resources } = await store.tenant(DEFAULT_TENANT).list('MeshTimeout')
  await store.close()
  return resources.map(({ name }) => name)
}

const namesOf = (lines: readonly string[], said: string) =>
  lines.filter((line) => line.startsWith(`${said} `)).map((line) => line.slice(said.length + 1))

test('an fsync that fails once ends all acknowledging, and what was acknowledged before is kept', async () => {
  if (!straceWorks()) return console.log('disk faults: not run')
  const lines = await linesUnder('fsync:error=EIO:when=40')
  const acknowledged = namesOf(lines, 'ack')
  expect(acknowledged.length).toBeGreaterThan(10)
  expect(namesOf(lines, 'fatal')).toEqual(['unavailable'])
  expect(lines.slice(lines.indexOf('fatal unavailable')).filter((line) => line.startsWith('ack'))).toEqual([])
  expect(namesOf(lines, 'unavailable')).toHaveLength(COMMITS - acknowledged.length)
  expect(await keptNames()).toEqual(expect.arrayContaining(acknowledged))
})

test('a disk that is full for a while refuses for that while; what was refused is not there, what was not is', async () => {
  if (!straceWorks()) return console.log('disk faults: not run')
  const lines = await linesUnder('pwrite64:error=ENOSPC:when=200..220')
  const refused = namesOf(lines, 'store-full')
  const acknowledged = namesOf(lines, 'ack')
  expect(refused.length).toBeGreaterThan(10)
  expect(acknowledged).toHaveLength(COMMITS - refused.length)
  expect(lines.at(-1)).toMatch(/^ack /)
  expect((await keptNames()).sort()).toEqual([...acknowledged].sort())
})
