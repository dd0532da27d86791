import { expect, test } from 'vitest'
import { AppError } from '../../../src/base/errors.js'
import { DEFAULT_TENANT, type TenantId } from '../../../src/model/tenant.js'
import {
  type Committed,
  type Reply,
  SHARED_WRITES_MAX,
  type SqlRunner,
  type WriteRequest,
} from '../../../src/store/sql/requests.js'
import { WritePace } from '../../../src/store/sql/write-pace.js'
import { GROUP_WRITES_MAX, QUEUE_MAX, WriteQueue } from '../../../src/store/sql/write-queue.js'
import { FakeClock, settled } from '../../support/fake-clock.js'
import { draft, put } from '../../support/resource-builder.js'

const committed: Committed = { outcomes: [], changes: [], head: { epoch: 'e', revision: 1 } }
const ok: Reply<Committed> = { kind: 'ok', value: committed }
const [NOISY, QUIET] = ['noisy' as TenantId, 'quiet' as TenantId]

/** Longer than any rest between two transactions. */
const REST_MS = 100
/** After which who has asked for nothing is not there. */
const WHILE_MS = 16_000

/** A disk whose fsync returns when the test says so. */
class SlowRunner implements SqlRunner {
  readonly groups: (readonly WriteRequest[])[] = []
  /** How many groups had been asked for when somebody was in a hurry. */
  readonly hurried: number[] = []
  readonly #underWay: { readonly size: number; answer(replies: readonly Reply<Committed>[] | AppError): void }[] = []

  write(group: readonly WriteRequest[]): Promise<readonly Reply<Committed>[]> {
    this.groups.push(group)
    return new Promise((resolve, reject) => {
      const answer = (replies: readonly Reply<Committed>[] | AppError) =>
        replies instanceof AppError ? reject(replies) : resolve(replies)
      this.#underWay.push({ size: group.length, answer })
    })
  }

  hurry(): void {
    this.hurried.push(this.groups.length)
  }

  /** Answers the oldest group. `begun`: how many of it, as a transaction that was hurried has it; default: all. */
  async answer(reply: Reply<Committed> | AppError = ok, begun?: number): Promise<void> {
    const group = this.#underWay.shift()
    group?.answer(reply instanceof AppError ? reply : Array(begun ?? group.size).fill(reply))
    await settled()
  }

  async read(): Promise<never> {
    throw new Error('nobody reads here')
  }

  async close(): Promise<void> {}
}

function commitOf(size: number, tenant = DEFAULT_TENANT): WriteRequest {
  const writes = Array.from({ length: size }, (_, index) => put(draft('Mesh', `m${index}`)))
  return { kind: 'commit', tenant, freshEpoch: 'e', nowMs: 0, uids: [], writes }
}

function tenantsOf({ groups }: SlowRunner): readonly (readonly TenantId[])[] {
  return groups.map((group) => group.map(({ tenant }) => tenant))
}

function subject() {
  const runner = new SlowRunner()
  const stopped: string[] = []
  const clock = new FakeClock()
  const queue = new WriteQueue(runner, {
    clock,
    pace: new WritePace(clock),
    onStopped: ({ code }) => stopped.push(code),
  })
  const events: string[] = []
  const enqueue = (name: string, size = 1, tenant = DEFAULT_TENANT) =>
    queue
      .enqueue(commitOf(size, tenant), () => events.push(`durable ${name}`))
      .then(
        () => events.push(`answered ${name}`),
        (error: AppError) => events.push(`${error.code} ${name}`),
      )
  return { clock, runner, stopped, queue, events, enqueue }
}

test('what is asked for while one transaction runs goes into the next, together', async () => {
  const { runner, events, enqueue } = subject()
  void enqueue('a')
  await settled()
  for (const name of ['b', 'c', 'd']) void enqueue(name)
  await settled()
  expect(runner.groups.map(({ length }) => length)).toEqual([1])
  await runner.answer()
  expect(runner.groups.map(({ length }) => length)).toEqual([1, 3])
  expect(events).toEqual(['durable a', 'answered a'])
  await runner.answer()
  expect(events.slice(2, 5)).toEqual(['durable b', 'durable c', 'durable d'])
  void enqueue('e')
  await settled()
  expect(runner.groups).toHaveLength(3)
})

test('a transaction has a bound on its writes; one commit above the bound goes alone', async () => {
  const { runner, enqueue } = subject()
  for (const size of [GROUP_WRITES_MAX - 1, 1, 1, GROUP_WRITES_MAX + 1, 1]) void enqueue('x', size)
  for (let group = 0; group < 4; group += 1) {
    await settled()
    await runner.answer()
  }
  expect(runner.groups.map(({ length }) => length)).toEqual([2, 1, 1, 1])
})

