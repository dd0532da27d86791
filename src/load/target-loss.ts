import type { WriteFate } from './open-loop.js'
import type { IntervalLine } from './run-lines.js'

/** Counts reasons, and knows the one that was given most often. */
export class Reasons {
  readonly #times = new Map<string, number>()

  add(losses: IntervalLine['losses']): void {
    for (const [why, times] of Object.entries(losses)) this.#times.set(why, (this.#times.get(why) ?? 0) + times)
  }

  /** For the end of a sentence; empty when nobody gave any. */
  get suffix(): string {
    const [most] = [...this.#times].sort(([, a], [, b]) => b - a)
    return most === undefined ? '' : `: ${most[0]}`
  }
}

/**
 * Why there is nothing left to measure when the last writes have had time to arrive; undefined: there is. A target that
 * dies, or takes nothing, is no target that is slow.
 */
export function whyTargetIsLost(
  { live }: Pick<IntervalLine, 'live'>,
  losses: Reasons,
  timed: readonly WriteFate[],
): string | undefined {
  if (live === 0) return `no zone is connected any more${losses.suffix}`
  if (timed.length === 0 || timed.some(({ kind }) => kind === 'accepted')) return undefined
  const refusals = new Reasons()
  for (const fate of timed) if (fate.kind === 'refused') refusals.add({ [fate.why]: 1 })
  return `the target took none of ${timed.length} writes${refusals.suffix}`
}
