/** Metrics port. One registry per control plane; `base/prom-metrics.ts` is the only implementation over prom-client. */
export interface Metrics {
  counter(name: MetricName): Counter
  gauge(name: MetricName): Gauge
  histogram(name: MetricName): Histogram
}

export type MetricLabels = Readonly<Record<string, string>>
export interface Counter {
  add(amount: number, labels?: MetricLabels): void
}
export interface Gauge {
  set(value: number, labels?: MetricLabels): void
  add(amount: number, labels?: MetricLabels): void
}
export interface Histogram {
  observe(value: number, labels?: MetricLabels): void
}

export interface MetricDescription {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds, for histograms. */
  readonly buckets?: readonly number[]
}

const MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]
const BYTES = Array.from({ length: 16 }, (_, i) => 1024 * 2 ** i)

/** Every metric that a zonelab process can serve. Names that Kuma has are Kuma's (`pkg/kds/server/stats.go` and siblings). */
export const METRICS = {
  kds_delta_responses_sent: metric('counter', 'Delta responses sent', ['type_url']),
  kds_delta_responses_sent_bytes: { ...metric('histogram', 'Size of delta responses', ['type_url']), buckets: BYTES },
  kds_delta_requests_received: metric('counter', 'ACKs and NACKs received', ['type_url', 'confirmation', 'error_type']),
  kds_delta_streams_active: metric('gauge', 'Open delta streams', []),
  kds_delta_delivery: { ...metric('histogram', 'Milliseconds from send to ACK or NACK', []), buckets: MS },
  kds_zone_active_connections: metric('gauge', 'Sync streams open per zone', ['zone_name']),
  kds_nack_total: metric('counter', 'NACKs that this global sent', ['zone_name', 'resource_type']),
  kds_zone_attribution_rewrites_total: metric('counter', 'Gateway zone tags overwritten on receipt', ['resource_type']),
  kds_resources_sync: { ...metric('histogram', 'Milliseconds to apply one batch', []), buckets: MS },
  zonelab_view_encodes_total: metric('counter', 'Resources encoded for a recipient class', ['resource_type']),
  zonelab_view_batches_total: metric('counter', 'Batches encoded, shared between streams', ['resource_type']),
  zonelab_store_commits_total: metric('counter', 'Transactions committed', []),
  zonelab_store_commit_ms: { ...metric('histogram', 'Milliseconds from queueing to durable', []), buckets: MS },
  zonelab_zone_refusals_total: metric('counter', 'KDS calls refused', ['reason']),
  zonelab_xds_streams_active: metric('gauge', 'Open ADS streams', []),
  zonelab_xds_responses_sent: metric('counter', 'ADS responses sent', ['type_url']),
} as const satisfies Record<string, MetricDescription>

export type MetricName = keyof typeof METRICS

function metric(kind: MetricDescription['kind'], help: string, labels: readonly string[]): MetricDescription {
  return { kind, help, labels }
}

const ignore = { add() {}, set() {}, observe() {} }
export const noMetrics: Metrics = { counter: () => ignore, gauge: () => ignore, histogram: () => ignore }
