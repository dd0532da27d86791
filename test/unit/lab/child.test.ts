import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { Child } from '../../../src/lab/child.js'
import { isAlive, processIdOf } from '../../../src/lab/process-id.js'
import type { RunnerState } from '../../../src/lab/runner.js'
import { FakeClock } from '../../support/fake-clock.js'

/** Real processes: `test/support/fake-child.mjs` in place of a control plane. */

let dir: string
let started: Child[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'zonelab-child-'))
  started = []
})
afterEach(async () => {
  for (const child of started) await child.kill()
  rmSync(dir, { recursive: true, force: true })
})

function makeChild(behaviour: string, states: RunnerState[] = [], clock = systemClock): Child {
  const child = new Child({
    name: 'zone-1',
    program: { script: resolve('test/support/fake-child.mjs'), execArgv: [] },
    args: [behaviour],
    logFile: join(dir, 'zone-1.log'),
    clock,
    onChange: (state) => states.push(state),
  })
  started.push(child)
  return child
}

test('a child gets its settings over the channel and reports when it is ready', async () => {
  const states: RunnerState[] = []
  process.env.KUMA_MODE = 'leaked'
  const child = makeChild('good', states)
  await child.start('zonelab zone-1', [{ apiHttpPort: 1 }])
  delete process.env.KUMA_MODE
  expect(states.map(({ kind }) => kind)).toEqual(['loaded', 'starting', 'ready'])
  await child.stop()
  expect(readFileSync(join(dir, 'zone-1.log'), 'utf8')).toBe('zonelab zone-1 [{"apiHttpPort":1}] clean\n')
})

test('a child that is stopped is gone, and can be started again', async () => {
  const child = makeChild('good')
  await child.start('t', [])
  const first = child.id
  await child.stop()
  expect(child.state).toEqual({ kind: 'stopped' })
  expect(first && isAlive(first)).toBe(false)
  await child.start('t', [])
  expect(child.state.kind).toBe('ready')
})

test('a child that cannot start says why, and leaves no process', async () => {
  const child = makeChild('fails')
  await expect(child.start('t', [])).rejects.toMatchObject({ code: 'port-taken', message: 'zone-1: cannot listen' })
  expect(child.id).toBeUndefined()
})

test('a child that ends before it is ready is reported with its log', async () => {
  const child = makeChild('crashes')
  await expect(child.start('t', [])).rejects.toThrow(
    /zone-1 ended with exit code 7 before it was ready; see .*zone-1\.log/,
  )
})

test('the end of a child that nobody asked for is told, with how', async () => {
  const states: RunnerState[] = []
  const child = makeChild('good', states)
  await child.start('t', [])
  process.kill(child.id?.pid ?? 0, 'SIGKILL')
  await expect.poll(() => states.at(-1)).toMatchObject({ kind: 'died', how: 'was ended by SIGKILL' })
})

test('a child that is killed has died, and can be started again', async () => {
  const child = makeChild('good')
  await child.start('t', [])
  await child.kill()
  expect(child.state).toMatchObject({ kind: 'died', how: 'was ended by SIGKILL' })
  await child.start('t', [])
  expect(child.state.kind).toBe('ready')
})

test('a child that ignores SIGTERM is ended by force after its grace time', async () => {
  const clock = new FakeClock()
  const child = makeChild('deaf', [], clock)
  await child.start('t', [])
  const stopped = child.stop()
  clock.step(10_000)
  expect(child.state.kind).toBe('stopping')
  clock.step(1_000)
  await stopped
  expect(child.state).toEqual({ kind: 'stopped' })
})

test('a paused child is alive and can be stopped; pausing twice is refused', async () => {
  const child = makeChild('good')
  await child.start('t', [])
  child.pause()
  expect(child.state).toMatchObject({ kind: 'ready', paused: true })
  expect(isAlive(processIdOf(child.id?.pid ?? 0))).toBe(true)
  expect(() => child.pause()).toThrow('cannot pause zone-1: it is paused')
  await child.stop()
  expect(child.state).toEqual({ kind: 'stopped' })
})

test('some of the members of a child end, and it goes on', async () => {
  const child = makeChild('good')
  await child.endMembers([0])
  await child.start('t', [])
  await child.endMembers([1, 3])
  expect(child.state.kind).toBe('ready')
  await child.stop()
  expect(readFileSync(join(dir, 'zone-1.log'), 'utf8')).toBe('t [] clean\nends [1,3]\n')
})

test('members that do not end in time are told, and so is a child that is paused', async () => {
  const clock = new FakeClock()
  const child = makeChild('mute', [], clock)
  await child.start('t', [])
  const ending = child.endMembers([0])
  clock.step(11_000)
  await expect(ending).rejects.toMatchObject({ code: 'timed-out', message: 'zone-1 was not ended in 11 s' })
  child.pause()
  await expect(child.endMembers([0])).rejects.toThrow('cannot end some of zone-1: it is paused')
})

test('what its state does not allow is refused by name', async () => {
  const child = makeChild('good')
  expect(() => child.pause()).toThrow('cannot pause zone-1: it is stopped')
  await child.start('t', [])
  await expect(child.start('t', [])).rejects.toThrow('cannot start zone-1: it is ready')
  expect(() => child.resume()).toThrow('cannot resume zone-1: it is ready')
})
