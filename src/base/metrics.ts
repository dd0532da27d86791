/**
 * Metrics port. One registry per control plane. A getter gives one series, by its labels: who counts often keeps it, for
 * finding it costs more than counting.
 */
export interface Metrics {
  counter(name: MetricName, labels?: MetricLabels): Counter
  gauge(name: MetricName, labels?: MetricLabels): Gauge
  histogram(name: MetricName, labels?: MetricLabels): Histogram
}

export type MetricLabels = Readonly<Record<string, string>>
export interface Counter {
  add(amount: number): void
}
export interface Gauge {
  set(value: number): void
  add(amount: number): void
}
export interface Histogram {
  observe(value: number): void
}

export interface MetricDescription {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds, for histograms. */
  readonly buckets?: readonly number[]
}

/** Kuma's own have the size of seconds, which tells nothing of a LAN. */
const MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000]
/** Kuma has this one in seconds. */
const SECONDS = MS.map((ms) => ms / 1e3)
const BYTES = Array.from({ length: 16 }, (_, i) => 1024 * 2 ** i)

/** What it hints at is a client's flow-control window that a message used up (kumahq/kuma#16355). */
const LIKELY_DEPLETED = 'Streams that ended within 5 s of a response of 1 MiB or more, the last that they were sent'

/** Every metric that a zonelab process can serve. Names that Kuma has are Kuma's (`pkg/kds/server/stats.go` and siblings). */
export const METRICS = {
  kds_delta_responses_sent: metric('counter', 'Delta responses sent', ['type_url']),
  kds_delta_responses_sent_bytes: { ...metric('histogram', 'Size of delta responses', ['type_url']), buckets: BYTES },
  kds_delta_requests_received: metric('counter', 'ACKs and NACKs received', ['type_url', 'confirmation', 'error_type']),
  kds_delta_streams_active: metric('gauge', 'Open delta streams', []),
  kds_delta_stream_likely_window_depletion_total: metric('counter', LIKELY_DEPLETED, ['type_url']),
  kds_delta_client_versions: metric('gauge', 'Zones with an open delta stream, by version', ['client_version']),
  kds_delta_delivery: { ...metric('histogram', 'Milliseconds from send to ACK or NACK', []), buckets: MS },
  kds_zone_active_connections: metric('gauge', 'Sync streams open per zone', ['zone_name']),
  kds_nack_total: metric('counter', 'NACKs that this global sent', ['zone_name', 'resource_type']),
  kds_zone_attribution_rewrites_total: metric('counter', 'Gateway zone tags overwritten on receipt', ['resource_type']),
  kds_resources_sync: { ...metric('histogram', 'Seconds to apply one batch of a zone', []), buckets: SECONDS },
  zonelab_view_encodes_total: metric('counter', 'Resources encoded for a recipient class', ['resource_type']),
  zonelab_view_batches_total: metric('counter', 'Batches encoded, shared between streams', ['resource_type']),
  zonelab_store_commits_total: metric('counter', 'Transactions committed', []),
  zonelab_store_commit_ms: { ...metric('histogram', 'Milliseconds from queueing to durable', []), buckets: MS },
  process_cpu_seconds_total: metric('counter', 'CPU that the process has used', []),
  process_resident_memory_bytes: metric('gauge', 'Memory of the process that is in RAM', []),
  zonelab_eventloop_utilization: metric(
    'gauge',
    'Share of the time since the last scrape that the event loop was busy',
    [],
  ),
  nodejs_eventloop_lag_p99_seconds: metric(
    'gauge',
    'How late the event loop was with timers since the last scrape, from the second scrape on',
    [],
  ),
  zonelab_zone_refusals_total: metric('counter', 'KDS calls refused', ['reason']),
  xds_responses_sent: metric('counter', 'ADS responses sent', ['type_url']),
  xds_responses_sent_bytes: { ...metric('histogram', 'Size of ADS responses', ['type_url']), buckets: BYTES },
  xds_requests_received: metric('counter', 'ACKs and NACKs of sidecars', ['type_url', 'confirmation', 'error_type']),
  xds_streams_active: metric('gauge', 'Open ADS streams', []),
  xds_stream_likely_window_depletion_total: metric('counter', LIKELY_DEPLETED, ['type_url']),
  xds_delivery: { ...metric('histogram', 'Milliseconds from send to ACK or NACK of a sidecar', []), buckets: MS },
  leader: metric('gauge', '1 where what one of several instances does for all is done (a lone one leads), else 0', []),
  resources_count: metric('gauge', 'Resources in the store, told by the leader', ['resource_type', 'tenant']),
  cp_info: metric('gauge', '1, with what the control plane is as labels', ['product', 'version', 'instance_id']),
} as const satisfies Record<string, MetricDescription>

export type MetricName = keyof typeof METRICS

function metric(kind: MetricDescription['kind'], help: string, labels: readonly string[]): MetricDescription {
  return { kind, help, labels }
}

const ignore = { add() {}, set() {}, observe() {} }
export const noMetrics: Metrics = { counter: () => ignore, gauge: () => ignore, histogram: () => ignore }
