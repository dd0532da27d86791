import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { compareReports, showReport } from '../../../src/cli/report-kinds.js'
import { REPORT_FORMATS } from '../../../src/report/destinations.js'
import { CONFORMANT, FAILED } from '../conformance/report/sample-result.js'

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
})
