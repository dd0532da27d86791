import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { invariant } from '../../base/assert.js'
import { AppError } from '../../base/errors.js'
import { failureOf, type ReadAnswer, type Reply } from './requests.js'
import { SqlEngine } from './sql-engine.js'
import { closeDatabase, openDatabase } from './sqlite.js'
import { type FromWorker, PAGE_SIZE, type ToWorker, type WorkerInput } from './worker-messages.js'

/** The thread that holds the database: everything that can wait for the disk happens here. */
function main(port: MessagePort, { path, synchronous }: WorkerInput): void {
  const send = (message: FromWorker) => port.postMessage(message)
  try {
    const db = openDatabase(path, synchronous)
    const engine = new SqlEngine(db)
    port.on('message', (message: ToWorker) => {
      switch (message.kind) {
        case 'write':
          return send({ kind: 'written', replies: engine.write(message.group) })
        case 'read':
          return sendReply(send, engine.read(message.request))
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

function sendReply(send: (message: FromWorker) => void, reply: Reply<ReadAnswer>): void {
  if (reply.kind !== 'ok' || !isListing(reply.value)) return send({ kind: 'read', reply })
  const { head, resources } = reply.value
  const paged = resources.length - (resources.length % PAGE_SIZE)
  for (let start = 0; start < paged; start += PAGE_SIZE) {
    send({ kind: 'page', resources: resources.slice(start, start + PAGE_SIZE) })
  }
  send({ kind: 'read', reply: { kind: 'ok', value: { head, resources: resources.slice(paged) } } })
}

function isListing(value: ReadAnswer): value is ReadAnswer<'list'> {
  return typeof value === 'object' && 'resources' in value
}

invariant(parentPort, 'sqlite-worker runs as a worker thread')
main(parentPort, workerData as WorkerInput)
