import type { ErrorCode } from '../base/errors.js'

/** What a shell sees of how a command ended (design.md §7). */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  /** Nobody answers, or a wait timed out. */
  unreachable: 3,
  guardRail: 4,
  /** What was to be judged could not be. */
  inconclusive: 11,
  /** A threshold was crossed, or something was lost. */
  thresholdCrossed: 99,
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const OF_ERROR: Partial<Record<ErrorCode, ExitCode>> = {
  'invalid-argument': EXIT.usage,
  'invalid-topology': EXIT.usage,
  unavailable: EXIT.unreachable,
  'timed-out': EXIT.unreachable,
  'zone-offline': EXIT.unreachable,
  'guard-rail': EXIT.guardRail,
}

export function exitCodeOf(code: ErrorCode): ExitCode {
  return OF_ERROR[code] ?? EXIT.error
}
