import { readFileSync } from 'node:fs'
import { AppError } from '../base/errors.js'

/** What a result file says it is, in its member `kind`. The number is raised when a reader of the old one would go wrong. */
export const RESULT_KINDS = ['zonelab.conformance/v1', 'zonelab.load/v1'] as const
export type ResultKind = (typeof RESULT_KINDS)[number]

export interface ResultFile {
  readonly kind: ResultKind
}

/** Throws `invalid-argument`: no such file, no JSON, or not a result that this version reads. */
export function readResultFile(path: string): ResultFile {
  const value = parsed(path)
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined
  if (RESULT_KINDS.some((known) => known === kind)) return value as ResultFile
  const said = typeof kind === 'string' ? `its kind is ${JSON.stringify(kind)}` : 'it says no kind'
  throw new AppError(
    'invalid-argument',
    `${path} is no result that this version reads: ${said}; use one of ${RESULT_KINDS.join(', ')}`,
  )
}

function parsed(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new AppError('invalid-argument', `${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    })
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    const first = firstLine(text)
    if (first !== undefined) return first
    throw new AppError('invalid-argument', `${path} is not JSON: give the json report of a run`, { cause })
  }
}

/** A raw run file is one object a line; what kind of run it is of, its first line says. */
function firstLine(text: string): unknown {
  try {
    return JSON.parse(text.slice(0, text.indexOf('\n')))
  } catch {
    return undefined
  }
}
