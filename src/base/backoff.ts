import type { Random } from './random.js'

/**
 * Exponential back-off with full spread around each step.
 * `delay = min(capMs, baseMs * 2^attempt) * (1 ± jitter)`, attempt counted from 0.
 */
export interface BackoffPolicy {
  readonly baseMs: number
  readonly capMs: number
  /** Share of the step that is spread, 0 to 1. More spreads a herd better and makes each wait less predictable. */
  readonly jitter: number
}

/** Milliseconds to wait before try number `attempt` (0 is the first retry). */
export function backoffDelayMs(policy: BackoffPolicy, attempt: number, random: Random): number {
  const step = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(attempt, 30))
  return Math.round(step * (1 + policy.jitter * (2 * random.next() - 1)))
}
