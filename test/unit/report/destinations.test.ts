import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parseDestinations, writeReports } from '../../../src/report/destinations.js'
import { readResultFile } from '../../../src/report/result-file.js'

const directory = mkdtempSync(join(tmpdir(), 'zonelab-report-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('--report', () => {
  test('a directory gets every form that there is', () => {
    expect(parseDestinations('out', ['html', 'junit'])).toEqual([
      { format: 'html', path: join('out', 'report.html') },
      { format: 'junit', path: join('out', 'junit.xml') },
    ])
  })

  test('files are named one by one', () => {
    expect(parseDestinations('tap=a.tap,md=b=c.md', ['tap', 'md'])).toEqual([
      { format: 'tap', path: 'a.tap' },
      { format: 'md', path: 'b=c.md' },
    ])
  })

  test.each(['', 'pdf=a', 'html=', 'html=a,b'])('%j is refused before anything runs', (text) => {
    expect(() => parseDestinations(text, ['html'])).toThrow(/--report/)
  })

  test('missing directories are made, and each file holds its form', () => {
    const path = join(directory, 'deep', 'er', 'r.txt')
    writeReports(7, { text: (result: number) => `seven is ${result}\n` }, [{ format: 'text', path }])
    expect(readFileSync(path, 'utf8')).toBe('seven is 7\n')
  })

  test('a file that cannot be written is named', () => {
    writeFileSync(join(directory, 'file'), '')
    const path = join(directory, 'file', 'r.txt')
    expect(() => writeReports(7, { text: String }, [{ format: 'text', path }])).toThrow(
      /the report .*r\.txt cannot be written/,
    )
  })
})

describe('a result file', () => {
  test.each([
    ['{"kind":"something"}', /its kind is "something"/],
    ['[]', /it says no kind/],
    ['<xml>', /is not JSON/],
  ])('%s is refused by name', (text, why) => {
    const path = join(directory, 'result.json')
    writeFileSync(path, text)
    expect(() => readResultFile(path)).toThrow(why)
  })

  test('one that is not there is refused by name', () => {
    expect(() => readResultFile(join(directory, 'none.json'))).toThrow(/none\.json cannot be read \(ENOENT\)/)
  })

  test('one of a known kind is read whole', () => {
    const path = join(directory, 'load.json')
    writeFileSync(path, '{"kind":"zonelab.load/v1","runs":3}')
    expect(readResultFile(path)).toEqual({ kind: 'zonelab.load/v1', runs: 3 })
  })
})
