import { expect, test } from 'vitest'
import { COMMANDS } from '../../../src/cli/command-table.js'

test('every command has an example that names it', () => {
  const bare = COMMANDS.filter(({ name, examples }) => !examples.some((example) => example.includes(`zonelab ${name}`)))
  expect(bare.map(({ name }) => name)).toEqual([])
})

test('no two commands and no two flags of one command have the same name', () => {
  const names = COMMANDS.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const { name, flags = [] } of COMMANDS) {
    const words = flags.flatMap((flag) => [flag.name, ...(flag.short ? [flag.short] : [])])
    expect([name, new Set(words).size]).toEqual([name, words.length])
  }
})
