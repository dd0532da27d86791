import { createHash } from 'node:crypto'
import type { CaseResult, ConformanceResult } from '../result.js'
import { evidenceOf } from './evidence.js'
import { factsOf, verdictText } from './head.js'
import { reasonOf, type Standing, standingOf } from './standing.js'

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'
/** The rule of a run that is no pass though none of its rows failed. */
const VERDICT_RULE = 'verdict'
/** Code scanning shows a result only at a place in a file: the result file of the run. */
const RESULT_URI = 'result.json'

type Level = 'error' | 'warning' | 'note'

/** How loud a case is; undefined: no result. Code scanning shows every result that is there as an alert. */
const LEVELS: Readonly<Record<Standing, Level | undefined>> = {
  failed: 'error',
  'unexpected pass': 'error',
  inconclusive: 'warning',
  warning: 'warning',
  'expected failure': 'note',
  noted: 'note',
  'not run': undefined,
  passed: undefined,
}

/** SARIF 2.1.0: a rule for each case, a result for each that did not pass, and one for a verdict that is no pass. */
export function sarifReport(result: ConformanceResult): string {
  const { header, cases } = result
  const log = {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'zonelab conformance',
            version: header.tool.version,
            semanticVersion: header.tool.version,
            rules: [...cases.map(ruleOf), VERDICT],
          },
        },
        automationDetails: { id: `conformance/${header.profiles.join('+')}/${header.target.address}` },
        invocations: [
          {
            executionSuccessful: result.verdict.kind !== 'inconclusive',
            startTimeUtc: header.startedAt,
            endTimeUtc: header.endedAt,
          },
        ],
        properties: { ...Object.fromEntries(factsOf(result)), verdict: result.verdict.kind },
        results: [...cases.flatMap((one, index) => resultsOf(result, one, index)), ...verdictResults(result)],
      },
    ],
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

const VERDICT = {
  id: VERDICT_RULE,
  name: 'TheTargetIsConformant',
  shortDescription: { text: 'The target is conformant: every MUST row that applies was run and passed' },
  defaultConfiguration: { level: 'error' },
}

function ruleOf({ id, title, level, norm, area, basis, reproduce }: CaseResult): object {
  return {
    id,
    shortDescription: { text: title },
    fullDescription: { text: `${level}, ${norm}` },
    help: { text: `See it again: ${reproduce}` },
    defaultConfiguration: { level: level === 'MUST' ? 'error' : level === 'SHOULD' ? 'warning' : 'note' },
    properties: { area, basis, level, tags: ['security', area] },
  }
}

function resultsOf(result: ConformanceResult, one: CaseResult, ruleIndex: number): readonly object[] {
  const standing = standingOf(one)
  const level = LEVELS[standing]
  if (level === undefined) return []
  const text = [`${one.title}. ${standing}: ${reasonOf(one)}`, ...evidenceOf(one)].join('\n')
  return [resultAt(result, { ruleId: one.id, ruleIndex, level, text })]
}

function verdictResults(result: ConformanceResult): readonly object[] {
  const { verdict, cases } = result
  if (verdict.kind === 'conformant' || verdict.kind === 'not conformant') return []
  const { word, detail, tone } = verdictText(verdict)
  const level = tone === 'bad' ? 'error' : 'warning'
  return [resultAt(result, { ruleId: VERDICT_RULE, ruleIndex: cases.length, level, text: `${word}: ${detail}` })]
}

interface Finding {
  readonly ruleId: string
  readonly ruleIndex: number
  readonly level: Level
  readonly text: string
}

function resultAt({ header }: ConformanceResult, { ruleId, ruleIndex, level, text }: Finding): object {
  const { address } = header.target
  return {
    ruleId,
    ruleIndex,
    level,
    message: { text },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: RESULT_URI }, region: { startLine: 1 } },
        logicalLocations: [{ name: address, kind: 'resource' }],
      },
    ],
    // The same fault of the same target is one alert from run to run.
    partialFingerprints: { 'caseAndTarget/v1': createHash('sha256').update(`${ruleId} ${address}`).digest('hex') },
  }
}
