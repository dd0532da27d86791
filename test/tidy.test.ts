import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** The style ratchet: what the linters cannot express. Exceptions carry a number that may only go down. */
const FILE_LINES_MAX = 400
const LONGER_FILES: Readonly<Record<string, number>> = {}
const FORBIDDEN_NAMES = /(^|\/)(utils?|helpers?|common|types|index|misc)\.ts$/
const DOORS: readonly { readonly pattern: RegExp; readonly doors: RegExp }[] = [
  { pattern: /\bDate\.now\(|\bperformance\.now\(|\bsetTimeout\(|\bsetInterval\(/, doors: /^src\/base\/clock\.ts$/ },
  { pattern: /\bMath\.random\(/, doors: /^$/ },
  { pattern: /\brandomUUID\(/, doors: /^src\/base\/random\.ts$/ },
  // Which file a module lies in is the build's to say.
  { pattern: /\bimport\.meta\.(url|dirname|filename)\b/, doors: /^src\/base\/program-files\.ts$/ },
  { pattern: /\bprocess\.(env|argv)\b/, doors: /^src\/(cli\/|[a-z]+\/(config|main)\.ts$|lab\/)/ },
]

const sources = walk('src').filter((path) => !path.startsWith('src/wire/generated/'))
const text = (path: string) => readFileSync(path, 'utf8')

test('no file is longer than the limit or than its listed exception', () => {
  const tooLong = [...sources, ...walk('test')]
    .map((path) => ({ path, lines: text(path).split('\n').length }))
    .filter(({ path, lines }) => lines > (LONGER_FILES[path] ?? FILE_LINES_MAX))
  expect(tooLong).toEqual([])
})

test('no file is named after nothing in particular', () => {
  expect(sources.filter((path) => FORBIDDEN_NAMES.test(path))).toEqual([])
})

test('time, randomness and the environment are reached through their doors only', () => {
  const leaks = sources.flatMap((path) =>
    DOORS.filter(({ pattern, doors }) => !doors.test(path) && pattern.test(text(path))).map(
      ({ pattern }) => `${path}: ${pattern}`,
    ),
  )
  expect(leaks).toEqual([])
})

test('no test is focused and no TODO is left behind', () => {
  const left = [...sources, ...walk('test')].filter((path) => {
    if (path === 'test/tidy.test.ts') return false
    return /\b(it|test|describe)\.only\(|\bTODO\b|\bFIXME\b/.test(text(path))
  })
  expect(left).toEqual([])
})

function walk(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
