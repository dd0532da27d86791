import type { Metrics } from './metrics.js'
import type { PromMetrics } from './prom-metrics.js'

/** What the process of a control plane uses, read when someone asks. Nothing of it is sampled in between. */
export function exposeProcess(metrics: Metrics & Pick<PromMetrics, 'onExpose'>): void {
  let last = performance.eventLoopUtilization()
  metrics.onExpose(() => {
    const { user, system } = process.cpuUsage()
    metrics.gauge('process_cpu_seconds_total').set((user + system) / 1e6)
    metrics.gauge('process_resident_memory_bytes').set(process.memoryUsage.rss())
    const now = performance.eventLoopUtilization()
    metrics.gauge('zonelab_eventloop_utilization').set(performance.eventLoopUtilization(now, last).utilization)
    last = now
  })
}
