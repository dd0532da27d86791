import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { METRICS, type MetricDescription, type MetricName, type Metrics } from './metrics.js'

/** Prometheus metrics of one control plane. Every series carries the constant label `zone`, as Kuma's do. */
export class PromMetrics implements Metrics {
  readonly #registry = new Registry()
  readonly #series = new Map<MetricName, Counter | Gauge | Histogram>()

  constructor(zone: string) {
    this.#registry.setDefaultLabels({ zone })
  }

  counter(name: MetricName) {
    const series = this.#get(name, (d) => new Counter({ ...base(name, d), registers: [this.#registry] })) as Counter
    return { add: (amount: number, labels = {}) => series.inc(labels, amount) }
  }

  gauge(name: MetricName) {
    const series = this.#get(name, (d) => new Gauge({ ...base(name, d), registers: [this.#registry] })) as Gauge
    return {
      set: (value: number, labels = {}) => series.set(labels, value),
      add: (amount: number, labels = {}) => series.inc(labels, amount),
    }
  }

  histogram(name: MetricName) {
    const make = (d: MetricDescription) =>
      new Histogram({ ...base(name, d), buckets: [...(d.buckets ?? [])], registers: [this.#registry] })
    const series = this.#get(name, make) as Histogram
    return { observe: (value: number, labels = {}) => series.observe(labels, value) }
  }

  /** The exposition text and its content type. */
  async expose(): Promise<{ contentType: string; text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() }
  }

  #get(name: MetricName, make: (description: MetricDescription) => Counter | Gauge | Histogram) {
    let series = this.#series.get(name)
    if (!series) {
      series = make(METRICS[name])
      this.#series.set(name, series)
    }
    return series
  }
}

function base(name: string, description: MetricDescription) {
  return { name, help: description.help, labelNames: [...description.labels] }
}
