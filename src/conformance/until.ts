import { type Clock, sleep } from '../base/clock.js'

export interface Patience {
  readonly withinMs: number
  /** Between two attempts. */
  readonly everyMs: number
}

/** Asks, at least once, until the answer is yes; false when it has not been within the time. */
export async function until(
  clock: Clock,
  { withinMs, everyMs }: Patience,
  probe: () => Promise<boolean> | boolean,
): Promise<boolean> {
  const endMs = clock.monotonicMs() + withinMs
  while (!(await probe())) {
    if (clock.monotonicMs() > endMs) return false
    await sleep(clock, everyMs)
  }
  return true
}
