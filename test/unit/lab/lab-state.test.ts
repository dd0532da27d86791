import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.js'
import { type LabState, listLabs, portsOfOtherLabs, readLabState, writeLabState } from '../../../src/lab/lab-state.js'
import { endLeftovers, leftoversOf } from '../../../src/lab/leftovers.js'
import { labPaths } from '../../../src/lab/paths.js'
import { isAlive, processIdOf } from '../../../src/lab/process-id.js'
import { labSpec } from './specs.js'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'zonelab-state-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const env = () => ({ XDG_DATA_HOME: home })
const stateOf = (changes: Partial<LabState> = {}): LabState => ({
  format: 1,
  spec: labSpec(1),
  ports: { global: { kdsPort: 5685 } },
  supervisor: undefined,
  children: [],
  ...changes,
})

test('what is written is read again, and only its owner can read it', () => {
  const paths = labPaths('demo', env())
  expect(readLabState(paths)).toBeUndefined()
  writeLabState(paths, stateOf({ supervisor: processIdOf(process.pid) }))
  expect(readLabState(paths)).toEqual(stateOf({ supervisor: processIdOf(process.pid) }))
  expect(statSync(paths.stateFile).mode & 0o777).toBe(0o600)
  expect(listLabs(env())).toEqual(['demo'])
})

test.each(['{', '{}', '{"format": 2}'])('a state that is not ours (%s) is refused with what to do', (text) => {
  const paths = labPaths('demo', env())
  mkdirSync(dirname(paths.stateFile), { recursive: true })
  writeFileSync(paths.stateFile, text)
  expect(() => readLabState(paths)).toThrow('remove the lab with "zonelab down --purge --lab demo"')
})

test('ports of other labs are known, those of the lab itself are not among them', () => {
  writeLabState(labPaths('a', env()), stateOf())
  writeLabState(labPaths('b', env()), stateOf({ ports: { 'zone-1': { apiHttpPort: 1 } } }))
  expect(portsOfOtherLabs('a', env())).toEqual([{ 'zone-1': { apiHttpPort: 1 } }])
})

test('a socket whose path would be too long lies elsewhere', () => {
  const deep = labPaths('demo', { XDG_DATA_HOME: `/tmp/${'deep/'.repeat(30)}` })
  expect(Buffer.byteLength(deep.socket)).toBeLessThan(104)
  expect(deep.socket.startsWith(deep.dir)).toBe(false)
  expect(labPaths('demo', { XDG_DATA_HOME: '/tmp' }).socket).toBe('/tmp/zonelab/labs/demo/control.sock')
})

test.each(['', '.', '../x', 'A', 'a/b', 'a'.repeat(33)])('a lab is not named %j', (name) => {
  expect(() => labPaths(name, env())).toThrow('use 1 to 32 lower-case letters')
})

test('processes of a dead supervisor are leftovers, and are ended even when they are paused', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  await once(child, 'spawn')
  const id = processIdOf(child.pid ?? 0)
  child.kill('SIGSTOP')
  const state = stateOf({ supervisor: { pid: id.pid, birth: 'another time' }, children: [id] })
  expect(leftoversOf(state)).toEqual([id])
  expect(await endLeftovers(state, systemClock)).toBe(1)
  await exited
  expect(isAlive(id)).toBe(false)
})

test('children of a live supervisor are not leftovers, nor is a process that only has the number of one', () => {
  const own = processIdOf(process.pid)
  expect(leftoversOf(stateOf({ supervisor: own, children: [own] }))).toEqual([])
  expect(leftoversOf(stateOf({ children: [{ pid: own.pid, birth: 'another time' }] }))).toEqual([])
})
