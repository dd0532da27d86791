import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { LabView } from '../../src/lab/lab-view.js'
import type { LoadComparison } from '../../src/load/compare.js'
import { readLoadResult } from '../../src/load/load-result.js'
import { alive, askApi, buildProgram, componentOf, Home } from './program.js'

/** A run before an upgrade of its target, and one after. */

const WITHIN_MS = 240_000
const PATIENT = { timeout: 120_000, interval: 200 }
/** Held, or not judged because this machine was too busy for the generator. */
const CODES = [0, 11]

const SCENARIO = `kind: Scenario
name: tiny
topology: { zones: 2, release: { '2.13': 50%, '3.0': 50% }, resume: false }
ramp: { zones: 50/s, hold: 0ms }
load: { writes: 5/s, duration: 1s, warmup: 0ms, resources: 2 }
quietTail: 100ms
`
const ZONELAB = `'${process.execPath}' '${resolve('dist/cli/main.js')}'`

let home: Home
let lab: LabView
const at = (name: string) => join(home.dir, name)
const args = (command: string, ...flags: readonly string[]) =>
  ['load', 'run', '-f', at('tiny.yaml'), '--lab', 'default', '--force', '--upgrade-command', command].concat(flags)

beforeAll(async () => {
  await buildProgram()
  home = await Home.make()
  writeFileSync(at('tiny.yaml'), SCENARIO)
  // A zone of the lab's own is sent what the runs make, and must not keep them from removing it.
  lab = JSON.parse(await home.ok(['up', '--zones', '1', '--detach', '-o', 'json'])) as LabView
}, WITHIN_MS)
afterAll(() => home[Symbol.asyncDispose](), WITHIN_MS)
/** What is left of a run shows here. */
afterEach(async () => {
  const names = async (path: string) => {
    const { items } = (await (await askApi(componentOf(lab, 'global'), path)).json()) as { items: { name: string }[] }
    return items.map(({ name }) => name)
  }
  expect([await names('/meshes'), await names('/zones')]).toEqual([['default'], ['zone-1']])
})

test('the same load runs before and after the command, and the two are compared', { timeout: WITHIN_MS }, async () => {
  const out = at('out')
  const ended = await home.run(args(`${ZONELAB} restart global`, '--report', out))
  expect(CODES, ended.stderr).toContain(ended.code)
  const [before, after] = ['before', 'after'].map((part) => readLoadResult(join(out, part, 'run.ndjson')))
  expect(before?.summary.start.run).not.toBe(after?.summary.start.run)
  expect(before?.summary.start.scenario).toEqual(after?.summary.start.scenario)
  for (const result of [before, after]) {
    expect(result?.summary.counts).toMatchObject({ zonesLive: 2, accepted: 5 })
    expect(result?.summary.final).toMatchObject({ zones: 2, wrong: [] })
    expect(result?.summary.leftovers).toEqual([])
  }
  const comparison = JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8')) as LoadComparison
  const p99 = comparison.measures.find(({ name }) => name === 'zone.propagation:p(99)')
  expect([p99?.before, p99?.after]).toEqual([expect.any(Number), expect.any(Number)])
  expect(ended.stdout).toContain(readFileSync(join(out, 'comparison.txt'), 'utf8').trim())
  expect(existsSync(join(out, 'comparison.md'))).toBe(true)
})

test('a command that fails ends it, with the report of the first run', { timeout: WITHIN_MS }, async () => {
  const out = at('failed')
  const { code, stderr } = await home.run(args('exit 7', '--report', out))
  expect([code, stderr]).toEqual([1, expect.stringContaining('--upgrade-command ended with exit code 7')])
  expect([existsSync(join(out, 'before/report.html')), existsSync(join(out, 'after'))]).toEqual([true, false])
})

test('a target that does not come back is waited for no longer than allowed', { timeout: WITHIN_MS }, async () => {
  const { code, stderr } = await home.run(args(`${ZONELAB} stop global`, '--upgrade-timeout', '1s'))
  await home.ok(['start', 'global'])
  expect([code, stderr]).toEqual([
    3,
    expect.stringMatching(/does not answer 1 s after --upgrade-command .*cannot be reached/),
  ])
})

test('Ctrl-C while the command runs ends it too', { timeout: WITHIN_MS }, async () => {
  const pidFile = at('command.pid')
  const run = home.start(args(`echo $$ > '${pidFile}'; sleep 300; true`))
  for (const pipe of [run.stdout, run.stderr]) pipe.resume()
  await expect.poll(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n'), PATIENT).toBe(true)
  const ended = once(run, 'exit')
  run.kill('SIGINT')
  expect(await ended).toEqual([130, null])
  expect(alive(Number(readFileSync(pidFile, 'utf8')))).toBe(false)
})
