import { beforeEach, expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { seededRandom } from '../../../src/base/random.js'
import { type Context, Input } from '../../../src/cli/command.js'
import { ansi } from '../../../src/cli/io.js'
import { clipped, visibleLength } from '../../../src/cli/table.js'
import { watching } from '../../../src/cli/watching.js'
import { FakeClock } from '../../support/fake-clock.js'
import { FakeIo } from './fake-io.js'

let io: FakeIo
let clock: FakeClock
let interrupt: AbortController
let context: Context
beforeEach(() => {
  io = new FakeIo()
  clock = new FakeClock()
  interrupt = new AbortController()
  context = { io, clock, random: seededRandom(1), env: {}, program: 'zonelab', signal: interrupt.signal }
})

const WATCH = new Input([], { watch: true })
const ESC = String.fromCharCode(27)

async function watched(print: (context: Context) => Promise<void>, seconds: number): Promise<number> {
  const code = watching(context, WATCH, print)
  await clock.stepAsync(seconds * 1_000)
  interrupt.abort(130)
  return code
}

test('a page is never higher than the terminal, and says how much it hides', async () => {
  io.size = { rows: 4, columns: 30 }
  const code = await watched(async (on) => on.io.out(['one', 'two', 'three', 'four', 'five'].join('\n')), 0)
  expect(code).toBe(130)
  const [page = ''] = io.drawn
  expect(page.replaceAll(`${ESC}[K`, '')).toBe(`${ESC}[Hone\ntwo\n3 more lines; a higher window…\n${ESC}[J`)
  expect(io.outLines).toEqual([])
})

test('a page that fits is shown whole', async () => {
  io.size = { rows: 4, columns: 30 }
  await watched(async (on) => on.io.out('one\ntwo\nthree'), 0)
  expect(io.drawn[0]?.replaceAll(`${ESC}[K`, '')).toBe(`${ESC}[Hone\ntwo\nthree\n${ESC}[J`)
})

test('a line is cut where the terminal ends; colours take no room and are closed', () => {
  expect(clipped(`${ansi('red', 'NACKED')} because`, 10)).toBe(`${ansi('red', 'NACKED')} be…`)
  expect(visibleLength(clipped(ansi('red', 'NACKED'), 4))).toBe(4)
  expect(clipped('fits', 4)).toBe('fits')
})

test('who watches sees the global go and come again', async () => {
  let prints = 0
  const print = async (on: Context) => {
    prints += 1
    if (prints === 2) throw new AppError('unavailable', 'global: its diagnostics do not answer')
    on.io.out(`print ${prints}`)
  }
  expect(await watched(print, 2)).toBe(130)
  expect([io.outLines, io.errLines]).toEqual([['print 1', 'print 3'], ['global: its diagnostics do not answer']])
})

test('the first print has to succeed, and what is not a failure to reach somebody ends the watch', async () => {
  const gone = new AppError('unavailable', 'there is no lab')
  await expect(watching(context, WATCH, () => Promise.reject(gone))).rejects.toBe(gone)
  let prints = 0
  const broken = new AppError('internal', 'broken')
  const print = async () => {
    prints += 1
    if (prints > 1) throw broken
  }
  const watch = watching(context, WATCH, print)
  const outcome = expect(watch).rejects.toBe(broken)
  await clock.stepAsync(1_000)
  await outcome
})
