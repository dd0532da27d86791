import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import type { Batch } from '../../../src/protocol/ports.js'
import { TypeView } from '../../../src/sync/type-view.js'
import { Framer } from '../../../src/transport/grpc/message-reader.js'
import { settled } from '../../support/fake-clock.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** More than anything else of these tests: what else comes and goes meanwhile is lost in half of it. */
const BATCH_BYTES = 32 * 2 ** 20

function batch(): Batch {
  const bytes = new Uint8Array(BATCH_BYTES)
  return { cursor: {}, response: { type: 'Mesh', nonce: '1', bytes }, entries: [], removed: [] }
}

/** Memory outside of the heap that is in use. */
async function held(): Promise<number> {
  await settled()
  collect()
  await settled()
  collect()
  return process.memoryUsage().arrayBuffers
}

test('a batch and its frame are there while somebody has them in flight, and not kept for nobody', async () => {
  const [view, framer] = [new TypeView(), new Framer()]
  const before = await held()
  let inFlight: Batch | undefined = view.shared(0, batch)
  framer.frame(inFlight.response.bytes)
  expect((await held()) - before).toBeGreaterThan(1.5 * BATCH_BYTES)
  expect(view.shared(0, batch)).toBe(inFlight)
  inFlight = undefined
  expect((await held()) - before).toBeLessThan(0.5 * BATCH_BYTES)
})

test('a message that goes to many streams is framed once, whatever goes to others meanwhile', () => {
  const framer = new Framer()
  const [one, other] = [new Uint8Array([1, 2, 3]), new Uint8Array([4])]
  const frame = framer.frame(one)
  framer.frame(other)
  expect(framer.frame(one)).toBe(frame)
  expect([...frame]).toEqual([0, 0, 0, 0, 3, 1, 2, 3])
})
