import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'

/** The only door to hdr-histogram-js. Milliseconds outside, whole microseconds inside, three significant digits. */
export class LatencyHistogram {
  readonly #histogram: Histogram

  private constructor(histogram: Histogram) {
    this.#histogram = histogram
  }

  static empty(): LatencyHistogram {
    return new LatencyHistogram(
      build({ lowestDiscernibleValue: 1, highestTrackableValue: MICROS_MAX, numberOfSignificantValueDigits: 3 }),
    )
  }

  /** As it stands in a run file: HdrHistogram V2, compressed, in base64. Throws what the decoder throws. */
  static decode(text: string): LatencyHistogram {
    return new LatencyHistogram(decodeFromCompressedBase64(text))
  }

  record(ms: number): void {
    this.#histogram.recordValue(Math.min(MICROS_MAX, Math.max(0, Math.round(ms * 1_000))))
  }

  /** Of something that happens so often: while it was held up, others of it would have come. */
  recordEvery(ms: number, everyMs: number): void {
    const micros = Math.min(MICROS_MAX, Math.max(0, Math.round(ms * 1_000)))
    this.#histogram.recordValueWithExpectedInterval(micros, everyMs * 1_000)
  }

  add(other: LatencyHistogram): void {
    this.#histogram.add(other.#histogram)
  }

  reset(): void {
    this.#histogram.reset()
  }

  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram)
  }

  get count(): number {
    return this.#histogram.totalCount
  }

  get maxMs(): number {
    return this.count === 0 ? 0 : this.#histogram.maxValue / 1_000
  }

  get meanMs(): number {
    return this.count === 0 ? 0 : this.#histogram.mean / 1_000
  }

  /** The value below which `percentile` % of the samples lie. */
  percentile(percentile: number): number {
    return this.count === 0 ? 0 : this.#histogram.getValueAtPercentile(percentile) / 1_000
  }
}

/** An hour: what takes longer than any run is recorded as that. */
const MICROS_MAX = 3_600_000_000
