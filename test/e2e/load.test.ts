import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readLoadResult } from '../../src/load/load-result.js'
import { buildProgram, Home } from './program.js'

/** A lab starts, a load runs, everything is removed: some seconds, and many times that on a machine that is busy. */
const WITHIN_MS = 180_000
/** Held, or not judged because this machine was too busy for the generator. Nothing lost either way. */
const CODES = [0, 11]

let home: Home
beforeAll(async () => {
  await buildProgram()
  home = await Home.make()
}, WITHIN_MS)
afterAll(() => home[Symbol.asyncDispose](), WITHIN_MS)

test('a load runs against a throw-away lab, loses nothing, and its reports can be told again', {
  timeout: WITHIN_MS,
}, async () => {
  const out = join(home.dir, 'out')
  const flags = ['--zones', '2', '--dataplanes', '1', '--writes', '5', '--duration', '2s', '--quiet-tail', '1s']
  const ended = await home.run(['load', 'run', 'fanout', ...flags, '--report', out])
  expect(CODES, ended.stderr).toContain(ended.code)

  const { summary, verdict } = readLoadResult(join(out, 'run.ndjson'))
  expect(summary.counts).toMatchObject({ zonesLive: 2, accepted: 10, refused: 0, dropped: 0 })
  expect(summary.final).toMatchObject({ zones: 2, sidecars: 2, wrong: [] })
  expect([verdict.nothingLost, summary.leftovers]).toEqual([true, []])
  expect([...summary.hops.keys()]).toEqual(
    expect.arrayContaining(['feed', 'encode', 'queue', 'wait', 'send', 'answer']),
  )

  const again = await home.ok(['report', 'show', join(out, 'run.ndjson'), '-o', 'html'])
  expect(again.trim()).toBe(readFileSync(join(out, 'report.html'), 'utf8').trim())
  for (const name of ['result.json', 'report.md', 'junit.xml', 'report.txt'])
    expect(existsSync(join(out, name))).toBe(true)
})

/** Nothing of it is measured but how much was written, so that no machine is too slow for it. */
const GROWING = `kind: Scenario
name: growing
topology: { zones: 1 }
ramp: { hold: 0ms }
load: { writes: 1/s, duration: 1s, warmup: 999ms, resources: 1 }
quietTail: 0ms
thresholds: ['write.accepted:count<3']
`

test('a limit is doubled up to, then halved down to, and its raw file tells all of it again', {
  timeout: WITHIN_MS,
}, async () => {
  const [out, file] = [join(home.dir, 'limit'), join(home.dir, 'growing.yaml')]
  writeFileSync(file, GROWING)
  const stdout = await home.ok(['load', 'find-limit', '-f', file, '--knob', 'writes', '--from', '1', '--report', out])
  expect(stdout.match(/^ {2}\d writes .*$/gm)?.map((row) => row.trim().split(/\s{2,}/))).toEqual([
    ['1 writes', 'not observable', 'passed'],
    ['2 writes', 'not observable', 'passed'],
    ['4 writes', 'not observable', 'crossed'],
    ['3 writes', 'not observable', 'crossed'],
  ])
  expect(stdout).toContain('Limit: 2 writes hold, 3 do not.')

  const { summary, verdict } = readLoadResult(join(out, 'run.ndjson'))
  expect([summary.counts.accepted, verdict.outcome, summary.steps.length]).toEqual([2, 'passed', 4])
  for (const [format, name] of [
    ['html', 'report.html'],
    ['text', 'report.txt'],
    ['json', 'result.json'],
    ['junit', 'junit.xml'],
  ] as const) {
    const again = await home.ok(['report', 'show', join(out, 'run.ndjson'), '-o', format])
    expect(again.trim(), name).toBe(readFileSync(join(out, name), 'utf8').trim())
  }
})

test('a load goes to this machine only, and a mistake is told before anything starts', {
  timeout: WITHIN_MS,
}, async () => {
  const away = await home.run(['load', 'run', 'fanout', '--target', 'grpcs://global.example:5685'])
  expect([away.code, away.stderr]).toEqual([4, expect.stringContaining('--allow-target global.example:5685')])
  const unknown = await home.run(['load', 'run', 'fanout', '--threshold', 'zone.propagaton:p(99)<2s'])
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('there is no metric "zone.propagaton"')])
})
