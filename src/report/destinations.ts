import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { AppError } from '../base/errors.js'

/** The forms of a report that can be a file. */
export const REPORT_FORMATS = ['html', 'junit', 'sarif', 'tap', 'json', 'md', 'yaml', 'text'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]

export interface Destination {
  readonly format: ReportFormat
  readonly path: string
}

/** How a report is written, by format. What a kind of run has no report in is left out. */
export type Renderers<Result> = Readonly<Partial<Record<ReportFormat, (result: Result) => string>>>

const FILE_NAMES: Readonly<Record<ReportFormat, string>> = {
  html: 'report.html',
  junit: 'junit.xml',
  sarif: 'report.sarif',
  tap: 'report.tap',
  json: 'result.json',
  md: 'report.md',
  yaml: 'report.yaml',
  text: 'report.txt',
}

/**
 * What `--report` asks for: `DIR` for one file in each of `offered`, or `html=F,junit=F`.
 * Throws `invalid-argument`, so that a mistake is told before anything runs.
 */
export function parseDestinations(text: string, offered: readonly ReportFormat[]): readonly Destination[] {
  if (text === '') throw new AppError('invalid-argument', '--report: name a directory, or files as in html=report.html')
  if (!text.includes('=')) return offered.map((format) => ({ format, path: join(text, FILE_NAMES[format]) }))
  return text.split(',').map((part) => {
    const [name = '', ...rest] = part.split('=')
    const format = offered.find((candidate) => candidate === name)
    const path = rest.join('=')
    if (format === undefined || path === '') {
      throw new AppError('invalid-argument', `--report ${part}: use FORMAT=FILE with one of ${offered.join(', ')}`)
    }
    return { format, path }
  })
}

/** Makes the directories that are missing. Throws `invalid-argument` naming the file that cannot be written. */
export function writeReports<Result>(
  result: Result,
  renderers: Renderers<Result>,
  destinations: readonly Destination[],
): void {
  for (const { format, path } of destinations) {
    const text = renderers[format]?.(result)
    if (text === undefined) throw new AppError('invalid-argument', `there is no ${format} report of this kind of run`)
    try {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      throw new AppError('invalid-argument', `the report ${path} cannot be written (${code})`, { cause })
    }
  }
}
