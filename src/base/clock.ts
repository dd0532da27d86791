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

/** A process is rarely held up in all of so many readings; they take some microseconds. */
const ORIGIN_READINGS = 20

/** Where `performance.now` began on the monotonic clock of the host; reading that itself costs a BigInt each time. */
const MONOTONIC_ORIGIN_MS = originMs(
  () => Number(process.hrtime.bigint()) / 1e6,
  () => performance.now(),
)

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => MONOTONIC_ORIGIN_MS + performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/**
 * Where our clock began on the host's. Between the readings of the two a starting process is held up, for milliseconds on a
 * busy host, and all its times would be off by as much against those of other processes: the closest pair counts.
 */
export function originMs(hostMs: () => number, ownMs: () => number): number {
  const readings = Array.from({ length: ORIGIN_READINGS }, () => {
    const before = ownMs()
    const host = hostMs()
    const after = ownMs()
    return { apart: after - before, origin: host - (before + after) / 2 }
  })
  return readings.reduce((closest, reading) => (reading.apart < closest.apart ? reading : closest)).origin
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
