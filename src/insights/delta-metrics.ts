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
  },
  xds: {
    streams: 'xds_streams_active',
    delivery: 'xds_delivery',
    sent: 'xds_responses_sent',
    sentBytes: 'xds_responses_sent_bytes',
    received: 'xds_requests_received',
  },
} as const

type Kind = keyof typeof NAMES

interface TypeSeries {
  readonly sent: Counter
  readonly sentBytes: Histogram
  readonly received: Readonly<Record<ErrorType, Counter>>
}

/** The series of all streams that one control plane publishes on, each found once: they count every message to every peer. */
export class DeltaMetrics {
  readonly streams: Gauge
  readonly #deliveryMs: Histogram
  readonly #byType: ReadonlyMap<string, TypeSeries>
  /** A peer may ask for any text, which must not become a label. */
  readonly #unknown: TypeSeries

  constructor(metrics: Metrics, kind: Kind, types: readonly string[]) {
    this.streams = metrics.gauge(NAMES[kind].streams)
    this.#deliveryMs = metrics.histogram(NAMES[kind].delivery)
    this.#byType = new Map(types.map((type) => [type, seriesOf(metrics, kind, type)]))
    this.#unknown = seriesOf(metrics, kind, 'unknown')
  }

  sent(type: string, bytes: number): void {
    const { sent, sentBytes } = this.#ofType(type)
    sent.add(1)
    sentBytes.observe(bytes)
  }

  answered(type: string, error: string | undefined, afterMs: number): void {
    this.#deliveryMs.observe(afterMs)
    this.#ofType(type).received[errorType(error)].add(1)
  }

  #ofType(type: string): TypeSeries {
    return this.#byType.get(type) ?? this.#unknown
  }
}

function seriesOf(metrics: Metrics, kind: Kind, type: string): TypeSeries {
  const names = NAMES[kind]
  const received = (confirmation: 'ACK' | 'NACK', errorType: ErrorType) =>
    metrics.counter(names.received, { type_url: type, confirmation, error_type: errorType })
  return {
    sent: metrics.counter(names.sent, { type_url: type }),
    sentBytes: metrics.histogram(names.sentBytes, { type_url: type }),
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
