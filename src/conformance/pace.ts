import { type Clock, sleep } from '../base/clock.js'

/** At most so many turns a second over all who wait: each takes the next free moment. */
export function paced(clock: Clock, ratePerSecond: number): () => Promise<void> {
  const everyMs = 1_000 / ratePerSecond
  let nextMs = 0
  return async () => {
    const nowMs = clock.monotonicMs()
    const turnMs = Math.max(nowMs, nextMs)
    nextMs = turnMs + everyMs
    if (turnMs > nowMs) await sleep(clock, turnMs - nowMs)
  }
}
