import { readFileSync } from 'node:fs'
import { AppError } from '../base/errors.js'
import { parseRunFile, parseRunLines, RUN_KIND, type RunLine } from './run-lines.js'
import { type Summary, summarise } from './summary.js'
import { judge, type Verdict } from './verdict.js'

/** A run as reports show it. */
export interface LoadResult {
  readonly lines: readonly RunLine[]
  readonly summary: Summary
  readonly verdict: Verdict
}

export function loadResult(lines: readonly RunLine[]): LoadResult {
  const summary = summarise(lines)
  return { lines, summary, verdict: judge(summary) }
}

/** A raw run file, or the json report of a run, which holds the same lines. Throws `invalid-argument` naming file and line. */
export function readLoadResult(path: string): LoadResult {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new AppError('invalid-argument', `${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    })
  }
  const report = linesOfReport(text)
  return loadResult(
    report === undefined
      ? parseRunFile(text, path)
      : parseRunLines(
          report.map((line, place) => [`${path}: lines[${place}]`, line]),
          path,
        ),
  )
}

/** Undefined: it is no json report. */
function linesOfReport(text: string): readonly unknown[] | undefined {
  let whole: unknown
  try {
    whole = JSON.parse(text)
  } catch {
    return undefined
  }
  const { kind, lines } = whole as { kind?: unknown; lines?: unknown }
  return kind === RUN_KIND && Array.isArray(lines) ? lines : undefined
}
