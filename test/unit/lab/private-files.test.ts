import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makePrivateDir, writePrivateFile } from '../../../src/lab/private-files.js'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'zonelab-files-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('a directory is made with its parents, for the owner alone', () => {
  makePrivateDir(join(dir, 'a', 'b'))
  makePrivateDir(join(dir, 'a', 'b'))
  expect([join(dir, 'a'), join(dir, 'a', 'b')].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700])
})

test('a place where no directory can be is refused at once, by name', () => {
  writeFileSync(join(dir, 'file'), '')
  const wrong = join(dir, 'file', 'labs')
  expect(() => makePrivateDir(wrong)).toThrow(`the directory ${join(dir, 'file')} cannot be written (EEXIST)`)
})

test.runIf(process.platform === 'linux')('a directory below /proc is refused, and does not spin for ever', () => {
  expect(() => makePrivateDir('/proc/zonelab/labs')).toThrow('the directory /proc/zonelab cannot be written (ENOENT)')
})

test('a write that fails leaves no draft', () => {
  const path = join(dir, 'state')
  mkdirSync(path)
  expect(() => writePrivateFile(path, 'new')).toThrow(`${path} cannot be written (EISDIR)`)
  expect(readdirSync(dir)).toEqual(['state'])
})

test.runIf(process.platform === 'linux')('a full disk is told as such, and the old text stays', () => {
  const path = join(dir, 'state')
  writePrivateFile(path, 'old')
  // The draft goes to the device that is always full.
  symlinkSync('/dev/full', `${path}.${process.pid}.tmp`)
  expect(() => writePrivateFile(path, 'new')).toThrow(expect.objectContaining({ code: 'store-full' }))
  expect([readFileSync(path, 'utf8'), readdirSync(dir)]).toEqual(['old', ['state']])
})

test('text is replaced as a whole, readable by the owner alone', () => {
  const path = join(dir, 'state')
  writePrivateFile(path, 'a long first text')
  writePrivateFile(path, 'second')
  expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['second', 0o600])
})
