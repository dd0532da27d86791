import { stringify } from 'yaml'
import type { Level } from '../matrix.js'
import type { CaseResult, ConformanceResult } from '../result.js'
import { answersFound, verdictText } from './head.js'

/**
 * A `ConformanceReport` in the manner of the Gateway API, to keep beside an implementation: `core` are the MUST rows,
 * `extended` the SHOULD rows. As there, rows that were skipped make a profile `partial`, which is no `success`.
 */
export function yamlReport(result: ConformanceResult): string {
  const { header, verdict } = result
  const { target } = header
  const found = answersFound(result.cases)
  const report = {
    apiVersion: 'zonelab.dev/v1',
    kind: 'ConformanceReport',
    date: header.endedAt,
    zonelabVersion: header.tool.version,
    caseSet: header.caseSet,
    implementation: {
      project: target.product ?? 'unknown',
      address: target.address,
      ...(target.api !== undefined && { api: target.api }),
      certificateFingerprint: target.certificateFingerprint ?? 'none',
    },
    behaviours: header.behaviours,
    ...(found.length > 0 && { answeredAs: Object.fromEntries(found) }),
    verdict: { word: verdict.kind, detail: verdictText(verdict).detail },
    rows: header.totals,
    profiles: [
      {
        name: header.profiles.join('+'),
        ...tierOf('core', 'MUST', result),
        ...tierOf('extended', 'SHOULD', result),
        summary: `${verdict.kind}: ${verdictText(verdict).detail}`,
      },
    ],
    ...(result.leftBehind.length > 0 && { leftBehind: result.leftBehind }),
  }
  return stringify(report, { lineWidth: 0, aliasDuplicateObjects: false })
}

/** Nothing for a tier without rows: no rows are no success. */
function tierOf(name: string, level: Level, { cases, verdict }: ConformanceResult): object {
  const tier = cases.filter((one) => one.level === level)
  if (tier.length === 0) return {}
  const idsOf = (...kinds: readonly CaseResult['outcome']['kind'][]) =>
    tier.filter(({ outcome }) => kinds.includes(outcome.kind)).map(({ id }) => id)
  const failed = idsOf('failed')
  const skipped = idsOf('not-run', 'inconclusive')
  const isFailure = failed.length > 0 || verdict.kind === 'no authentication'
  return {
    [name]: {
      result: isFailure ? 'failure' : skipped.length > 0 ? 'partial' : 'success',
      statistics: { Passed: idsOf('passed').length, Failed: failed.length, Skipped: skipped.length },
      ...(failed.length > 0 && { failedTests: failed }),
      ...(skipped.length > 0 && { skippedTests: skipped }),
    },
  }
}
