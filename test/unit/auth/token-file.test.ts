import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readTokenFile } from '../../../src/auth/token-file.js'

const folder = mkdtempSync(join(tmpdir(), 'zonelab-token-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const path = join(folder, 'token')
const reading = (text: string) => {
  writeFileSync(path, text)
  return readTokenFile(path, 'the zone token')
}

test.each([
  ['as it is', 'spat_abc'],
  ['with a newline', 'spat_abc\n'],
  ['as Windows writes it', '\ufeffspat_abc\r\n'],
  ['with white space around', ' \t spat_abc \n\n'],
  ['with a NUL at its end', 'spat_abc\u0000'],
])('a token file %s holds its token', (_how, text) => {
  expect(reading(text)).toBe('spat_abc')
})

test('a rewritten file has the new token at once', () => {
  expect([reading('one'), reading('two')]).toEqual(['one', 'two'])
})

test.each([[''], ['\n'], [' \u0000 ']])('an empty file (%j) is an error that names it', (text) => {
  expect(() => reading(text)).toThrowError(`${path}, the file of the zone token, is empty`)
})

test('a path that climbs is refused, and dots in a name are not', () => {
  expect(() => readTokenFile(`${folder}/x/../token`, 'the zone token')).toThrowError(/must not contain "\.\."/)
  writeFileSync(join(folder, '..data'), 'x')
  expect(readTokenFile(join(folder, '..data'), 'the zone token')).toBe('x')
})

test('a file that is not there is named, and nothing else', () => {
  expect(() => readTokenFile(join(folder, 'none'), 'the zone token')).toThrowError(/cannot read the zone token from/)
})
