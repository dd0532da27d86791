import { seededRandom } from '../../src/base/random.js'

/** The value below which the share `q` of the samples lies (nearest rank). Of no samples: NaN. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = Float64Array.from(samples).sort()
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN
}

export function median(samples: readonly number[]): number {
  const sorted = Float64Array.from(samples).sort()
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** A median with the interval in which it lies with a confidence of 95 %. */
export interface Estimate {
  readonly median: number
  readonly low: number
  readonly high: number
}

const RESAMPLES = 2_000

/** Bootstrap of the median, from a fixed seed: the same samples give the same interval. */
export function estimate(samples: readonly number[]): Estimate {
  const random = seededRandom(1)
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(samples.map(() => samples[Math.floor(random.next() * samples.length)] ?? Number.NaN)),
  )
  return { median: median(samples), low: quantile(medians, 0.025), high: quantile(medians, 0.975) }
}

/** Of each pair the first over the second. */
export function ratios(over: readonly number[], under: readonly number[]): readonly number[] {
  return over.map((value, index) => value / (under[index] ?? Number.NaN))
}

/** The exponent k of the power law y = a·x^k that fits best. */
export function logSlope(points: readonly { readonly x: number; readonly y: number }[]): number {
  const logs = points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }))
  const mean = (pick: (point: { x: number; y: number }) => number) =>
    logs.reduce((s, p) => s + pick(p), 0) / logs.length
  const [mx, my] = [mean((p) => p.x), mean((p) => p.y)]
  const up = logs.reduce((sum, { x, y }) => sum + (x - mx) * (y - my), 0)
  return up / logs.reduce((sum, { x }) => sum + (x - mx) ** 2, 0)
}

/** Three significant digits: more would pretend. */
export function round(value: number): number {
  return Number(value.toPrecision(3))
}
