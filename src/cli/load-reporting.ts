import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { AppError } from '../base/errors.js'
import type { LoadResult } from '../load/load-result.js'
import { LOAD_REPORTS } from '../load/reports.js'
import type { RunLine } from '../load/run-lines.js'
import { type Destination, parseDestinations, writeReports } from '../report/destinations.js'
import type { Context, Input } from './command.js'

/** Where a run is told. */
export interface Reporting {
  readonly destinations: readonly Destination[]
  /** Grows line by line while the run goes. */
  readonly rawFile: string | undefined
  /** On standard output, too. */
  readonly isPrinted: boolean
}

/** For a run that is a part of something larger. */
export const UNREPORTED: Reporting = { destinations: [], rawFile: undefined, isPrinted: false }

const RAW_FILE = 'run.ndjson'

/** What `--report` and `--raw` ask for. Throws `invalid-argument` before anything runs. */
export function reportingOf(input: Input): Reporting {
  const report = input.text('report')
  const destinations = report === undefined ? [] : destinationsIn(report)
  const besideReports = report === undefined || report.includes('=') ? undefined : join(report, RAW_FILE)
  return { destinations, rawFile: input.text('raw') ?? besideReports, isPrinted: true }
}

/** Every form of report in one folder. */
export function reportingIn(folder: string): Reporting {
  return { destinations: destinationsIn(folder), rawFile: join(folder, RAW_FILE), isPrinted: true }
}

function destinationsIn(report: string): readonly Destination[] {
  return parseDestinations(report, ['html', 'json', 'md', 'junit', 'text'])
}

export function writeLoadReports({ io }: Context, result: LoadResult, { destinations }: Reporting): void {
  writeReports(result, LOAD_REPORTS, destinations)
  for (const { path } of destinations) io.err(`zonelab: ${path}`)
}

/** Makes or empties a raw file. Throws `invalid-argument`. */
export function writeRawFile(file: string, lines: readonly RunLine[]): void {
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  } catch (cause) {
    throw new AppError('invalid-argument', `${file} cannot be written (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    })
  }
}
