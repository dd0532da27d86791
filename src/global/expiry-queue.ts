import type { Cancel, Clock } from '../base/clock.js'

interface Entry<T> {
  readonly atMs: number
  readonly what: T
}

/** Beyond some 24 days a timer of Node's fires at once; and a wall clock may be set, so one looks again once a day. */
const SLEEP_MS_MAX = 24 * 3_600_000

/** Calls for each thing when its wall time has come, with one timer for the next of them: a heap, so that adding costs log n. */
export class ExpiryQueue<T> {
  readonly #clock: Clock
  readonly #onExpired: (what: T) => void
  readonly #gone = new Set<T>()
  #heap: Entry<T>[] = []
  #cancel: Cancel = () => {}

  constructor(clock: Clock, onExpired: (what: T) => void) {
    this.#clock = clock
    this.#onExpired = onExpired
  }

  add(what: T, atMs: number): void {
    this.#heap.push({ atMs, what })
    this.#rise(this.#heap.length - 1)
    if (this.#heap[0]?.what === what) this.#arm()
  }

  /** Must have been added. It stays in the heap until half of that are such, or its time comes. */
  remove(what: T): void {
    this.#gone.add(what)
    if (this.#gone.size * 2 <= this.#heap.length) return
    this.#heap = this.#heap.filter((entry) => !this.#gone.has(entry.what)).sort((a, b) => a.atMs - b.atMs)
    this.#gone.clear()
    this.#arm()
  }

  stop(): void {
    this.#cancel()
  }

  #arm(): void {
    this.#cancel()
    this.#cancel = () => {}
    const [next] = this.#heap
    if (!next) return
    const delayMs = Math.min(Math.max(0, next.atMs - this.#clock.nowMs()), SLEEP_MS_MAX)
    this.#cancel = this.#clock.after(delayMs, () => this.#wake())
  }

  #wake(): void {
    for (let next = this.#heap[0]; next && next.atMs <= this.#clock.nowMs(); next = this.#heap[0]) {
      this.#takeFirst()
      if (!this.#gone.delete(next.what)) this.#onExpired(next.what)
    }
    this.#arm()
  }

  #takeFirst(): void {
    const last = this.#heap.pop()
    if (!last || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink(0)
  }

  #rise(index: number): void {
    for (let at = index; at > 0; ) {
      const parent = (at - 1) >> 1
      if (this.#time(parent) <= this.#time(at)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #sink(index: number): void {
    for (let at = index; ; ) {
      const left = 2 * at + 1
      const least = this.#time(left + 1) < this.#time(left) ? left + 1 : left
      if (this.#time(least) >= this.#time(at)) return
      this.#swap(at, least)
      at = least
    }
  }

  #time(index: number): number {
    return this.#heap[index]?.atMs ?? Number.POSITIVE_INFINITY
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#heap[a], this.#heap[b]]
    if (!first || !second) return
    this.#heap[a] = second
    this.#heap[b] = first
  }
}
