import { LatencyHistogram } from './histogram.js'

/** Which writes are to arrive, and from when on each is late. */
export interface WriteSchedule {
  /** Monotonic time of the load's start. */
  readonly startMs: number
  /** By number from 1 on: the resource that it writes, and when it is due after the start; undefined: before. */
  readonly writes: readonly { readonly resource: number; readonly atMs: number | undefined }[]
  /** Writes due earlier than this after the start warm up. */
  readonly measuredFromMs: number
}

/** What recipients have got since it was last asked for. Times are monotonic milliseconds. */
export interface ArrivalReport {
  /** Of recipients that no fault holds up, and of those that one does: encoded histograms. */
  readonly latency: string
  readonly faulted: string
  /** By write, for those that reached somebody: how many, the first one's and the last one's time. */
  readonly writes: readonly WriteArrivals[]
  /** The slowest arrival of each recipient that had one: [recipient, ms]. */
  readonly slowest: readonly (readonly [number, number])[]
}

export interface WriteArrivals {
  readonly number: number
  readonly recipients: number
  readonly firstMs: number
  readonly lastMs: number
}

/**
 * Times every (write, recipient) pair from the instant at which the write was due. A recipient that is sent a later
 * write of a resource has with it what the earlier ones wrote: they are over for it at that instant.
 */
export class Arrivals {
  readonly #resources: number
  /** By recipient and resource: how many of the resource's writes are over for it. */
  readonly #over: Int32Array
  readonly #latency = LatencyHistogram.empty()
  readonly #faulted = LatencyHistogram.empty()
  readonly #slowest = new Map<number, number>()
  #schedule: WriteSchedule = { startMs: 0, writes: [], measuredFromMs: 0 }
  /** By resource: the numbers of its writes, in order. */
  #numbers: readonly number[][] = []
  /** By number less one: its place among its resource's writes. */
  #places: readonly number[] = []
  #writes = new Map<number, WriteArrivals>()

  constructor(recipients: number, resources: number) {
    this.#resources = resources
    this.#over = new Int32Array(recipients * resources)
  }

  begin(schedule: WriteSchedule): void {
    this.#schedule = schedule
    const numbers = Array.from({ length: this.#resources }, (): number[] => [])
    this.#places = schedule.writes.map(({ resource }, index) => (numbers[resource]?.push(index + 1) ?? 1) - 1)
    this.#numbers = numbers
  }

  /**
   * The recipient has, as of now, what this write wrote; what was due before `faultedUntilMs` a fault has held up, also
   * when it comes after the fault. True: that is news, and it is measured.
   */
  arrived(recipient: number, number: number, nowMs: number, faultedUntilMs: number): boolean {
    const resource = this.#schedule.writes[number - 1]?.resource
    const place = this.#places[number - 1]
    if (resource === undefined || place === undefined) return false
    const cell = recipient * this.#resources + resource
    const numbers = this.#numbers[resource] ?? []
    const over = this.#over[cell] ?? 0
    let isSampled = false
    for (let next = over; next <= place; next += 1) {
      isSampled = this.#sample(recipient, numbers[next] ?? 0, nowMs, faultedUntilMs)
    }
    this.#over[cell] = Math.max(over, place + 1)
    return isSampled
  }

  /** The last write of a resource that the recipient has; 0 if none. */
  last(recipient: number, resource: number): number {
    const over = this.#over[recipient * this.#resources + resource] ?? 0
    return this.#numbers[resource]?.[over - 1] ?? 0
  }

  take(): ArrivalReport {
    const report = {
      latency: this.#latency.encode(),
      faulted: this.#faulted.encode(),
      writes: [...this.#writes.values()],
      slowest: [...this.#slowest],
    }
    this.#latency.reset()
    this.#faulted.reset()
    this.#writes = new Map()
    this.#slowest.clear()
    return report
  }

  /** False: it is none that is measured. */
  #sample(recipient: number, number: number, nowMs: number, faultedUntilMs: number): boolean {
    const atMs = this.#schedule.writes[number - 1]?.atMs
    if (atMs === undefined || atMs < this.#schedule.measuredFromMs) return false
    const dueMs = this.#schedule.startMs + atMs
    const ms = nowMs - dueMs
    const known = this.#writes.get(number)
    this.#writes.set(number, {
      number,
      recipients: (known?.recipients ?? 0) + 1,
      firstMs: Math.min(known?.firstMs ?? nowMs, nowMs),
      lastMs: Math.max(known?.lastMs ?? nowMs, nowMs),
    })
    const histogram = dueMs < faultedUntilMs ? this.#faulted : this.#latency
    histogram.record(ms)
    this.#slowest.set(recipient, Math.max(this.#slowest.get(recipient) ?? 0, ms))
    return true
  }
}
