import { type Cancel, type Clock, sleep } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import type { Random } from '../../base/random.js'
import type { DiagnosticsClient } from '../diagnostics-client.js'
import { otlpTrace } from './otlp.js'
import { type Span, TraceJoin } from './trace-join.js'

export interface LabTracesOptions {
  /** Base address of an OTLP/HTTP collector, as `OTEL_EXPORTER_OTLP_ENDPOINT` gives it. */
  readonly endpoint: string
  readonly clients: readonly Pick<DiagnosticsClient, 'hops'>[]
  readonly clock: Clock
  readonly random: Random
  /** Told once when the collector begins to fail, and once when it works again. */
  readonly onNotice: (text: string) => void
}

const FLUSH_MS = 500
/** By then every process has told what it did: a trip over loopback on a busy machine. */
const TOLD_WITHIN_MS = 500
/** A process that restarts answers again after about a second. */
const AGAIN_MS = 1_000
const EXPORT_WITHIN_MS = 5_000
/** Exports under way at once. A collector that is slower than the lab loses traces rather than our memory. */
const EXPORTS_MAX = 64

/** Reads the hops of a lab's processes and tells a collector one trace for each write. */
export class LabTraces {
  readonly #options: LabTracesOptions
  readonly #join: TraceJoin
  readonly #abort = new AbortController()
  readonly #exports = new Set<Promise<void>>()
  #cancelFlush: Cancel = () => {}
  #failing = false

  constructor(options: LabTracesOptions) {
    this.#options = options
    this.#join = new TraceJoin((spans) => this.#export(spans))
  }

  start(): void {
    for (const client of this.#options.clients) void this.#follow(client)
    this.#flushLater()
  }

  /** Tells what is known by now. */
  async stop(): Promise<void> {
    this.#abort.abort()
    this.#cancelFlush()
    this.#join.flush(Number.POSITIVE_INFINITY)
    await Promise.all(this.#exports)
  }

  async #follow(client: LabTracesOptions['clients'][number]): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      try {
        const { end } = await client.hops((hop) => this.#join.add(hop), signal)
        await end
        await sleep(this.#options.clock, AGAIN_MS, signal)
      } catch {
        // It is restarting, or we are stopping.
        await sleep(this.#options.clock, AGAIN_MS, signal).catch(() => {})
      }
    }
  }

  #flushLater(): void {
    const { clock } = this.#options
    this.#cancelFlush = clock.after(FLUSH_MS, () => {
      this.#join.flush(clock.monotonicMs() - TOLD_WITHIN_MS)
      this.#flushLater()
    })
  }

  #export(spans: readonly Span[]): void {
    if (this.#exports.size >= EXPORTS_MAX) return
    const sending = this.#send(spans).then(
      () => this.#told(undefined),
      (thrown: unknown) => this.#told(AppError.from(thrown).message),
    )
    this.#exports.add(sending)
    void sending.then(() => this.#exports.delete(sending))
  }

  async #send(spans: readonly Span[]): Promise<void> {
    const { endpoint, clock, random } = this.#options
    const epoch = { offsetMs: clock.nowMs() - clock.monotonicMs() }
    const response = await fetch(`${endpoint.replace(/\/$/, '')}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(otlpTrace(spans, epoch, random)),
      signal: AbortSignal.timeout(EXPORT_WITHIN_MS),
    })
    if (!response.ok) throw new AppError('unavailable', `it answers HTTP ${response.status}`)
  }

  #told(failure: string | undefined): void {
    const failing = failure !== undefined
    if (failing === this.#failing) return
    this.#failing = failing
    this.#options.onNotice(
      failing ? `traces are lost, ${this.#options.endpoint}: ${failure}` : 'traces are taken again',
    )
  }
}
