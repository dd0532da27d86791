import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadResult, readLoadResult } from '../../../src/load/load-result.js'
import { LOAD_REPORTS } from '../../../src/load/reports.js'
import { parseRunFile, type RunLine, type StartLine, type StepLine } from '../../../src/load/run-lines.js'
import { histogramOf, intervalLine, runOf, startLine, zoneLatency } from './run-lines.js'

const THRESHOLDS = ['zone.propagation:p(99)<100ms', 'zone.propagation:max<5ms', 'dataplane.propagation:p(99)<1s']
const lines = runOf([intervalLine({ latency: zoneLatency(10, 20, 30), slowest: [[1, 30]] })], THRESHOLDS)
const result = loadResult(lines)

const step = (value: number, outcome: StepLine['outcome'], p99Ms: number): StepLine => ({
  kind: 'step',
  knob: 'zones',
  value,
  outcome,
  p99Ms,
})
const SEARCH: RunLine[] = [
  ...lines,
  step(10, 'passed', 50),
  step(20, 'crossed', 900),
  step(15, 'passed', 70),
  step(16, 'crossed', 800),
]

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonelab-reports-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, text: string) => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('the reports of a run', () => {
  test('are made from its file alone', () => {
    const path = file('run.ndjson', lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    expect(LOAD_REPORTS.html(readLoadResult(path))).toBe(LOAD_REPORTS.html(result))
  })

  test('tell a scenario again in the order in which it was run', () => {
    const scenario = { name: 'mine', topology: { zones: 2 }, seed: 1, thresholds: [] }
    const ordered = loadResult([startLine({ scenario }), ...lines.slice(1)])
    const path = file('ordered.ndjson', ordered.lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    expect(LOAD_REPORTS.json(readLoadResult(path))).toBe(LOAD_REPORTS.json(ordered))
  })

  test('can be made anew from the json report', () => {
    const path = file('result.json', LOAD_REPORTS.json(result))
    expect(LOAD_REPORTS.md(readLoadResult(path))).toBe(LOAD_REPORTS.md(result))
  })

  test('say in JUnit which threshold was crossed and which was not judged', () => {
    const xml = LOAD_REPORTS.junit(result)
    expect(xml).toContain('tests="4" failures="1" skipped="1"')
    expect(xml).toContain('<testcase classname="load.mine" name="zone.propagation:max&lt;5ms">')
  })

  test('are one page that loads nothing', () => {
    const page = LOAD_REPORTS.html(result)
    expect(page).not.toMatch(/(src|href)="(?!#)/)
    expect(page).toContain('<svg')
    expect(page).toContain('zl-k3f9ab-z2')
  })

  test('show each step of a search where it stands, by how it ended', () => {
    const page = LOAD_REPORTS.html(loadResult(SEARCH))
    const [, after = ''] = page.split('id="ladder"')
    const [ladder = ''] = after.split('</section>')
    const dots = (colour: string) =>
      ladder.match(new RegExp(`<circle [^>]*style="fill:var\\(--${colour}\\)"`, 'g'))?.length
    expect([dots('good'), dots('bad')]).toEqual([2, 2])
  })

  test('of a search say the limit first, and are the same when they are made anew', () => {
    const path = file('search.ndjson', SEARCH.map((line) => `${JSON.stringify(line)}\n`).join(''))
    for (const format of ['html', 'json', 'md', 'junit', 'text'] as const) {
      expect(LOAD_REPORTS[format](readLoadResult(path)), format).toBe(LOAD_REPORTS[format](loadResult(SEARCH)))
    }
    expect(LOAD_REPORTS.text(loadResult(SEARCH))).toMatch(/^ {2}20 zones {2}900 ms {4}crossed$/m)
    for (const format of ['html', 'md', 'text'] as const) {
      expect(LOAD_REPORTS[format](loadResult(SEARCH))).toContain(
        'Limit: 15 zones hold, 16 do not. What is told here is one run: ',
      )
    }
    const json = JSON.parse(LOAD_REPORTS.json(loadResult(SEARCH)))
    expect([json.limit, json.steps.length]).toEqual([{ held: 15, broke: 16 }, 4])
  })

  test('tell the wait for a zone apart from the encoding, and of a run that did not show it that it is not observable', () => {
    const rowOf = (text: string, name: string) => text.split('\n').find((line) => line.includes(name)) ?? ''
    const hop = (name: string, ms: number): RunLine => ({ kind: 'hop', hop: name, histogram: histogramOf(ms) })
    const older = loadResult(runOf([hop('wait', 0.9)]))
    const newer = loadResult(runOf([hop('feed', 0.1), hop('encode', 0.3), hop('queue', 0.5), hop('wait', 0.9)]))
    const parts = ['accepted → encoding begins', 'encoding, once for each class', 'encoded → first sent']
    for (const format of ['text', 'md', 'html'] as const) {
      const [old, told] = [LOAD_REPORTS[format](older), LOAD_REPORTS[format](newer)]
      for (const part of parts) expect(rowOf(old, part), format).toContain('not observable')
      for (const text of [old, told]) expect(rowOf(text, '· accepted → first sent'), format).toContain('0.90 ms')
      expect(parts.map((part) => /[\d.]+ ms/.exec(rowOf(told, part))?.[0])).toEqual(['0.10 ms', '0.30 ms', '0.50 ms'])
    }
    const hopsOf = (of: typeof older) => JSON.parse(LOAD_REPORTS.json(of)).hopsMs
    expect(hopsOf(older)).toMatchObject({ encode: 'not observable', wait: { p50: 0.9 } })
    expect(hopsOf(newer)).toMatchObject({ encode: { count: 1, p50: 0.3 }, send: 'not observable' })
  })

  test('say when the slow zones were slow', () => {
    expect(LOAD_REPORTS.html(result)).toMatch(/>1 s<\/text>(.|\n)*1 s since the start of the run/)
  })

  test('show by how much the target’s own counters of streams and store have grown', () => {
    const counters = {
      kds_delta_responses_sent: 120,
      kds_delta_delivery_bucket: 9,
      go_gc_runs: 3,
      zonelab_store_commit_ms_sum: 1.25,
    }
    const text = LOAD_REPORTS.text(loadResult([...lines, { kind: 'counters', counters }]))
    expect(text).toMatch(
      /WHAT THE TARGET COUNTED\n.*\n {2}kds_delta_responses_sent +120\n {2}zonelab_store_commit_ms_sum +1.25\n/,
    )
    expect(text).not.toMatch(/bucket|go_gc/)
  })

  test('show what a target hides as not observable', () => {
    expect(LOAD_REPORTS.text(result)).toMatch(/sidecar has it \(each sidecar\)\s+not observable/)
  })

  test('are made of a large run, too', () => {
    const slowest = Array.from({ length: 1_500 }, (_, zone): [number, number] => [zone, 5])
    const intervals = Array.from({ length: 120 }, () => intervalLine({ slowest }))
    expect(LOAD_REPORTS.html?.(loadResult(runOf(intervals)))).toContain('logarithmic scale')
  })
})

describe('a run file', () => {
  const text = (...rows: readonly string[]) => rows.join('\n')
  const start = JSON.stringify(lines[0])

  test('with a line that is none is refused by its place', () => {
    expect(() => parseRunFile(text(start, '{"kind":"interval"}', start), 'run.ndjson')).toThrow('run.ndjson:2:1:')
  })

  test.each([
    [
      'a histogram that is none',
      { ...lines[1], latency: { ...intervalLine().latency, zone: 'AAAA' } },
      'latency.zone: is no HdrHistogram V2',
    ],
    ['a second run', lines[0], 'another run begins'],
  ])('with %s is refused by its place, in the raw file and in the json report', (_what, line, why) => {
    expect(() => parseRunFile(text(start, JSON.stringify(line)), 'run.ndjson')).toThrow(
      `run.ndjson:2:1: this is no line of a run file: ${why}`,
    )
    const path = file('result.json', JSON.stringify({ kind: 'zonelab.load/v1', lines: [lines[0], line] }))
    expect(() => readLoadResult(path)).toThrow(`result.json: lines[1]: this is no line of a run file: ${why}`)
  })

  test.each([
    [{ thresholds: ['foo:p(1)<2'] }, 'scenario.thresholds.0: threshold "foo:p(1)<2": there is no metric "foo"'],
    [{ thresholds: undefined }, 'scenario.thresholds: '],
  ])('whose scenario cannot be judged by is refused by its place: %j', (over, why) => {
    const { scenario } = startLine()
    const changed = JSON.stringify(startLine({ scenario: { ...scenario, ...over } as StartLine['scenario'] }))
    expect(() => parseRunFile(changed, 'run.ndjson')).toThrow(`run.ndjson:1:1: this is no line of a run file: ${why}`)
  })

  test('that has no end is told as such', () => {
    expect(LOAD_REPORTS.text(loadResult(lines.slice(0, -1)))).toContain(
      'INTERRUPTED: The run was interrupted (the file has no end);',
    )
  })

  test('that begins otherwise is refused', () => {
    expect(() => parseRunFile('{"kind":"phase","phase":"load","atMs":1}\n', 'run.ndjson')).toThrow(
      'run.ndjson:1:1: a run file begins with a line of kind zonelab.load/v1',
    )
  })

  test('whose last line was cut off is read up to there', () => {
    expect(parseRunFile(text(start, '{"kind":"pha'), 'run.ndjson')).toHaveLength(1)
  })

  test('that is not there is named', () => {
    expect(() => readLoadResult(join(folder, 'none.ndjson'))).toThrow('none.ndjson cannot be read (ENOENT)')
  })
})
