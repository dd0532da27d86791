import { invariant } from './assert.js'
import { METRICS, type MetricDescription, type MetricLabels, type MetricName, type Metrics } from './metrics.js'

interface Sample {
  readonly labels: MetricLabels
  readonly value: number
}

/**
 * Prometheus metrics of one control plane, in the text format 0.0.4. Every series carries the constant label `zone`, as
 * Kuma's do. A series is a number behind a method, so that the streams may count each message.
 */
export class PromMetrics implements Metrics {
  /** The constant label, as text. */
  readonly #zone: string
  readonly #families = new Map<MetricName, Map<string, NumberSeries | BucketSeries>>()
  readonly #collectors: (() => void)[] = []

  constructor(zone: string) {
    this.#zone = `zone="${escaped(zone)}"`
  }

  counter(name: MetricName, labels: MetricLabels = {}): NumberSeries {
    return this.#series(name, 'counter', labels, () => new NumberSeries()) as NumberSeries
  }

  gauge(name: MetricName, labels: MetricLabels = {}): NumberSeries {
    return this.#series(name, 'gauge', labels, () => new NumberSeries()) as NumberSeries
  }

  histogram(name: MetricName, labels: MetricLabels = {}): BucketSeries {
    const make = ({ buckets = [] }: MetricDescription) => new BucketSeries(buckets)
    return this.#series(name, 'histogram', labels, make) as BucketSeries
  }

  /** Called before each exposition, for what is read and not counted. */
  onExpose(collect: () => void): void {
    this.#collectors.push(collect)
  }

  /** A gauge that is read when someone asks: its series are those of now, and no others. */
  collect(name: MetricName, read: () => readonly Sample[]): void {
    this.onExpose(() => {
      this.#families.delete(name)
      for (const { labels, value } of read()) this.gauge(name, labels).set(value)
    })
  }

  /** The exposition text and its content type. */
  async expose(): Promise<{ contentType: string; text: string }> {
    for (const collect of this.#collectors) collect()
    const families = [...this.#families].map(([name, family]) => {
      const { kind, help } = METRICS[name]
      const lines = [...family].flatMap(([labels, series]) => series.lines(name, labels))
      return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...lines, ''].join('\n')
    })
    return { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: families.join('\n') }
  }

  #series(
    name: MetricName,
    kind: MetricDescription['kind'],
    labels: MetricLabels,
    make: (description: MetricDescription) => NumberSeries | BucketSeries,
  ): NumberSeries | BucketSeries {
    const description: MetricDescription = METRICS[name]
    invariant(description.kind === kind, `${name} is a ${description.kind}`)
    let family = this.#families.get(name)
    if (!family) {
      family = new Map()
      this.#families.set(name, family)
    }
    const text = this.#labelText(name, description.labels, labels)
    let series = family.get(text)
    if (!series) {
      series = make(description)
      family.set(text, series)
    }
    return series
  }

  #labelText(metric: string, declared: readonly string[], labels: MetricLabels): string {
    invariant(Object.keys(labels).length === declared.length, `${metric} has the labels ${declared.join(', ')}`)
    let text = ''
    for (const name of declared) text += `${name}="${escaped(labels[name] ?? '')}",`
    return text + this.#zone
  }
}

class NumberSeries {
  #value = 0

  add(amount: number): void {
    this.#value += amount
  }

  set(value: number): void {
    this.#value = value
  }

  lines(name: string, labels: string): readonly string[] {
    return [`${name}{${labels}} ${this.#value}`]
  }
}

class BucketSeries {
  readonly #bounds: readonly number[]
  /** One for each bound, and one above all. */
  readonly #counts: number[]
  #sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Array<number>(bounds.length + 1).fill(0)
  }

  observe(value: number): void {
    let at = 0
    while (at < this.#bounds.length && value > (this.#bounds[at] as number)) at += 1
    this.#counts[at] = (this.#counts[at] as number) + 1
    this.#sum += value
  }

  lines(name: string, labels: string): readonly string[] {
    let count = 0
    const buckets = this.#counts.map((inBucket, index) => {
      count += inBucket
      return `${name}_bucket{${labels},le="${this.#bounds[index] ?? '+Inf'}"} ${count}`
    })
    return [...buckets, `${name}_sum{${labels}} ${this.#sum}`, `${name}_count{${labels}} ${count}`]
  }
}

function escaped(value: string): string {
  if (!/[\\"\n]/.test(value)) return value
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
