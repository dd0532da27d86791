import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CASES } from '../../src/conformance/cases/catalogue.js'
import { REFUSES_EVERYTHING } from './faults/effect-faults.js'
import { FaultBench, redCases } from './faults/fault-bench.js'
import { FAULTS } from './faults/fault-table.js'

/** Ten times what the slowest takes; a scenario may wait 10 s for a cache of the target by itself. */
const WITHIN_MS = 180_000

let bench: FaultBench
beforeAll(async () => {
  bench = await FaultBench.start()
})
afterAll(() => bench.stop())

describe('the suite can fail', { concurrent: true, timeout: WITHIN_MS }, () => {
  test.each(FAULTS.map((fault) => [fault.name, fault] as const))(
    'it catches a target that %s',
    async (_name, fault) => {
      const [first] = fault.caughtBy
      expect(redCases(await bench.run(fault, fault.caughtBy.slice(0, 1)))).toEqual([first])
    },
  )

  test('the gate that plays the faults adds none: without one the same target passes', async () => {
    const sound = await bench.run({ name: 'has no fault', caughtBy: [] }, ['ZT-001', 'ZT-013', 'ZT-030', 'ZT-047'])
    const run = sound.cases.filter(({ outcome }) => outcome.kind !== 'not-run')
    expect(run.map(({ id, outcome }) => `${id} ${outcome.kind}`)).toEqual([
      'ZT-001 passed',
      'ZT-013 passed',
      'ZT-030 passed',
      'ZT-047 passed',
    ])
  })

  test('nor does it before a global with a platform', async () => {
    const cases = ['ZT-161', 'ZT-165', 'ZT-174', 'ZT-178', 'ZT-187', 'ZT-190']
    const profiles = ['konnect-sat', 'kds-multitenant'] as const
    const sound = await bench.run({ name: 'has no fault', caughtBy: [], profiles }, cases)
    const run = sound.cases.filter(({ outcome }) => outcome.kind !== 'not-run')
    expect(run.map(({ id, outcome }) => `${id} ${outcome.kind}`)).toEqual(cases.map((id) => `${id} passed`))
  })

  test('of a target that refuses everything nothing is said', async () => {
    const result = await bench.run(REFUSES_EVERYTHING, [])
    expect(result.verdict.kind).toBe('inconclusive')
    expect(new Set(result.cases.map(({ outcome }) => outcome.kind))).not.toContain('passed')
  })
})

describe('the table of faults', () => {
  test('names cases that there are, and no fault twice', () => {
    const ids = new Set<string>(CASES.map(({ id }) => id))
    expect(FAULTS.flatMap(({ caughtBy }) => caughtBy).filter((id) => !ids.has(id))).toEqual([])
    expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length)
  })
})

describe('a release', () => {
  test('cannot have any of them: they are no part of what is built, and nothing that is built reaches for them', () => {
    const built = readdirSync('src', { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const reaching = built
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => /from '[^']*\/test\/|import\('[^']*\/test\//.test(readFileSync(path, 'utf8')))
    expect(reaching).toEqual([])
    const { files } = JSON.parse(readFileSync('package.json', 'utf8')) as { files: readonly string[] }
    expect(files.filter((name) => name.startsWith('test'))).toEqual([])
  })
})