test('a tenant that has nothing under way is next, however much another waits for', async () => {
  const { clock, runner, events, enqueue } = subject()
  void enqueue('running', 1, NOISY)
  await settled()
  for (let index = 0; index < 100; index += 1) void enqueue(`noisy ${index}`, 1, NOISY)
  void enqueue('quiet', 1, QUIET)
  await settled()
  expect(tenantsOf(runner)).toEqual([[NOISY], [QUIET]])
  await runner.answer()
  await runner.answer()
  expect(events).toEqual(['durable running', 'answered running', 'durable quiet', 'answered quiet'])
  await clock.stepAsync(REST_MS)
  expect(runner.groups[2]).toHaveLength(SHARED_WRITES_MAX)
})

test('a tenant alone never rests', async () => {
  const { runner, enqueue } = subject()
  for (let index = 0; index < 3; index += 1) {
    for (let write = 0; write < 100; write += 1) void enqueue('x')
    await settled()
    await runner.answer()
  }
  expect(runner.groups.map(({ length }) => length)).toEqual([100, 100, 100])
})

test('who writes without pause beside others is a transaction ahead, then has one in 32 ms, and they do not wait for it', async () => {
  const { clock, runner, enqueue } = subject()
  void enqueue('quiet', 1, QUIET)
  await settled()
  await runner.answer()
  for (let index = 0; index < 100; index += 1) void enqueue('noisy', 1, NOISY)
  await settled()
  for (let group = 0; group < 2; group += 1) await runner.answer()
  await clock.stepAsync(31)
  const sizes = () => runner.groups.map(({ length }) => length)
  expect(sizes()).toEqual([1, SHARED_WRITES_MAX, SHARED_WRITES_MAX])
  void enqueue('quiet again', 1, QUIET)
  await settled()
  expect(tenantsOf(runner).at(-1)).toEqual([QUIET])
  await runner.answer()
  await clock.stepAsync(1)
  expect(sizes().slice(3)).toEqual([1, SHARED_WRITES_MAX])
})

test('what a tenant wrote while it was alone is not held against it', async () => {
  const { clock, runner, enqueue } = subject()
  for (let index = 0; index < 1_000; index += 1) void enqueue('noisy', 1, NOISY)
  for (let group = 0; group < 2; group += 1) {
    await settled()
    await runner.answer()
  }
  void enqueue('quiet', 1, QUIET)
  void enqueue('noisy', 1, NOISY)
  await settled()
  await runner.answer()
  for (let index = 0; index < SHARED_WRITES_MAX; index += 1) void enqueue('noisy', 1, NOISY)
  await settled()
  expect(runner.groups.at(-1)).toHaveLength(SHARED_WRITES_MAX)
  expect(clock.armed).toBe(0)
})

test('a large commit beside others rests no longer than a full transaction of theirs', async () => {
  const { clock, runner, enqueue } = subject()
  void enqueue('quiet', 1, QUIET)
  void enqueue('large', GROUP_WRITES_MAX, NOISY)
  await settled()
  await runner.answer()
  await runner.answer()
  void enqueue('next', 1, NOISY)
  await clock.stepAsync(SHARED_WRITES_MAX)
  expect(tenantsOf(runner)).toEqual([[QUIET], [NOISY], [NOISY]])
})

test('a tenant is alone again when the others have asked for nothing in a while', async () => {
  const { clock, runner, enqueue } = subject()
  void enqueue('quiet', 1, QUIET)
  await settled()
  await runner.answer()
  clock.step(WHILE_MS)
  for (let index = 0; index < 100; index += 1) void enqueue('noisy', 1, NOISY)
  await settled()
  expect(runner.groups.at(-1)).toHaveLength(100)
  void enqueue('next', 1, NOISY)
  await runner.answer()
  expect(runner.groups).toHaveLength(3)
})

test('tenants that wait for the same transaction have a short one, with a turn for each', async () => {
  const { runner, enqueue } = subject()
  for (const tenant of [NOISY, QUIET]) for (let index = 0; index < 100; index += 1) void enqueue('x', 1, tenant)
  await settled()
  const turns = Array.from({ length: SHARED_WRITES_MAX }, (_, index) => (index % 2 === 0 ? NOISY : QUIET))
  expect(tenantsOf(runner)).toEqual([turns])
})

test('a transaction is hurried when a tenant comes that has no part in it, and not for its own', async () => {
  const { clock, runner, enqueue } = subject()
  void enqueue('running', 1, NOISY)
  await settled()
  void enqueue('more', 1, NOISY)
  await settled()
  expect(runner.hurried).toEqual([])
  void enqueue('quiet', 1, QUIET)
  await settled()
  expect(runner.hurried).toEqual([1])
  void enqueue('third', 1, DEFAULT_TENANT)
  await settled()
  expect(runner.hurried).toEqual([1, 2])
  expect(tenantsOf(runner)).toEqual([[NOISY], [QUIET]])
  clock.step(REST_MS)
  await runner.answer()
  expect(tenantsOf(runner)).toEqual([[NOISY], [QUIET], [NOISY, DEFAULT_TENANT]])
})

