import { type Clock, sleep } from '../base/clock.js'
import type { PlannedWrite } from './plan.js'

/** What became of one write. Times are monotonic milliseconds. */
export type WriteFate =
  | { readonly kind: 'accepted'; readonly number: number; readonly startedMs: number; readonly atMs: number }
  | {
      readonly kind: 'refused'
      readonly number: number
      readonly startedMs: number
      readonly atMs: number
      readonly why: string
    }
  /** So many were under way already that it was not begun: the run is not what it says it is. */
  | { readonly kind: 'dropped'; readonly number: number }

export interface OpenLoopOptions {
  /** Those with a time. */
  readonly writes: readonly PlannedWrite[]
  /** Monotonic time of the load's start. */
  readonly startMs: number
  readonly clock: Clock
  /** Resolves when the target has accepted it; rejects with its reason when not. */
  readonly perform: (write: PlannedWrite) => Promise<void>
  readonly onFate: (fate: WriteFate) => void
  /** As many seconds' worth as one waits for an answer; more of them would only queue in the generator. */
  readonly inFlightMax: number
  readonly signal: AbortSignal
}

/**
 * Begins each write when it is due, whatever became of those before, so that a target that stalls meets the writes that
 * it would have met (coordinated omission). Two writes of one resource keep their order: the later one waits. Resolves
 * when the last one has its fate; after an abort nothing more is begun, and nothing waited for.
 */
export async function runOpenLoop(options: OpenLoopOptions): Promise<void> {
  const { writes, startMs, clock, inFlightMax, onFate, signal } = options
  const underWay = new Set<Promise<void>>()
  const lastOf = new Map<number, Promise<void>>()
  for (const write of writes) {
    const waitMs = startMs + (write.atMs ?? 0) - clock.monotonicMs()
    if (waitMs > 0) await untilDue(clock, waitMs, signal)
    if (signal.aborted) break
    if (underWay.size >= inFlightMax) {
      onFate({ kind: 'dropped', number: write.number })
      continue
    }
    const one = (lastOf.get(write.resource) ?? Promise.resolve()).then(() => attempt(write, options))
    lastOf.set(write.resource, one)
    underWay.add(one)
    void one.then(() => underWay.delete(one))
  }
  await untilDoneOrAborted([...underWay], signal)
}

async function attempt(write: PlannedWrite, { clock, perform, onFate }: OpenLoopOptions): Promise<void> {
  const startedMs = clock.monotonicMs()
  const { number } = write
  try {
    await perform(write)
    onFate({ kind: 'accepted', number, startedMs, atMs: clock.monotonicMs() })
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    onFate({ kind: 'refused', number, startedMs, atMs: clock.monotonicMs(), why })
  }
}

async function untilDoneOrAborted(all: readonly Promise<void>[], signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  let stop = () => {}
  const aborted = new Promise<void>((resolve) => {
    stop = resolve
    signal.addEventListener('abort', stop, { once: true })
  })
  await Promise.race([Promise.all(all), aborted])
  signal.removeEventListener('abort', stop)
}

async function untilDue(clock: Clock, waitMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(clock, waitMs, signal)
  } catch {
    // Aborted: the loop looks at the signal itself.
  }
}
