import type { Clock } from '../base/clock.js'
import type { Counter, Gauge, Histogram, Metrics } from '../base/metrics.js'

/** Kuma's classes: what an operator's own resources cause, and what is wrong with what was sent (`pkg/kds/util/errors.go`). */
type ErrorType = 'no_error' | 'user' | 'other'

/** As Kuma names them (`pkg/util/xds/stats_callbacks.go`): a global's to its zones, and a zone's to its sidecars. */
const NAMES = {
  kds: {
    streams: 'kds_delta_streams_active',
    delivery: 'kds_delta_delivery',
    sent: 'kds_delta_responses_sent',
    sentBytes: 'kds_delta_responses_sent_bytes',
    received: 'kds_delta_requests_received',
    likelyDepleted: 'kds_delta_stream_likely_window_depletion_total',
  },
  xds: {
    streams: 'xds_streams_active',
    delivery: 'xds_delivery',
    sent: 'xds_responses_sent',
    sentBytes: 'xds_responses_sent_bytes',
    received: 'xds_requests_received',
    likelyDepleted: 'xds_stream_likely_window_depletion_total',
  },
} as const

type Kind = keyof typeof NAMES

interface TypeSeries {
  readonly sent: Counter
  readonly sentBytes: Histogram
  readonly received: Readonly<Record<ErrorType, Counter>>
  readonly likelyDepleted: Counter
}

/** A large response, and how soon after it an end looks like its doing. Kuma's (`pkg/util/xds/stats_callbacks.go`). */
const LARGE_BYTES = 1_048_576
const SOON_MS = 5_000

/** The series of all streams that one control plane publishes on, each found once: they count every message to every peer. */
export class DeltaMetrics {
  readonly streams: Gauge
  readonly deliveryMs: Histogram
  readonly clock: Clock
  readonly #byType: ReadonlyMap<string, TypeSeries>
  /** A peer may ask for any text, which must not become a label. */
  readonly #unknown: TypeSeries

  constructor({ metrics, clock }: { metrics: Metrics; clock: Clock }, kind: Kind, types: readonly string[]) {
    this.clock = clock
    this.streams = metrics.gauge(NAMES[kind].streams)
    this.deliveryMs = metrics.histogram(NAMES[kind].delivery)
    this.#byType = new Map(types.map((type) => [type, seriesOf(metrics, kind, type)]))
    this.#unknown = seriesOf(metrics, kind, 'unknown')
  }

  stream(): StreamMetrics {
    return new StreamMetrics(this)
  }

  ofType(type: string): TypeSeries {
    return this.#byType.get(type) ?? this.#unknown
  }
}

/** One stream's part in them. */
export class StreamMetrics {
  readonly #all: DeltaMetrics
  /** The last response, if it was large. */
  #large: { readonly type: string; readonly sentAtMs: number } | undefined

  constructor(all: DeltaMetrics) {
    this.#all = all
  }

  opened(): void {
    this.#all.streams.add(1)
  }

  sent(type: string, bytes: number): void {
    const { sent, sentBytes } = this.#all.ofType(type)
    sent.add(1)
    sentBytes.observe(bytes)
    this.#large = bytes < LARGE_BYTES ? undefined : { type, sentAtMs: this.#all.clock.monotonicMs() }
  }

  answered(type: string, error: string | undefined, afterMs: number): void {
    this.#all.deliveryMs.observe(afterMs)
    this.#all.ofType(type).received[errorType(error)].add(1)
  }

  closed(): void {
    this.#all.streams.add(-1)
    if (this.#large === undefined) return
    const { type, sentAtMs } = this.#large
    if (this.#all.clock.monotonicMs() - sentAtMs < SOON_MS) this.#all.ofType(type).likelyDepleted.add(1)
  }
}

function seriesOf(metrics: Metrics, kind: Kind, type: string): TypeSeries {
  const names = NAMES[kind]
  const received = (confirmation: 'ACK' | 'NACK', errorType: ErrorType) =>
    metrics.counter(names.received, { type_url: type, confirmation, error_type: errorType })
  return {
    sent: metrics.counter(names.sent, { type_url: type }),
    sentBytes: metrics.histogram(names.sentBytes, { type_url: type }),
    likelyDepleted: metrics.counter(names.likelyDepleted, { type_url: type }),
    received: {
      no_error: received('ACK', 'no_error'),
      user: received('NACK', 'user'),
      other: received('NACK', 'other'),
    },
  }
}

function errorType(error: string | undefined): ErrorType {
  if (error === undefined) return 'no_error'
  return error.startsWith('user error') || error.includes('failed calling webhook') ? 'user' : 'other'
}
