import { AppError } from '../base/errors.js'
import { compare, comparisonMarkdown, comparisonText } from '../conformance/report/compare.js'
import { CONFORMANCE_RENDERERS } from '../conformance/report/renderers.js'
import { parseConformanceResult } from '../conformance/report/result-schema.js'
import type { ReportFormat } from '../report/destinations.js'
import { type ResultFile, type ResultKind, readResultFile } from '../report/result-file.js'

/** The forms in which two runs can be told apart. */
export type ComparisonFormat = 'text' | 'md' | 'json'

/** What `report` can do with the results of one kind of run. Both throw `invalid-argument` for a file that is not whole. */
interface ReportKind {
  show(file: ResultFile, format: ReportFormat): string
  compare(before: ResultFile, after: ResultFile, format: ComparisonFormat): string
}

const KINDS: Readonly<Partial<Record<ResultKind, ReportKind>>> = {
  'zonelab.conformance/v1': {
    show: (file, format) => CONFORMANCE_RENDERERS[format](parseConformanceResult(file)),
    compare(before, after, format) {
      const comparison = compare(parseConformanceResult(before), parseConformanceResult(after))
      switch (format) {
        case 'text':
          return comparisonText(comparison)
        case 'md':
          return comparisonMarkdown(comparison)
        case 'json':
          return JSON.stringify({ sameCases: comparison.sameCases, changes: comparison.changes }, null, 2).concat('\n')
      }
    },
  },
}

export function showReport(path: string, format: ReportFormat): string {
  const file = readResultFile(path)
  return reportKind(file, path).show(file, format)
}

export function compareReports(pathBefore: string, pathAfter: string, format: ComparisonFormat): string {
  const before = readResultFile(pathBefore)
  const after = readResultFile(pathAfter)
  if (before.kind !== after.kind) {
    throw new AppError(
      'invalid-argument',
      `${pathBefore} is a ${before.kind} and ${pathAfter} a ${after.kind}: they do not compare`,
    )
  }
  return reportKind(before, pathBefore).compare(before, after, format)
}

function reportKind({ kind }: ResultFile, path: string): ReportKind {
  const found = KINDS[kind]
  if (found === undefined) throw new AppError('unimplemented', `${path}: there is no report of ${kind} yet`)
  return found
}
