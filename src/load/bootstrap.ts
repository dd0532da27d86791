import { seededRandom } from '../base/random.js'

export interface Interval {
  readonly low: number
  readonly high: number
}

const RESAMPLES = 1_000
/** Below this many samples a resampling says nothing. */
const SAMPLES_MIN = 5

/**
 * The interval in which the ratio of the two medians lies with a confidence of 95 %, by resampling each side's
 * intervals; undefined when there are too few. From a fixed seed: the same runs give the same answer.
 */
export function ratioInterval(over: readonly number[], under: readonly number[]): Interval | undefined {
  if (over.length < SAMPLES_MIN || under.length < SAMPLES_MIN) return undefined
  const random = seededRandom(1)
  const drawn = (samples: readonly number[]) =>
    median(samples.map(() => samples[Math.floor(random.next() * samples.length)] ?? 0))
  const ratios = Array.from({ length: RESAMPLES }, () => drawn(over) / drawn(under))
    .filter((ratio) => Number.isFinite(ratio))
    .sort((a, b) => a - b)
  if (ratios.length === 0) return undefined
  const at = (share: number) => ratios[Math.min(ratios.length - 1, Math.floor(share * ratios.length))] ?? 1
  return { low: at(0.025), high: at(0.975) }
}

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
