import sarifSchema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' }
import { Ajv } from 'ajv'
import { parse as parseJunit, type TestCase } from 'junit2json'
import { Parser } from 'tap-parser'
import { describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { yamlReport } from '../../../../src/conformance/report/conformance-yaml.js'
import { junitReport } from '../../../../src/conformance/report/junit.js'
import { sarifReport } from '../../../../src/conformance/report/sarif.js'
import { tapReport } from '../../../../src/conformance/report/tap.js'
import type { ConformanceResult } from '../../../../src/conformance/result.js'
import { AS_EXPECTED, CONFORMANT, FAILED, PARTIAL } from './sample-result.js'

/** Each form as somebody else's reader sees it. */

async function junitCases(result: ConformanceResult): Promise<readonly TestCase[]> {
  const read = await parseJunit(junitReport(result))
  const suites = read !== null && read !== undefined && 'testsuite' in read ? (read.testsuite ?? []) : []
  return suites.flatMap(({ testcase = [] }) => testcase)
}

describe('JUnit XML, as junit2json reads it', () => {
  test('counts what failed, what could not be said and what was skipped', async () => {
    const read = await parseJunit(junitReport(FAILED))
    expect(read).toMatchObject({ name: 'zonelab conformance', tests: 9, failures: 3, errors: 1 })
  })

  test('a row that failed has its evidence, whatever the target said', async () => {
    const failed = (await junitCases(FAILED)).find(({ name }) => name?.startsWith('ZT-033'))
    expect(failed?.failure?.[0]?.message).toContain('said <script>alert("x")</script>')
    expect(failed?.failure?.[0]?.inner).toContain('alg none, GlobalToZoneSync: expected UNAUTHENTICATED, got OK')
    expect(failed?.failure?.[0]?.inner).toContain('did not hold: no zone created (zl-conf-1 is there)')
  })

  test('what neither passed nor fails the run is skipped, with its reason', async () => {
    const skipped = (await junitCases(FAILED)).filter((one) => one.skipped !== undefined)
    expect(skipped.map(({ name, skipped: why }) => `${name?.slice(0, 6)} ${why?.[0]?.message}`)).toEqual([
      'ZT-044 warning: accepted',
      'ZT-046 noted: accepted',
      'ZT-047 expected failure: known',
      'ZT-116 not run: needs operator',
    ])
  })

  test('each suite opens with the head of the run', async () => {
    const read = await parseJunit(junitReport(CONFORMANT))
    const suites = read !== null && read !== undefined && 'testsuite' in read ? (read.testsuite ?? []) : []
    expect(suites[0]?.properties).toContainEqual({ name: 'Certificate', value: 'SHA256:AB:CD:EF' })
  })

  test('a partial run fails, and a conformant one does not', async () => {
    const failing = async (result: ConformanceResult) =>
      (await junitCases(result)).filter(({ failure, error }) => failure ?? error).map(({ name }) => name)
    expect(await failing(PARTIAL)).toEqual(['the target is conformant'])
    expect(await failing(CONFORMANT)).toEqual([])
  })

  test('a run that fails as expected does not fail, and is skipped rather than passed', async () => {
    const points = await junitCases(AS_EXPECTED)
    expect(points.map(({ failure, error, skipped }) => [failure, error, skipped?.length])).toEqual([
      [undefined, undefined, 1],
      [undefined, undefined, 1],
    ])
  })
})

describe('TAP 14, as tap-parser reads it', () => {
  const read = (result: ConformanceResult) => {
    const parser = new Parser()
    parser.end(tapReport(result))
    return parser.results
  }

  test('a partial run is not ok, and a conformant one is', () => {
    expect(read(CONFORMANT)?.ok).toBe(true)
    expect(read(PARTIAL)?.ok).toBe(false)
    expect(read(AS_EXPECTED)).toMatchObject({ ok: true, todo: 0 })
    expect(read(PARTIAL)?.failures.map((point) => 'name' in point && point.name)).toEqual(['verdict'])
  })

  test('every row is a point, and only those that fail the run fail their area', () => {
    expect(read(FAILED)?.failures.map((point) => 'name' in point && point.name)).toEqual([
      'algorithm',
      'key-selection',
      'time',
      'verdict',
    ])
    expect(JSON.stringify(Parser.parse(tapReport(FAILED)))).toContain('"skip":"needs operator"')
  })
})

describe('SARIF, by the schema of OASIS', () => {
  // Draft 4, of which it uses nothing that later drafts changed but how it names itself.
  const { id: _id, $schema: _draft, ...schema } = sarifSchema
  const validate = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(schema)
  const read = (result: ConformanceResult) => JSON.parse(sarifReport(result)) as { runs: { results: Finding[] }[] }
  interface Finding {
    readonly ruleId: string
    readonly level: string
  }

  test.each([
    ['failed', FAILED],
    ['partial', PARTIAL],
    ['conformant', CONFORMANT],
  ])('a %s run is valid', (_name, result) => {
    validate(read(result))
    expect(validate.errors ?? []).toEqual([])
  })

  test('the schema is one that refuses', () => {
    expect(validate({ version: '2.1.0', runs: [{ results: [] }] })).toBe(false)
  })

  test('a result for each row that did not pass, as loud as its level', () => {
    const [run] = read(FAILED).runs
    expect(run?.results.map(({ ruleId, level }) => `${ruleId} ${level}`)).toEqual([
      'ZT-033 error',
      'ZT-044 warning',
      'ZT-046 note',
      'ZT-047 note',
      'ZT-048 error',
      'ZT-097 warning',
    ])
  })

  test('a partial run has an alert of its own, for no alert reads as a pass', () => {
    expect(read(PARTIAL).runs[0]?.results).toMatchObject([{ ruleId: 'verdict', level: 'warning' }])
    expect(read(CONFORMANT).runs[0]?.results).toEqual([])
  })
})

describe('the ConformanceReport', () => {
  const read = (result: ConformanceResult) => parseYaml(yamlReport(result)) as { kind: string; profiles: object[] }

  test('keeps the skeleton of the Gateway API', () => {
    expect(read(FAILED)).toMatchObject({
      apiVersion: 'zonelab.dev/v1',
      kind: 'ConformanceReport',
      profiles: [
        {
          name: 'zone-jwt',
          core: {
            result: 'failure',
            statistics: { Passed: 2, Failed: 2, Skipped: 2 },
            failedTests: ['ZT-033', 'ZT-047'],
            skippedTests: ['ZT-097', 'ZT-116'],
          },
          extended: { result: 'failure', failedTests: ['ZT-044'] },
        },
      ],
    })
  })

  test('rows that did not run make a profile partial', () => {
    expect(read(PARTIAL).profiles).toMatchObject([{ core: { result: 'partial', skippedTests: ['ZT-116'] } }])
    expect(read(CONFORMANT).profiles).toMatchObject([{ core: { result: 'success' } }])
    expect(read(CONFORMANT).profiles[0]).not.toHaveProperty('extended')
  })
})
