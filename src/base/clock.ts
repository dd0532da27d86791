/** The only door to time. Everything that waits or stamps takes a Clock, so that tests and the simulation step it. */
export interface Clock {
  /** Wall time, epoch milliseconds: for stamps that people and peers read. */
  nowMs(): number
  /** Monotonic milliseconds with fractions: for durations. Comparable between processes of one Linux host. */
  monotonicMs(): number
  /** Calls once after `delayMs`; the returned function cancels. Timers never keep the process alive. */
  after(delayMs: number, callback: () => void): Cancel
}

export type Cancel = () => void

/** Where `performance.now` began on the monotonic clock of the host; reading that itself costs a BigInt each time. */
const MONOTONIC_ORIGIN_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now()

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => MONOTONIC_ORIGIN_MS + performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const onAbort = () => {
      cancel()
      reject(signal?.reason as Error)
    }
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