test('what a hurried transaction has not begun is in the next, before what its tenant has asked for since', async () => {
  const { clock, runner, events, enqueue } = subject()
  for (const name of ['a', 'b', 'c', 'd']) void enqueue(name, 1, NOISY)
  await settled()
  for (const [name, tenant] of [
    ['e', NOISY],
    ['quiet', QUIET],
  ] as const)
    void enqueue(name, 1, tenant)
  await settled()
  await runner.answer(ok, 2)
  expect(events).toEqual(['durable a', 'durable b', 'answered a', 'answered b'])
  await clock.stepAsync(REST_MS)
  await runner.answer()
  await runner.answer()
  const answered = events.filter((event) => event.startsWith('answered'))
  expect(answered).toEqual(['a', 'b', 'quiet', 'c', 'd', 'e'].map((name) => `answered ${name}`))
})

test('the disk has the next transaction before anybody hears of the one before', async () => {
  const { runner, queue } = subject()
  const groupsWhenTold: number[] = []
  const ask = () => queue.enqueue(commitOf(1), () => groupsWhenTold.push(runner.groups.length)).catch(() => {})
  void ask()
  await settled()
  void ask()
  await settled()
  await runner.answer()
  expect(groupsWhenTold).toEqual([2])
})

test('a queue is drained when what was under way and what waited behind it is answered', async () => {
  const { runner, queue, events, enqueue } = subject()
  for (const name of ['a', 'b']) {
    void enqueue(name)
    await settled()
  }
  void queue.drained().then(() => events.push('drained'))
  await runner.answer()
  expect(events).not.toContain('drained')
  await runner.answer()
  expect(events.at(-1)).toBe('drained')
})

test('a queue that is drained lets nobody rest', async () => {
  const { clock, runner, queue, events, enqueue } = subject()
  void enqueue('quiet', 1, QUIET)
  for (let index = 0; index <= 2 * SHARED_WRITES_MAX; index += 1) void enqueue('noisy', 1, NOISY)
  await settled()
  void queue.drained().then(() => events.push('drained'))
  for (let group = 0; group < 4; group += 1) await runner.answer()
  expect(events.at(-1)).toBe('drained')
  expect(clock.armed).toBe(0)
})

test('a queue that one tenant has filled has room for another, up to an even share', async () => {
  const { events, enqueue } = subject()
  for (let index = 0; index <= QUEUE_MAX; index += 1) void enqueue('noisy', 1, NOISY)
  for (let index = 0; index <= QUEUE_MAX / 2; index += 1) void enqueue('quiet', 1, QUIET)
  await settled()
  expect(events).toEqual(['overloaded noisy', 'overloaded quiet'])
})

test('beyond the bound of the queue a commit is refused at once', async () => {
  const { runner, queue, events, enqueue } = subject()
  for (let index = 0; index < QUEUE_MAX; index += 1) queue.enqueue(commitOf(0), () => {}).catch(() => {})
  await enqueue('late')
  expect(events).toEqual(['overloaded late'])
  await settled()
  await runner.answer()
  void enqueue('later')
  await settled()
  expect(events).toEqual(['overloaded late'])
})

test.each([
  ['says that the disk failed', { kind: 'stopped', failure: { code: 'unavailable', message: 'EIO' } } as const],
  ['is gone', new AppError('unavailable', 'the thread has ended')],
])('when the runner %s, what runs, waits and comes later is refused, and the owner is told once', async (_why, end) => {
  const { runner, stopped, queue, events, enqueue } = subject()
  void enqueue('running-1')
  void enqueue('running-2')
  await settled()
  void enqueue('waiting')
  await runner.answer(end)
  await enqueue('later')
  expect(events.sort()).toEqual(['later', 'running-1', 'running-2', 'waiting'].map((name) => `unavailable ${name}`))
  expect(stopped).toEqual(['unavailable'])
  expect(runner.groups).toHaveLength(1)
  await queue.drained()
})

test('a commit that failed alone is refused alone', async () => {
  const { runner, stopped, events, enqueue } = subject()
  void enqueue('a')
  await settled()
  await runner.answer({ kind: 'failed', failure: { code: 'store-full', message: 'full' } })
  void enqueue('b')
  await settled()
  await runner.answer()
  expect(events).toEqual(['store-full a', 'durable b', 'answered b'])
  expect(stopped).toEqual([])
})
