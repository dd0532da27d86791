import type { Counter, Gauge, Histogram, Metrics } from '../base/metrics.js'
import { DOWN_TYPES } from '../model/registry.js'

/** Kuma's classes: what an operator's own resources cause, and what is wrong with what was sent (`pkg/kds/util/errors.go`). */
type ErrorType = 'no_error' | 'user' | 'other'

interface TypeSeries {
  readonly sent: Counter
  readonly sentBytes: Histogram
  readonly received: Readonly<Record<ErrorType, Counter>>
}

/** The series of all downward streams, each found once: they count every message to every zone. */
export class DownMetrics {
  readonly streams: Gauge
  readonly deliveryMs: Histogram
  readonly #byType: ReadonlyMap<string, TypeSeries>
  /** A peer may ask for any text, which must not become a label. */
  readonly #unknown: TypeSeries

  constructor(metrics: Metrics) {
    this.streams = metrics.gauge('kds_delta_streams_active')
    this.deliveryMs = metrics.histogram('kds_delta_delivery')
    this.#byType = new Map(DOWN_TYPES.map((type) => [type, seriesOf(metrics, type)]))
    this.#unknown = seriesOf(metrics, 'unknown')
  }

  ofType(type: string): TypeSeries {
    return this.#byType.get(type) ?? this.#unknown
  }
}

function seriesOf(metrics: Metrics, type: string): TypeSeries {
  const received = (confirmation: 'ACK' | 'NACK', errorType: ErrorType) =>
    metrics.counter('kds_delta_requests_received', { type_url: type, confirmation, error_type: errorType })
  return {
    sent: metrics.counter('kds_delta_responses_sent', { type_url: type }),
    sentBytes: metrics.histogram('kds_delta_responses_sent_bytes', { type_url: type }),
    received: {
      no_error: received('ACK', 'no_error'),
      user: received('NACK', 'user'),
      other: received('NACK', 'other'),
    },
  }
}

export function errorType(error: string | undefined): ErrorType {
  if (error === undefined) return 'no_error'
  return error.startsWith('user error') || error.includes('failed calling webhook') ? 'user' : 'other'
}
