import { expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { reportError } from '../../../src/cli/error-report.js'
import { exitCodeOf } from '../../../src/cli/exit-codes.js'
import { ansi, paintFor, plain } from '../../../src/cli/io.js'
import { parseOutputFormat, printList } from '../../../src/cli/output.js'
import { age, duration, parseDuration } from '../../../src/cli/quantities.js'
import { table } from '../../../src/cli/table.js'
import { FakeIo } from './fake-io.js'

test.each([
  [0, '0s'],
  [119_000, '119s'],
  [125_000, '2m5s'],
  [180_000, '3m'],
  [600_000, '10m'],
  [10_800_000, '3h'],
  [172_800_000, '2d'],
])('%i ms are shown as %s', (ms, text) => expect(age(ms)).toBe(text))

test.each([
  [0.42, '0.4 ms'],
  [42.4, '42 ms'],
  [4_200, '4.2 s'],
  [42_000, '42 s'],
])('a duration of %d ms is %s', (ms, text) => expect(duration(ms)).toBe(text))

test('a duration has a unit', () => {
  expect(['500ms', '30s', '2m', '1h'].map((text) => parseDuration('--timeout', text))).toEqual([
    500, 30_000, 120_000, 3_600_000,
  ])
  expect(() => parseDuration('--timeout', '30')).toThrow('--timeout 30: use a whole number with a unit')
})

const columns = [
  { header: 'NAME', value: ({ name }: { name: string }) => name },
  { header: 'STATE', value: () => ansi('green', 'ready') },
  { header: 'LOG', value: () => '', wide: true },
]

test('a table has no borders, pads by what is seen, and shows - for nothing', () => {
  expect(
    table(columns.slice(0, 1).concat(columns.slice(1)), [{ name: 'global' }, { name: 'dataplanes/zone-1' }], true),
  ).toBe(
    `NAME                STATE   LOG
global              ${ansi('green', 'ready')}   -
dataplanes/zone-1   ${ansi('green', 'ready')}   -`,
  )
})

function printed(format: Parameters<typeof printList>[1], items: readonly { name: string }[]) {
  const io = new FakeIo()
  printList(io, format, { items, columns, name: ({ name }) => name, none: 'nothing there' })
  return io
}

test('lists are the same in every format', () => {
  expect(printed('name', [{ name: 'a' }]).outLines).toEqual(['a'])
  expect(JSON.parse(printed('json', [{ name: 'a' }]).outLines.join(''))).toEqual({
    items: [{ name: 'a' }],
    total: 1,
    next: null,
  })
  expect(printed('yaml', [{ name: 'a' }]).outLines).toEqual(['items:', '  - name: a', 'total: 1', 'next: null'])
})

test('an empty list leaves standard output empty', () => {
  const io = printed('table', [])
  expect([io.outLines, io.errLines]).toEqual([[], ['nothing there']])
})

test('a format that is not there is refused with those that are', () => {
  expect(() => parseOutputFormat('xml')).toThrow('--output xml: use one of table, wide, name, json, yaml')
})

test('an error says its code, what happened and what to do, and nothing of it goes to standard output', () => {
  const io = new FakeIo()
  reportError(io, new AppError('store-locked', 'another process runs this lab'), {})
  expect(io.errLines).toEqual([
    'error (store-locked): another process runs this lab',
    'hint: zonelab status shows who; zonelab down ends it',
  ])
  expect(io.outLines).toEqual([])
})

test('exit codes tell usage, unreachable and refused for safety apart', () => {
  expect((['internal', 'invalid-argument', 'timed-out', 'guard-rail', 'port-taken'] as const).map(exitCodeOf)).toEqual([
    1, 2, 3, 4, 1,
  ])
})

test('NO_COLOR wins, FORCE_COLOR comes next, else colour is for terminals', () => {
  expect(paintFor(true, { NO_COLOR: '1', FORCE_COLOR: '1' })).toBe(plain)
  expect(paintFor(false, { FORCE_COLOR: '1' })).toBe(ansi)
  expect(paintFor(true, {})).toBe(ansi)
  expect(paintFor(false, {})).toBe(plain)
  expect(paintFor(true, { TERM: 'dumb' })).toBe(plain)
})
