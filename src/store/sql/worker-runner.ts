import { Worker } from 'node:worker_threads'
import { AppError } from '../../base/errors.js'
import { programFile } from '../../base/program-files.js'
import type { Resource } from '../../model/resource.js'
import {
  type Committed,
  errorOf,
  type ReadAnswer,
  type ReadRequest,
  type Reply,
  type SqlRunner,
  type WriteRequest,
} from './requests.js'
import type { Synchronous } from './sqlite.js'
import type { FromWorker, ToWorker, WorkerInput } from './worker-messages.js'

/** Starts a thread that opens the database. Rejects with what `openDatabase` throws. */
export async function openWorkerRunner(path: string, synchronous: Synchronous): Promise<SqlRunner> {
  const hurried = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const runner = new WorkerRunner({ path, synchronous, hurried })
  await runner.opened
  return runner
}

interface Waiting<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: AppError) => void
}

interface WaitingRead extends Waiting<Reply<ReadAnswer>> {
  readonly pages: (readonly Resource[])[]
}

class WorkerRunner implements SqlRunner {
  readonly opened: Promise<void>
  readonly #worker: Worker
  readonly #hurried: WorkerInput['hurried']
  readonly #opening: Waiting<void>[] = []
  readonly #writes: Waiting<readonly Reply<Committed>[]>[] = []
  readonly #reads = new Map<number, WaitingRead>()
  readonly #closing: Waiting<void>[] = []
  #readCount = 0
  #groupCount = 0
  #gone: AppError | undefined

  constructor(input: WorkerInput) {
    this.#worker = startWorker(input)
    this.#hurried = input.hurried
    this.opened = this.#expect(this.#opening)
    this.#worker.on('message', (message: FromWorker) => this.#onMessage(message))
    this.#worker.on('error', (cause) => this.#end(new AppError('internal', `the thread of the store failed: ${cause}`)))
    this.#worker.on('exit', () => this.#end(new AppError('unavailable', 'the thread of the store has ended')))
  }

  write(group: readonly WriteRequest[]): Promise<readonly Reply<Committed>[]> {
    this.#groupCount += 1
    return this.#ask(this.#writes, { kind: 'write', group })
  }

  hurry(): void {
    Atomics.store(this.#hurried, 0, this.#groupCount)
  }

  async read(request: ReadRequest): Promise<Reply<ReadAnswer>> {
    if (this.#gone) throw this.#gone
    this.#readCount += 1
    const id = this.#readCount
    this.#post({ kind: 'read', id, request })
    return new Promise((resolve, reject) => this.#reads.set(id, { resolve, reject, pages: [] }))
  }

  async close(): Promise<void> {
    if (this.#gone) return
    await this.#ask(this.#closing, { kind: 'close' })
  }

  async #ask<T>(queue: Waiting<T>[], message: ToWorker): Promise<T> {
    if (this.#gone) throw this.#gone
    this.#post(message)
    return this.#expect(queue)
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  #expect<T>(queue: Waiting<T>[]): Promise<T> {
    return new Promise((resolve, reject) => queue.push({ resolve, reject }))
  }

  #onMessage(message: FromWorker): void {
    switch (message.kind) {
      case 'opened':
        this.#opening.shift()?.resolve()
        break
      case 'not-opened':
        this.#opening.shift()?.reject(errorOf(message.failure))
        break
      case 'written':
        this.#writes.shift()?.resolve(message.replies)
        break
      case 'page':
        this.#reads.get(message.id)?.pages.push(message.resources)
        this.#post({ kind: 'more', id: message.id })
        break
      case 'read':
        this.#onRead(message.id, message.reply)
        break
      case 'closed':
        this.#closing.shift()?.resolve()
        break
    }
  }

  #onRead(id: number, reply: Reply<ReadAnswer>): void {
    const read = this.#reads.get(id)
    this.#reads.delete(id)
    if (!read || read.pages.length === 0 || reply.kind !== 'ok') {
      read?.resolve(reply)
      return
    }
    const last = reply.value as ReadAnswer<'list'>
    read.resolve({ kind: 'ok', value: { head: last.head, resources: [...read.pages, last.resources].flat() } })
  }

  #end(error: AppError): void {
    this.#gone ??= error
    for (const queue of [this.#opening, this.#writes, this.#closing]) {
      for (const { reject } of queue.splice(0)) reject(this.#gone)
    }
    for (const { reject } of this.#reads.values()) reject(this.#gone)
    this.#reads.clear()
  }
}

/** Run from source the thread needs tsx, too. */
function startWorker(workerData: WorkerInput): Worker {
  const file = programFile('store/sql/sqlite-worker')
  return file.pathname.endsWith('.ts')
    ? new Worker(file, { workerData, execArgv: ['--import', import.meta.resolve('tsx')] })
    : new Worker(file, { workerData })
}
