import { invariant } from '../../base/assert.js'
import type { Cancel, Clock } from '../../base/clock.js'
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
import type { WritePace } from './write-pace.js'

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

interface Group {
  readonly tenants: ReadonlySet<TenantId>
  readonly settled: Promise<void>
}

/** One that the disk is busy with, and one behind it: it has the next without waiting for this thread. */
const GROUPS_MAX = 2

export interface WriteQueueOptions {
  readonly clock: Clock
  /** Of all queues of a process. Undefined: every tenant writes as fast as the disk allows. */
  readonly pace: WritePace | undefined
  /** Called once, when the runner can no longer be trusted; everything is refused from then on. */
  readonly onStopped: (error: AppError) => void
}

/**
 * Natural group commit: while a tenant's transaction is under way, what it asks for meanwhile goes into its next one.
 * There is no time window, so a lone writer waits for nobody. Tenants take turns, a request each, and a tenant that has
 * nothing under way does not wait for those who have: its transaction is the next, and the one before ends early for it.
 * So who asks for much waits for itself, and rests between two transactions while others write (`WritePace`).
 */
export class WriteQueue {
  readonly #runner: Pick<SqlRunner, 'write' | 'hurry'>
  readonly #options: WriteQueueOptions
  /** Never an empty list; in the order of the tenants' turns. */
  readonly #waiting = new Map<TenantId, Waiting[]>()
  #size = 0
  /** No tenant is in two of them, so that its commits stay in order. */
  readonly #underWay = new Set<Group>()
  #stopped: AppError | undefined
  #isEnding = false
  #cancelRest: Cancel = () => {}

  constructor(runner: Pick<SqlRunner, 'write' | 'hurry'>, options: WriteQueueOptions) {
    this.#runner = runner
    this.#options = options
  }

  /** `onDurable` is called before the promise resolves, in the order of the tenant's commits. Rejects as the port says. */
  enqueue(request: WriteRequest, onDurable: (committed: Committed) => void): Promise<Committed> {
    if (this.#stopped) return Promise.reject(this.#stopped)
    if (!this.#hasRoomFor(request.tenant)) {
      return Promise.reject(
        new AppError('overloaded', `${this.#size} commits are waiting for the disk: try again later`),
      )
    }
    this.#options.pace?.asked(request.tenant)
    return new Promise((resolve, reject) => {
      const requests = this.#waiting.get(request.tenant) ?? []
      requests.push({ request, onDurable, resolve, reject })
      this.#waiting.set(request.tenant, requests)
      this.#size += 1
      // Lets those who were woken together write together.
      if (requests.length === 1) queueMicrotask(() => this.#begin())
    })
  }

  /** Resolves when nothing is waiting or under way; nobody rests any more. */
  async drained(): Promise<void> {
    this.#isEnding = true
    this.#begin()
    while (this.#size + this.#underWay.size > 0) await Promise.all([...this.#underWay].map(({ settled }) => settled))
  }

  stop(error: AppError): void {
    if (this.#stopped) return
    this.#stopped = error
    for (const { reject } of [...this.#waiting.values()].flat()) reject(error)
    this.#waiting.clear()
    this.#size = 0
    this.#cancelRest()
    this.#options.onStopped(error)
  }

  #begin(): void {
    for (let free = this.#free(); free.length > 0; free = this.#free()) {
      if (this.#underWay.size > 0) this.#runner.hurry?.()
      if (this.#underWay.size === GROUPS_MAX) return
      this.#write(this.#nextGroup(free))
    }
  }

  /** Tenants that wait, have nothing under way, and have rested. */
  #free(): readonly TenantId[] {
    const groups = [...this.#underWay]
    const free = [...this.#waiting.keys()].filter((tenant) => !groups.some(({ tenants }) => tenants.has(tenant)))
    const { clock, pace } = this.#options
    if (!pace || this.#isEnding) return free
    const rests = free.map((tenant) => pace.restMs(tenant))
    const restMs = rests.filter((ms) => ms > 0)
    this.#cancelRest()
    if (restMs.length > 0) this.#cancelRest = clock.after(Math.min(...restMs), () => this.#begin())
    return free.filter((_, index) => rests[index] === 0)
  }

  #write(waiting: readonly Waiting[]): void {
    const requests = waiting.map(({ request }) => request)
    const replies = this.#runner.write(requests).catch((thrown) => requests.map(() => stoppedBy(thrown)))
    const settled = replies.then((replies) => {
      this.#underWay.delete(group)
      this.#written(waiting, replies)
    })
    const group = { tenants: new Set(requests.map(({ tenant }) => tenant)), settled }
    this.#underWay.add(group)
  }

  #written(group: readonly Waiting[], replies: readonly Reply<Committed>[]): void {
    invariant(replies.length > 0, 'a transaction takes the first of its requests at least')
    this.#putBack(group.slice(replies.length))
    for (const reply of replies) if (reply.kind === 'stopped') this.stop(errorOf(reply.failure))
    // Before the watchers are told of these, so that the disk does not wait for them.
    this.#begin()
    replies.forEach((reply, index) => {
      const { onDurable, resolve, reject } = group[index] as Waiting
      if (reply.kind === 'ok') {
        onDurable(reply.value)
        resolve(reply.value)
      } else {
        reject(errorOf(reply.failure))
      }
    })
  }

  /** In a full queue there is room for who has less than an even share: so it never holds more than twice its bound. */
  #hasRoomFor(tenant: TenantId): boolean {
    const own = this.#waiting.get(tenant)?.length ?? 0
    const tenants = this.#waiting.size + (own === 0 ? 1 : 0)
    return this.#size < QUEUE_MAX || own < Math.floor(QUEUE_MAX / tenants)
  }

  #nextGroup(tenants: readonly TenantId[]): Waiting[] {
    const group: Waiting[] = []
    const { pace } = this.#options
    const isShared = tenants.length > 1 || tenants.some((tenant) => pace?.isAlone(tenant) === false)
    const writesMax = isShared ? SHARED_WRITES_MAX : GROUP_WRITES_MAX
    const begun = new Map<TenantId, number>()
    let writes = 0
    // Who has had a turn and waits for more goes to the end, where this loop finds it again.
    const turns = [...tenants]
    for (const tenant of turns) {
      const requests = this.#waiting.get(tenant) ?? []
      const [next] = requests as [Waiting]
      writes += writesOf(next.request)
      if (group.length > 0 && writes > writesMax) break
      group.push(next)
      begun.set(tenant, (begun.get(tenant) ?? 0) + writesOf(next.request))
      requests.shift()
      this.#waiting.delete(tenant)
      if (requests.length === 0) continue
      this.#waiting.set(tenant, requests)
      turns.push(tenant)
    }
    this.#size -= group.length
    for (const [tenant, writes] of begun) pace?.began(tenant, writes)
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
}
