import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { AppError } from '../../../src/base/errors.js'
import { seededRandom } from '../../../src/base/random.js'
import { Input } from '../../../src/cli/command.js'
import { reportCompare } from '../../../src/cli/commands/report.js'
import { exitCodeOf } from '../../../src/cli/exit-codes.js'
import { compareReports, showReport } from '../../../src/cli/report-kinds.js'
import { REPORT_FORMATS } from '../../../src/report/destinations.js'
import { CONFORMANT, FAILED } from '../conformance/report/sample-result.js'
import { intervalLine, runOf, startLine, zoneLatency } from '../load/run-lines.js'
import { FakeIo } from './fake-io.js'

const directory = mkdtempSync(join(tmpdir(), 'zonelab-report-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function file(name: string, value: unknown): string {
  const path = join(directory, name)
  writeFileSync(path, JSON.stringify(value))
  return path
}

describe('report show', () => {
  test.each(REPORT_FORMATS)('tells a conformance run as %s', (format) => {
    expect(showReport(file('a.json', FAILED), format)).toContain('ZT-033')
  })

  test('gives back the file that it was given as json', () => {
    expect(JSON.parse(showReport(file('a.json', FAILED), 'json'))).toEqual(FAILED)
  })

  test('refuses a file that was cut or edited, by field', () => {
    const cut = { ...FAILED, cases: [{ ...FAILED.cases[0], level: 'MAY' }] }
    expect(() => showReport(file('cut.json', cut), 'text')).toThrow(/no whole conformance result: cases\.0\.level/)
  })

  test('has nothing to say of a kind that it does not know yet', () => {
    expect(() => showReport(file('b.json', { kind: 'something/v1' }), 'text')).toThrow(
      /no result that this version reads/,
    )
  })
})

describe('report compare', () => {
  test('tells two runs apart as text, Markdown and JSON', () => {
    const [before, after] = [file('before.json', CONFORMANT), file('after.json', FAILED)]
    expect(compareReports(before, after, 'text').text).toContain('ZT-033  absent -> failed')
    expect(compareReports(before, after, 'md').text).toContain('| ZT-033 | absent | failed |')
    expect(JSON.parse(compareReports(before, after, 'json').text)).toMatchObject({ sameCases: true })
  })

  test('runs of different kinds do not compare', () => {
    const load = file('load.json', { kind: 'zonelab.load/v1' })
    expect(() => compareReports(file('c.json', CONFORMANT), load, 'text')).toThrow(/do not compare/)
  })

  const slow = (ms: number, seed = 1) => {
    const seconds = Array.from({ length: 10 }, (_, second) =>
      intervalLine({ atMs: second * 1_000, latency: zoneLatency(ms) }),
    )
    const [, ...rest] = runOf(seconds)
    const lines = [startLine({ scenario: { name: 'mine', seed, thresholds: [] } }), ...rest]
    return file(`${ms}-${seed}.json`, { kind: 'zonelab.load/v1', lines })
  }
  const ended = async (paths: readonly string[], flags: Readonly<Record<string, string | string[] | boolean>>) => {
    const signal = new AbortController().signal
    const context = {
      io: new FakeIo(),
      clock: systemClock,
      random: seededRandom(1),
      env: {},
      program: 'zonelab',
      signal,
    }
    try {
      return await reportCompare.run(context, new Input(paths, flags))
    } catch (thrown) {
      return exitCodeOf(AppError.from(thrown).code)
    }
  }

  test.each([
    ['nothing that was named has changed', slow(110), ['zone.propagation:p(99)>+20%'], 0],
    ['what was named has changed', slow(150), ['zone.propagation:p(99)>+20%'], 99],
    ['one run did not see what was named', slow(110), ['dataplane.propagation:p(99)>+20%'], 11],
    ['a rule is none', slow(110), ['zone.propagation>+20%'], 2],
    ['the runs are of two seeds', slow(110, 2), [], 2],
  ])('when %s, its exit code says so', async (_when, after, failOn, code) => {
    expect(await ended([slow(100), after], { 'fail-on': failOn })).toBe(code)
  })

  test('compares what should not be compared when it is told to', async () => {
    expect(await ended([slow(100), slow(100, 2)], { force: true })).toBe(0)
  })
})
