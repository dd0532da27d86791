import { appendFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { logFile } from '../../../src/conformance/target-log.js'
import { fileWith } from './run-command.js'

test('what a log says since a moment is what was appended', async () => {
  const path = fileWith('before\n')
  const log = logFile(path)
  const mark = await log.mark()
  expect(await log.since(mark)).toBe('')
  appendFileSync(path, 'after\n')
  expect(await log.since(mark)).toBe('after\n')
})

test('of a log that was begun anew it is all', async () => {
  const path = fileWith('a long line before\n')
  const log = logFile(path)
  const mark = await log.mark()
  writeFileSync(path, 'new\n')
  expect(await log.since(mark)).toBe('new\n')
})

test('a log that is not there is told at once', () => {
  expect(() => logFile('/nowhere/cp.log')).toThrow('cannot read the log /nowhere/cp.log')
})
