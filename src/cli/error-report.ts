import { AppError, type ErrorCode } from '../base/errors.js'
import type { Io } from './io.js'

const HINTS: Partial<Record<ErrorCode, string>> = {
  'store-corrupt': 'restore the file from a copy, or start without it; docs/errors.md says how',
  'store-newer': 'use the zonelab that wrote it, or another --db',
  'store-locked': 'zonelab status shows who; zonelab down ends it',
  'store-full': 'make room; what was accepted is safe',
  'permission-denied': 'the credential that was used does not allow this',
  internal: 'this is a mistake of zonelab; ZONELAB_DEBUG=1 shows where',
}

/** An error as people read it: what, and what to do. The code in brackets is what docs/errors.md explains. */
export function reportError(io: Io, thrown: unknown, env: Readonly<Record<string, string | undefined>>): AppError {
  const error = AppError.from(thrown)
  const [first = '', ...more] = error.message.split('\n')
  io.err(`${io.paint('red', 'error')} (${error.code}): ${first}`)
  for (const line of more) io.err(`  ${line}`)
  const hint = HINTS[error.code]
  if (hint !== undefined) io.err(`${io.paint('cyan', 'hint')}: ${hint}`)
  if (env.ZONELAB_DEBUG) io.err(stackOf(error))
  return error
}

function stackOf(error: Error): string {
  const { cause } = error
  const own = error.stack ?? error.message
  return cause instanceof Error ? `${own}\ncaused by: ${stackOf(cause)}` : own
}
