import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Metrics } from './metrics.js'
import type { PromMetrics } from './prom-metrics.js'

/** Short stalls are averaged away by a longer one, and a shorter one is work of its own. */
const DELAY_RESOLUTION_MS = 10

/** What the process of a control plane uses, read when someone asks. Nothing of it is sampled before someone does. */
export function exposeProcess(metrics: Metrics & Pick<PromMetrics, 'onExpose'>): void {
  let last = performance.eventLoopUtilization()
  let countedSeconds = 0
  let delay: ReturnType<typeof monitorEventLoopDelay> | undefined
  metrics.onExpose(() => {
    const { user, system } = process.cpuUsage()
    const cpuSeconds = (user + system) / 1e6
    metrics.counter('process_cpu_seconds_total').add(cpuSeconds - countedSeconds)
    countedSeconds = cpuSeconds
    metrics.gauge('process_resident_memory_bytes').set(process.memoryUsage.rss())
    const now = performance.eventLoopUtilization()
    metrics.gauge('zonelab_eventloop_utilization').set(performance.eventLoopUtilization(now, last).utilization)
    last = now
    if (delay && delay.count > 0) metrics.gauge('nodejs_eventloop_lag_p99_seconds').set(lateness(delay.percentile(99)))
    delay ??= monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS })
    delay.enable()
    delay.reset()
  })
}

/** What runs here, as the API says it; Kuma adds more of its build. */
export function exposeVersion(
  metrics: Metrics,
  about: { readonly version: string; readonly instanceId: string },
): void {
  const labels = { product: 'Kuma', version: about.version, instance_id: about.instanceId }
  metrics.gauge('cp_info', labels).set(1)
}

/** The histogram has whole beats, each as long as it was meant to be and as it was late. */
function lateness(beatNs: number): number {
  return Math.max(0, beatNs / 1e9 - DELAY_RESOLUTION_MS / 1e3)
}
