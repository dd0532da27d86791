/** Where time comes from: the system's, or a test's. */
export interface OpenLoopTime {
  nowMs(): number
  sleep(ms: number): Promise<void>
}

export const systemTime: OpenLoopTime = {
  nowMs: () => Number(process.hrtime.bigint()) / 1e6,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms))),
}

/**
 * Acts at fixed instants, whatever became of what came before. Who measures counts from the instant that it is given, when the
 * act was due, and not from when it happened: so a stall is paid for by all whom it delayed (coordinated omission).
 */
export async function openLoop(
  { count, everyMs }: { readonly count: number; readonly everyMs: number },
  act: (index: number, dueMs: number) => void,
  time: OpenLoopTime = systemTime,
): Promise<void> {
  const startMs = time.nowMs() + everyMs
  for (let index = 0; index < count; index += 1) {
    const dueMs = startMs + index * everyMs
    const waitMs = dueMs - time.nowMs()
    if (waitMs > 0) await time.sleep(waitMs)
    act(index, dueMs)
  }
}

/** What is due to arrive. One that never comes fails the bench: a loss must not look like speed. */
export class Deliveries {
  readonly #due: number
  readonly #latencies: number[] = []

  constructor(due: number) {
    this.#due = due
  }

  arrived(latencyMs: number): void {
    this.#latencies.push(latencyMs)
  }

  get complete(): boolean {
    return this.#latencies.length >= this.#due
  }

  /** In milliseconds, one for each delivery. Throws when one is missing, or one too many came. */
  latencies(): readonly number[] {
    if (this.#latencies.length === this.#due) return this.#latencies
    throw new Error(`${this.#latencies.length} of ${this.#due} deliveries were seen`)
  }
}
