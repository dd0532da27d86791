import { AppError } from '../base/errors.js'
import { compare, comparisonMarkdown, comparisonText } from '../conformance/report/compare.js'
import { CONFORMANCE_RENDERERS } from '../conformance/report/renderers.js'
import { parseConformanceResult } from '../conformance/report/result-schema.js'
import { compareLoad, type LoadComparison, parseFailOn } from '../load/compare.js'
import * as loadComparison from '../load/comparison-report.js'
import { type LoadResult, readLoadResult } from '../load/load-result.js'
import { LOAD_REPORTS } from '../load/reports.js'
import type { Renderers, ReportFormat } from '../report/destinations.js'
import { type ResultFile, type ResultKind, readResultFile } from '../report/result-file.js'

/** The forms in which two runs can be told apart. */
export type ComparisonFormat = 'text' | 'md' | 'json'

/** What a comparison is asked beside its form. */
export interface ComparisonRules {
  /** Changes that make it fail. */
  readonly failOn: readonly string[]
  /** Compare what should not be compared. */
  readonly force: boolean
}

export interface Compared {
  readonly text: string
  /** `failed`: a change that `failOn` names has happened; `unjudged`: nobody can say of one. */
  readonly outcome: 'passed' | 'failed' | 'unjudged'
}

/** What `report` can do with the results of one kind of run. Both throw `invalid-argument` for a file that is not whole. */
interface ReportKind {
  show(file: FileAt, format: ReportFormat): string
  compare(before: FileAt, after: FileAt, format: ComparisonFormat, rules: ComparisonRules): Compared
}

interface FileAt {
  readonly path: string
  readonly file: ResultFile
}

const KINDS: Readonly<Partial<Record<ResultKind, ReportKind>>> = {
  'zonelab.conformance/v1': {
    show: ({ file }, format) => CONFORMANCE_RENDERERS[format](parseConformanceResult(file)),
    compare(before, after, format, { failOn }) {
      if (failOn.length > 0)
        throw new AppError('invalid-argument', '--fail-on is for load runs: it names their metrics')
      const comparison = compare(parseConformanceResult(before.file), parseConformanceResult(after.file))
      return { text: CONFORMANCE_COMPARISONS[format](comparison), outcome: 'passed' }
    },
  },
  'zonelab.load/v1': {
    show({ path }, format) {
      const render = (LOAD_REPORTS as Renderers<LoadResult>)[format]
      if (render) return render(readLoadResult(path))
      const known = Object.keys(LOAD_REPORTS).join(', ')
      throw new AppError('invalid-argument', `there is no ${format} report of a load run; there are ${known}`)
    },
    compare(before, after, format, { failOn, force }) {
      const rules = failOn.map(parseFailOn)
      const comparison = compareLoad(readLoadResult(before.path), readLoadResult(after.path), rules)
      if (comparison.reasons.length > 0 && !force) {
        const why = comparison.reasons.join('; ')
        throw new AppError(
          'invalid-argument',
          `${before.path} and ${after.path} do not compare: ${why} (--force does it)`,
        )
      }
      return { text: LOAD_COMPARISONS[format](comparison), outcome: outcomeOf(comparison) }
    },
  },
}

const CONFORMANCE_COMPARISONS: Readonly<Record<ComparisonFormat, (comparison: ReturnType<typeof compare>) => string>> =
  {
    text: comparisonText,
    md: comparisonMarkdown,
    json: ({ sameCases, changes }) => JSON.stringify({ sameCases, changes }, null, 2).concat('\n'),
  }

/** Two load runs told apart, in each form. */
export const LOAD_COMPARISONS: Readonly<Record<ComparisonFormat, (comparison: LoadComparison) => string>> = {
  text: loadComparison.comparisonText,
  md: loadComparison.comparisonMarkdown,
  json: loadComparison.comparisonJson,
}

export function outcomeOf({ failures, unjudged }: LoadComparison): Compared['outcome'] {
  if (failures.length > 0) return 'failed'
  return unjudged.length > 0 ? 'unjudged' : 'passed'
}

const NO_RULES: ComparisonRules = { failOn: [], force: false }

export function showReport(path: string, format: ReportFormat): string {
  const file = readResultFile(path)
  return reportKind(file, path).show({ path, file }, format)
}

export function compareReports(
  pathBefore: string,
  pathAfter: string,
  format: ComparisonFormat,
  rules: ComparisonRules = NO_RULES,
): Compared {
  const before = readResultFile(pathBefore)
  const after = readResultFile(pathAfter)
  if (before.kind !== after.kind) {
    throw new AppError(
      'invalid-argument',
      `${pathBefore} is a ${before.kind} and ${pathAfter} a ${after.kind}: they do not compare`,
    )
  }
  const [first, second] = [
    { path: pathBefore, file: before },
    { path: pathAfter, file: after },
  ]
  return reportKind(before, pathBefore).compare(first, second, format, rules)
}

function reportKind({ kind }: ResultFile, path: string): ReportKind {
  const found = KINDS[kind]
  if (found === undefined) throw new AppError('unimplemented', `${path}: there is no report of ${kind} yet`)
  return found
}
