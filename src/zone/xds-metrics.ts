import type { Counter, Gauge, Metrics } from '../base/metrics.js'
import { ENVOY_TYPE_URL } from '../wire/envoy-codec.js'

/** The series of all sidecars' streams, each found once: they count every message to every sidecar. */
export class XdsMetrics {
  readonly streams: Gauge
  readonly #sent: ReadonlyMap<string, Counter>
  /** A peer may ask for any text, which must not become a label. */
  readonly #sentUnknown: Counter

  constructor(metrics: Metrics) {
    const sent = (type: string) => metrics.counter('zonelab_xds_responses_sent', { type_url: type })
    this.streams = metrics.gauge('zonelab_xds_streams_active')
    this.#sent = new Map(Object.values(ENVOY_TYPE_URL).map((type) => [type, sent(type)]))
    this.#sentUnknown = sent('unknown')
  }

  sent(type: string): Counter {
    return this.#sent.get(type) ?? this.#sentUnknown
  }
}
