import { element, type Xml, xmlDocument } from '../../report/xml.js'
import type { CaseResult, ConformanceResult } from '../result.js'
import { byArea } from './areas.js'
import { evidenceOf } from './evidence.js'
import { factsOf, failsAsExpected, verdictText } from './head.js'
import { reasonOf, standingOf } from './standing.js'

/** What a test point becomes in JUnit, which knows no more than these. */
type Mark = 'passed' | 'failure' | 'error' | 'skipped'

/**
 * JUnit XML as Jenkins, GitLab and GitHub's actions read it: a suite per area, a test case per row. A last suite holds the
 * verdict as a test of its own, because a run whose MUST rows were all skipped would be green without it.
 */
export function junitReport(result: ConformanceResult): string {
  const { header } = result
  const properties = element(
    'properties',
    {},
    ...factsOf(result).map(([name, value]) => element('property', { name, value })),
  )
  const suites = [
    ...byArea(result.cases).map(({ area, cases }) =>
      suite(
        area,
        cases.map((one) => testCase(header.profiles, one)),
      ),
    ),
    suite('verdict', [verdictCase(result)]),
  ]
  const root = suites.map(({ counts, points }) =>
    element(
      'testsuite',
      { ...counts, timestamp: header.startedAt, hostname: header.target.address },
      properties,
      ...points,
    ),
  )
  const total = (count: (suite: Suite) => number) => suites.reduce((sum, one) => sum + count(one), 0)
  return xmlDocument(
    element(
      'testsuites',
      {
        name: 'zonelab conformance',
        tests: total(({ counts }) => counts.tests),
        failures: total(({ counts }) => counts.failures),
        errors: total(({ counts }) => counts.errors),
      },
      ...root,
    ),
  )
}

interface Suite {
  readonly counts: { name: string; tests: number; failures: number; errors: number; skipped: number; time: string }
  readonly points: readonly Xml[]
}

interface Point {
  readonly mark: Mark
  readonly elapsedMs: number
  readonly xml: Xml
}

function suite(name: string, points: readonly Point[]): Suite {
  const count = (mark: Mark) => points.filter((point) => point.mark === mark).length
  const time = seconds(points.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0))
  return {
    counts: {
      name,
      tests: points.length,
      failures: count('failure'),
      errors: count('error'),
      skipped: count('skipped'),
      time,
    },
    points: points.map(({ xml }) => xml),
  }
}

function testCase(profiles: readonly string[], one: CaseResult): Point {
  const mark = markOf(one)
  const attributes = {
    classname: `${profiles.join('+')}.${one.area}`,
    name: `${one.id} ${one.title}`,
    time: seconds(one.elapsedMs),
  }
  const standing = standingOf(one)
  const message = `${standing}: ${reasonOf(one)}`
  return {
    mark,
    elapsedMs: one.elapsedMs,
    xml: element('testcase', attributes, ...bodyOf(mark, one.level, message, one)),
  }
}

function bodyOf(mark: Mark, type: string, message: string, one: CaseResult): readonly Xml[] {
  switch (mark) {
    case 'passed':
      return []
    case 'skipped':
      return [element('skipped', { message })]
    case 'failure':
    case 'error':
      return [element(mark, { type, message }, [`${one.level}, ${one.norm}`, ...evidenceOf(one)].join('\n'))]
  }
}

/** Nothing that did not pass is a pass: what neither passed nor fails the run is `skipped`, with its reason. */
function markOf(one: CaseResult): Mark {
  switch (standingOf(one)) {
    case 'passed':
      return 'passed'
    case 'failed':
    case 'unexpected pass':
      return 'failure'
    case 'inconclusive':
      return one.level === 'MUST' ? 'error' : 'skipped'
    case 'warning':
    case 'expected failure':
    case 'noted':
    case 'not run':
      return 'skipped'
  }
}

function verdictCase(result: ConformanceResult): Point {
  const { word, detail } = verdictText(result.verdict)
  const mark = verdictMark(result)
  const message = `${word}: ${detail}`
  const body = mark === 'passed' ? [] : [element(mark, mark === 'skipped' ? { message } : { type: word, message })]
  const attributes = { classname: 'verdict', name: 'the target is conformant', time: seconds(0) }
  return { mark, elapsedMs: 0, xml: element('testcase', attributes, ...body) }
}

function verdictMark(result: ConformanceResult): Mark {
  if (failsAsExpected(result)) return 'skipped'
  switch (result.verdict.kind) {
    case 'conformant':
      return 'passed'
    case 'inconclusive':
      return 'error'
    case 'not conformant':
    case 'partial':
    case 'no authentication':
      return 'failure'
  }
}

function seconds(elapsedMs: number): string {
  return (elapsedMs / 1000).toFixed(3)
}
