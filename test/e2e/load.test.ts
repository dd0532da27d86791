import { existsSync, readFileSync } from 'node:fs'
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

  const again = await home.ok(['report', 'show', join(out, 'run.ndjson'), '-o', 'html'])
  expect(again.trim()).toBe(readFileSync(join(out, 'report.html'), 'utf8').trim())
  for (const name of ['result.json', 'report.md', 'junit.xml', 'report.txt'])
    expect(existsSync(join(out, name))).toBe(true)
})

test('a load goes to this machine only, and a mistake is told before anything starts', {
  timeout: WITHIN_MS,
}, async () => {
  const away = await home.run(['load', 'run', 'fanout', '--target', 'grpcs://global.example:5685'])
  expect([away.code, away.stderr]).toEqual([4, expect.stringContaining('--allow-target global.example:5685')])
  const unknown = await home.run(['load', 'run', 'fanout', '--threshold', 'zone.propagaton:p(99)<2s'])
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('there is no metric "zone.propagaton"')])
})
