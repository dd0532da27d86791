import { AppError } from '../../base/errors.js'
import { type Committed, errorOf, type Reply, type SqlRunner, stoppedBy, type WriteRequest } from './requests.js'

/** More than a burst of every zone and sidecar at once; beyond it memory, not the disk, would be the limit. */
export const QUEUE_MAX = 10_000
/** Writes (not commits) in one transaction: bounds how long the first of them waits for the last. */
export const GROUP_WRITES_MAX = 500

interface Waiting {
  readonly request: WriteRequest
  readonly onDurable: (committed: Committed) => void
  readonly resolve: (committed: Committed) => void
  readonly reject: (error: AppError) => void
}

/**
 * Natural group commit: one transaction is under way, and whatever is asked for meanwhile goes into the next one. There
 * is no time window, so a lone writer waits for nobody.
 */
export class WriteQueue {
  readonly #runner: Pick<SqlRunner, 'write'>
  readonly #onStopped: (error: AppError) => void
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined
  #stopped: AppError | undefined

  /** `onStopped` is called once, when the runner can no longer be trusted; everything is refused from then on. */
  constructor(runner: Pick<SqlRunner, 'write'>, onStopped: (error: AppError) => void) {
    this.#runner = runner
    this.#onStopped = onStopped
  }

  /** `onDurable` is called before the promise resolves, in the order of the commits. Rejects as the port says. */
  enqueue(request: WriteRequest, onDurable: (committed: Committed) => void): Promise<Committed> {
    if (this.#stopped) return Promise.reject(this.#stopped)
    if (this.#waiting.length >= QUEUE_MAX) {
      return Promise.reject(
        new AppError('overloaded', `${QUEUE_MAX} commits are waiting for the disk: try again later`),
      )
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, onDurable, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing is waiting. */
  async drained(): Promise<void> {
    await this.#running
  }

  stop(error: AppError): void {
    if (this.#stopped) return
    this.#stopped = error
    for (const { reject } of this.#waiting) reject(error)
    this.#waiting = []
    this.#onStopped(error)
  }

  async #run(): Promise<void> {
    // Lets those who were woken together write together.
    await undefined
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup()
      const requests = group.map(({ request }) => request)
      this.#settle(group, await this.#runner.write(requests).catch((thrown) => group.map(() => stoppedBy(thrown))))
    }
    this.#running = undefined
  }

  #nextGroup(): Waiting[] {
    let writes = 0
    let size = 0
    for (const { request } of this.#waiting) {
      writes += request.kind === 'commit' ? request.writes.length : 1
      if (size > 0 && writes > GROUP_WRITES_MAX) break
      size += 1
    }
    return this.#waiting.splice(0, size)
  }

  #settle(group: readonly Waiting[], replies: readonly Reply<Committed>[]): void {
    group.forEach(({ onDurable, resolve, reject }, index) => {
      const reply = replies[index]
      if (reply?.kind === 'ok') {
        onDurable(reply.value)
        resolve(reply.value)
      } else {
        const error = reply ? errorOf(reply.failure) : new AppError('internal', 'the store did not answer a commit')
        if (reply?.kind === 'stopped') this.stop(error)
        reject(error)
      }
    })
  }
}
