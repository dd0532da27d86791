import { invariant } from '../../base/assert.js'
import { AppError } from '../../base/errors.js'
import type { TenantId } from '../../model/tenant.js'
import {
  type Committed,
  errorOf,
  type Reply,
  SHARED_WRITES_MAX,
  type SqlRunner,
  stoppedBy,
  type WriteRequest,
  writesOf,
} from './requests.js'

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
 * is no time window, so a lone writer waits for nobody. Tenants take turns, a request each. One that writes alone fills
 * its transactions; when another comes, the transaction under way ends early, and the next is short and both's: so who
 * asks for much waits for itself.
 */
export class WriteQueue {
  readonly #runner: Pick<SqlRunner, 'write' | 'hurry'>
  readonly #onStopped: (error: AppError) => void
  /** Never an empty list; in the order of the tenants' turns. */
  readonly #waiting = new Map<TenantId, Waiting[]>()
  #size = 0
  #underWay: ReadonlySet<TenantId> = new Set()
  #running: Promise<void> | undefined
  #stopped: AppError | undefined

  /** `onStopped` is called once, when the runner can no longer be trusted; everything is refused from then on. */
  constructor(runner: Pick<SqlRunner, 'write' | 'hurry'>, onStopped: (error: AppError) => void) {
    this.#runner = runner
    this.#onStopped = onStopped
  }

  /** `onDurable` is called before the promise resolves, in the order of the tenant's commits. Rejects as the port says. */
  enqueue(request: WriteRequest, onDurable: (committed: Committed) => void): Promise<Committed> {
    if (this.#stopped) return Promise.reject(this.#stopped)
    if (!this.#hasRoomFor(request.tenant)) {
      return Promise.reject(
        new AppError('overloaded', `${this.#size} commits are waiting for the disk: try again later`),
      )
    }
    return new Promise((resolve, reject) => {
      const requests = this.#waiting.get(request.tenant) ?? []
      requests.push({ request, onDurable, resolve, reject })
      this.#waiting.set(request.tenant, requests)
      this.#size += 1
      if (this.#underWay.size > 0 && !this.#underWay.has(request.tenant)) this.#runner.hurry?.()
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
    for (const { reject } of [...this.#waiting.values()].flat()) reject(error)
    this.#waiting.clear()
    this.#size = 0
    this.#onStopped(error)
  }

  async #run(): Promise<void> {
    // Lets those who were woken together write together.
    await undefined
    while (this.#size > 0) {
      const group = this.#nextGroup()
      const requests = group.map(({ request }) => request)
      this.#underWay = new Set(requests.map(({ tenant }) => tenant))
      const replies = await this.#runner.write(requests).catch((thrown) => group.map(() => stoppedBy(thrown)))
      this.#underWay = new Set()
      invariant(replies.length > 0, 'a transaction takes the first of its requests at least')
      this.#putBack(group.slice(replies.length))
      this.#settle(group, replies)
    }
    this.#running = undefined
  }

  /** In a full queue there is room for who has less than an even share: so it never holds more than twice its bound. */
  #hasRoomFor(tenant: TenantId): boolean {
    const own = this.#waiting.get(tenant)?.length ?? 0
    const tenants = this.#waiting.size + (own === 0 ? 1 : 0)
    return this.#size < QUEUE_MAX || own < Math.floor(QUEUE_MAX / tenants)
  }

  #nextGroup(): Waiting[] {
    const group: Waiting[] = []
    const writesMax = this.#waiting.size > 1 ? SHARED_WRITES_MAX : GROUP_WRITES_MAX
    let writes = 0
    // Who has had a turn and waits for more goes to the end, where this loop finds it again.
    for (const [tenant, requests] of this.#waiting) {
      const [next] = requests as [Waiting]
      writes += writesOf(next.request)
      if (group.length > 0 && writes > writesMax) break
      group.push(next)
      requests.shift()
      this.#waiting.delete(tenant)
      if (requests.length > 0) this.#waiting.set(tenant, requests)
    }
    this.#size -= group.length
    return group
  }

  /** Requests that were not begun go before what their tenants have asked for since. */
  #putBack(requests: readonly Waiting[]): void {
    for (const waiting of requests.toReversed()) {
      const { tenant } = waiting.request
      const later = this.#waiting.get(tenant)
      if (later) later.unshift(waiting)
      else this.#waiting.set(tenant, [waiting])
    }
    this.#size += requests.length
  }

  #settle(group: readonly Waiting[], replies: readonly Reply<Committed>[]): void {
    replies.forEach((reply, index) => {
      const { onDurable, resolve, reject } = group[index] as Waiting
      if (reply.kind === 'ok') {
        onDurable(reply.value)
        resolve(reply.value)
      } else {
        const error = errorOf(reply.failure)
        if (reply.kind === 'stopped') this.stop(error)
        reject(error)
      }
    })
  }
}
