import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { invariant } from '../../base/assert.js'
import { AppError } from '../../base/errors.js'
import type { Resource } from '../../model/resource.js'
import type { Head } from '../store.js'
import { failureOf, type ReadAnswer, type Reply } from './requests.js'
import { SqlEngine } from './sql-engine.js'
import { closeDatabase, openDatabase } from './sqlite.js'
import { type FromWorker, PAGE_SIZE, type ToWorker, type WorkerInput } from './worker-messages.js'

type Send = (message: FromWorker) => void

/** The thread that holds the database: everything that can wait for the disk happens here. */
function main(port: MessagePort, { path, synchronous, hurried }: WorkerInput): void {
  const send: Send = (message) => port.postMessage(message)
  let groups = 0
  // The difference, since the shared number has 32 bits and begins anew.
  const isHurried = () => ((Atomics.load(hurried, 0) - groups) | 0) >= 0
  try {
    const db = openDatabase(path, synchronous)
    const engine = new SqlEngine(db)
    const replies = new ReadReplies(send)
    port.on('message', (message: ToWorker) => {
      switch (message.kind) {
        case 'write':
          groups += 1
          return send({ kind: 'written', replies: engine.write(message.group, isHurried) })
        case 'read':
          return replies.begin(message.id, engine.read(message.request))
        case 'more':
          return replies.continue(message.id)
        case 'close':
          closeDatabase(db)
          send({ kind: 'closed' })
          return port.close()
      }
    })
    send({ kind: 'opened' })
  } catch (thrown) {
    send({ kind: 'not-opened', failure: failureOf(AppError.from(thrown)) })
  }
}

/** Sends answers to reads: a large listing a page at a time, the next one when it is asked for. */
class ReadReplies {
  readonly #send: Send
  readonly #unsent = new Map<number, { readonly head: Head; readonly resources: readonly Resource[]; sent: number }>()

  constructor(send: Send) {
    this.#send = send
  }

  begin(id: number, reply: Reply<ReadAnswer>): void {
    const value = reply.kind === 'ok' ? reply.value : undefined
    if (!isListing(value) || value.resources.length <= PAGE_SIZE) {
      this.#send({ kind: 'read', id, reply })
      return
    }
    this.#unsent.set(id, { ...value, sent: 0 })
    this.continue(id)
  }

  continue(id: number): void {
    const listing = this.#unsent.get(id)
    invariant(listing, 'only a listing that was begun is continued')
    const page = listing.resources.slice(listing.sent, listing.sent + PAGE_SIZE)
    listing.sent += page.length
    if (listing.sent < listing.resources.length) {
      this.#send({ kind: 'page', id, resources: page })
      return
    }
    this.#unsent.delete(id)
    this.#send({ kind: 'read', id, reply: { kind: 'ok', value: { head: listing.head, resources: page } } })
  }
}

function isListing(value: ReadAnswer): value is ReadAnswer<'list'> {
  return typeof value === 'object' && 'resources' in value
}

invariant(parentPort, 'sqlite-worker runs as a worker thread')
main(parentPort, workerData as WorkerInput)
