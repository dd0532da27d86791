import type { Clock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import type { Metrics } from '../../base/metrics.js'
import {
  type Committed,
  errorOf,
  type ReadAnswer,
  type ReadRequest,
  type SqlRunner,
  stoppedBy,
  type WriteRequest,
} from './requests.js'
import type { WritePace } from './write-pace.js'
import { WriteQueue } from './write-queue.js'

/** Reads under way at once; each holds a promise and, at worst, one listing. */
const READS_MAX = 10_000

export interface SqlSessionOptions {
  readonly clock: Clock
  readonly metrics: Metrics
  readonly pace: WritePace | undefined
  /** Called once if the disk fails under way. */
  readonly onFatal: (error: AppError) => void
}

/** From opening to closing: lets requests through to the runner, and none after it was closed or the disk failed. */
export class SqlSession {
  readonly #runner: SqlRunner
  readonly #queue: WriteQueue
  readonly #options: SqlSessionOptions
  readonly #reads = new Set<Promise<unknown>>()
  #refusal: AppError | undefined
  #closing: Promise<void> | undefined

  constructor(runner: SqlRunner, options: SqlSessionOptions) {
    this.#runner = runner
    this.#options = options
    this.#queue = new WriteQueue(runner, {
      clock: options.clock,
      pace: options.pace,
      onStopped: (error) => {
        this.#refusal = error
        options.onFatal(error)
      },
    })
  }

  /** `onDurable` is called before the promise resolves, in the order of the commits. */
  async write(request: WriteRequest, onDurable: (committed: Committed) => void): Promise<Committed> {
    if (this.#refusal) throw this.#refusal
    const { clock, metrics } = this.#options
    const startMs = clock.monotonicMs()
    const committed = await this.#queue.enqueue(request, onDurable)
    metrics.counter('zonelab_store_commits_total').add(1)
    metrics.histogram('zonelab_store_commit_ms').observe(clock.monotonicMs() - startMs)
    return committed
  }

  async read<R extends ReadRequest>(request: R): Promise<ReadAnswer<R['kind']>> {
    if (this.#refusal) throw this.#refusal
    if (this.#reads.size >= READS_MAX)
      throw new AppError('overloaded', `${READS_MAX} reads are under way: try again later`)
    const replying = this.#runner.read(request).catch(stoppedBy)
    this.#reads.add(replying)
    try {
      const reply = await replying
      if (reply.kind === 'ok') return reply.value as ReadAnswer<R['kind']>
      const error = errorOf(reply.failure)
      if (reply.kind === 'stopped') this.#queue.stop(error)
      throw error
    } finally {
      this.#reads.delete(replying)
    }
  }

  /** Answers what was asked before. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#refusal ??= new AppError('unavailable', 'the store is closed')
    await this.#queue.drained()
    await Promise.allSettled(this.#reads)
    await this.#runner.close()
  }
}
