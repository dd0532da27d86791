import { afterEach, describe, expect, test, vi } from 'vitest'
import type { CloseReason } from '../../src/protocol/close-reason.js'
import type { Duplex } from '../../src/protocol/duplex.js'
import type { DeltaRequest, DeltaResponse, EncodedResponse } from '../../src/protocol/messages.js'

/** One stream seen from both ends, freshly made, neither end opened yet. */
export interface DuplexPair {
  readonly publisher: Duplex<EncodedResponse, DeltaRequest>
  readonly subscriber: Duplex<DeltaRequest, DeltaResponse<unknown>>
  /** A response that the subscriber's end receives with this type and nonce, padded to about `size` bytes. */
  response(type: string, nonce: string, size: number): EncodedResponse
  /** Breaks the connection under the stream. */
  cut(): void
  /** Frees what the pair holds. */
  close(): Promise<void>
}

/** Long enough for loopback on a busy machine; a test that passes waits a few milliseconds. */
const PATIENCE_MS = 5000
/** Above any window of HTTP/2, so that a paused reader is felt by the writer. */
const LARGE = 1 << 20
const LARGE_COUNT = 32

const BYE: CloseReason = { kind: 'shutting-down', detail: 'bye' }

/** What every adapter of `Duplex` owes the engine. Run by the in-memory pair and by gRPC on loopback. */
export function duplexContract(name: string, makePair: () => Promise<DuplexPair>): void {
  const pairs: DuplexPair[] = []
  const make = async () => {
    const pair = await makePair()
    pairs.push(pair)
    const publisher = new Recorder(pair.publisher)
    const subscriber = new Recorder(pair.subscriber)
    return { pair, publisher, subscriber }
  }
  afterEach(async () => {
    for (const pair of pairs.splice(0)) await pair.close()
  })
  const opened = async () => {
    const ends = await make()
    ends.publisher.open()
    ends.subscriber.open()
    return ends
  }

  describe(`${name}: messages`, () => {
    test('arrive whole and in order, both ways', async () => {
      const { pair, publisher, subscriber } = await opened()
      for (let count = 0; count < 20; count += 1) {
        await subscriber.sends(request('T', `${count}`, { subscribe: ['*'] }))
        await publisher.sends(pair.response('T', `${count}`, 10))
      }
      const nonces = Array.from({ length: 20 }, (_, count) => `${count}`)
      await eventually(() => expect(publisher.messages.map(({ nonce }) => nonce)).toEqual(nonces))
      await eventually(() => expect(subscriber.messages.map(({ nonce }) => nonce)).toEqual(nonces))
    })

    test('keep what the engine reads', async () => {
      const { publisher, subscriber } = await opened()
      const words = { subscribe: ['a', '*'], unsubscribe: ['b'], initialVersions: new Map([['a', '1']]) }
      await subscriber.sends(request('T', 'n', { ...words, error: 'bad: "a"\nand more' }))
      await subscriber.sends(request('U', '', {}))
      await eventually(() => expect(publisher.messages).toHaveLength(2))
      expect(publisher.messages[0]).toMatchObject({ type: 'T', nonce: 'n', ...words, error: 'bad: "a"\nand more' })
      expect(publisher.messages[1]).toMatchObject({ type: 'U', nonce: '', subscribe: [], error: undefined })
    })

    test('are delivered only after the end that receives them is open', async () => {
      const { pair, publisher, subscriber } = await make()
      subscriber.open()
      await subscriber.sends(request('T', 'early', {}))
      publisher.open()
      await publisher.sends(pair.response('T', '1', 10))
      await eventually(() => expect(publisher.messages.map(({ nonce }) => nonce)).toEqual(['early']))
    })
  })

  describe(`${name}: writability`, () => {
    test('is lost with a send and comes back once the transport has the message', async () => {
      const { pair, publisher, subscriber } = await opened()
      await subscriber.sends(request('T', '', {}))
      await eventually(() => expect(publisher.messages).toHaveLength(1))
      expect(publisher.duplex.writable).toBe(true)
      publisher.duplex.send(pair.response('T', '1', 10))
      expect(publisher.duplex.writable).toBe(false)
      expect(() => publisher.duplex.send(pair.response('T', '2', 10))).toThrow()
      await eventually(() => expect(publisher.writables).toBe(1))
      expect(publisher.duplex.writable).toBe(true)
      await eventually(() => expect(subscriber.messages.map(({ nonce }) => nonce)).toEqual(['1']))
    })

    test('is lost once for messages that are given together, which arrive one after the other', async () => {
      const { pair, publisher, subscriber } = await opened()
      await subscriber.sends(request('T', '', {}))
      await eventually(() => expect(publisher.messages).toHaveLength(1))
      const nonces = ['1', '2', '3']
      subscriber.onMessage = () => {
        subscriber.duplex.pause()
        subscriber.duplex.resume()
      }
      publisher.duplex.send(...nonces.map((nonce) => pair.response('T', nonce, 20_000)))
      expect(publisher.duplex.writable).toBe(false)
      await eventually(() => expect(subscriber.messages.map(({ nonce }) => nonce)).toEqual(nonces))
      await eventually(() => expect(publisher.duplex.writable).toBe(true))
      expect(publisher.writables).toBe(1)
    })

    test('stays away while the peer reads nothing, and comes back when it reads', async () => {
      const { pair, publisher, subscriber } = await opened()
      await subscriber.sends(request('T', '', {}))
      subscriber.duplex.pause()
      let sent = 0
      const sendAll = async () => {
        for (; sent < LARGE_COUNT; sent += 1) await publisher.sends(pair.response('T', `${sent}`, LARGE))
      }
      const sending = sendAll()
      await eventually(() => expect(publisher.duplex.writable).toBe(false))
      await unchanging(() => sent)
      expect(sent).toBeLessThan(LARGE_COUNT)
      expect(subscriber.messages.length).toBeLessThanOrEqual(1)
      subscriber.duplex.resume()
      await sending
      await eventually(() => expect(subscriber.messages).toHaveLength(LARGE_COUNT))
    })
  })

  describe(`${name}: a paused end`, () => {
    test('receives nothing until it resumes, one message after another', async () => {
      const { pair, publisher, subscriber } = await opened()
      await subscriber.sends(request('T', '', {}))
      // Each message pauses the stream, as a subscriber does that applies one batch at a time.
      subscriber.onMessage = () => subscriber.duplex.pause()
      for (const nonce of ['1', '2', '3']) await publisher.sends(pair.response('T', nonce, 10))
      for (const count of [1, 2, 3]) {
        await eventually(() => expect(subscriber.messages).toHaveLength(count))
        await unchanging(() => subscriber.messages.length)
        expect(subscriber.messages).toHaveLength(count)
        subscriber.duplex.resume()
      }
    })
  })

  describe(`${name}: the end`, () => {
    const sides = ['publisher', 'subscriber'] as const
    test.each(sides)('by the %s lets its message arrive first and is told once at each end', async (side) => {
      const ends = await opened()
      await ends.subscriber.sends(request('T', 'first', {}))
      await eventually(() => expect(ends.publisher.messages).toHaveLength(1))
      if (side === 'publisher') ends.publisher.duplex.send(ends.pair.response('T', 'last', 10))
      else ends.subscriber.duplex.send(request('T', 'last', {}))
      const [mine, other] = side === 'publisher' ? [ends.publisher, ends.subscriber] : [ends.subscriber, ends.publisher]
      mine.duplex.end(BYE)
      expect(mine.duplex.writable).toBe(false)
      await eventually(() => expect(other.ends).toHaveLength(1))
      expect(other.messages.at(-1)?.nonce).toBe('last')
      await eventually(() => expect(mine.ends).toEqual([BYE]))
    })

    test('by the publisher carries a status that is not OK, and its detail', async () => {
      const { publisher, subscriber } = await opened()
      await subscriber.sends(request('T', '', {}))
      await eventually(() => expect(publisher.messages).toHaveLength(1))
      publisher.duplex.end(BYE)
      await eventually(() => expect(subscriber.ends).toMatchObject([{ kind: 'peer-ended', detail: 'bye' }]))
      expect(subscriber.ends[0]).not.toMatchObject({ status: 0 })
    })

    test.each(sides)('by abort of the %s needs nobody to read', async (side) => {
      const ends = await opened()
      await ends.subscriber.sends(request('T', '', {}))
      await eventually(() => expect(ends.publisher.messages).toHaveLength(1))
      ends.subscriber.duplex.pause()
      ends.publisher.duplex.pause()
      ends[side].duplex.abort(BYE)
      expect(ends[side].duplex.writable).toBe(false)
      ends.subscriber.duplex.resume()
      ends.publisher.duplex.resume()
      await eventually(() => expect([ends.publisher.ends.length, ends.subscriber.ends.length]).toEqual([1, 1]))
      expect(ends[side].ends).toEqual([BYE])
    })

    test('of our own comes while paused, and drops what was not delivered', async () => {
      const { pair, publisher, subscriber } = await opened()
      await subscriber.sends(request('T', '', {}))
      subscriber.onMessage = () => subscriber.duplex.pause()
      for (const nonce of ['1', '2']) await publisher.sends(pair.response('T', nonce, 10))
      publisher.duplex.end(BYE)
      await eventually(() => expect(subscriber.messages).toHaveLength(1))
      await unchanging(() => publisher.ends.length)
      subscriber.duplex.end({ kind: 'shutting-down', detail: 'too' })
      await eventually(() => expect([publisher.ends.length, subscriber.ends.length]).toEqual([1, 1]))
      expect(subscriber.messages).toHaveLength(1)
    })

    test('is the first one, however often and in whatever way it is ended', async () => {
      const { publisher, subscriber } = await opened()
      await subscriber.sends(request('T', '', {}))
      await eventually(() => expect(publisher.messages).toHaveLength(1))
      publisher.duplex.end(BYE)
      publisher.duplex.end({ kind: 'internal', detail: 'second' })
      publisher.duplex.abort({ kind: 'internal', detail: 'third' })
      await eventually(() => expect(subscriber.ends).toHaveLength(1))
      await eventually(() => expect(publisher.ends).toEqual([BYE]))
      await unchanging(() => publisher.ends.length + subscriber.ends.length)
      expect([publisher.ends.length, subscriber.ends.length]).toEqual([1, 1])
    })

    test('by abort frees a stream whose end waits for a peer that does not read', async () => {
      const { pair, publisher, subscriber } = await opened()
      await subscriber.sends(request('T', '', {}))
      subscriber.duplex.pause()
      for (let sent = 0; sent < LARGE_COUNT && publisher.duplex.writable; sent += 1) {
        publisher.duplex.send(pair.response('T', `${sent}`, LARGE))
        await unchanging(() => Number(publisher.duplex.writable))
      }
      publisher.duplex.end(BYE)
      publisher.duplex.abort({ kind: 'not-writable', detail: 'too slow' })
      await eventually(() => expect(publisher.ends).toEqual([BYE]))
    })

    test('of the connection is told at both ends', async () => {
      const { pair, publisher, subscriber } = await opened()
      await subscriber.sends(request('T', '', {}))
      await eventually(() => expect(publisher.messages).toHaveLength(1))
      pair.cut()
      await eventually(() => expect([publisher.ends.length, subscriber.ends.length]).toEqual([1, 1]))
      const received = publisher.messages.length + subscriber.messages.length
      await unchanging(() => publisher.messages.length + subscriber.messages.length)
      expect(publisher.messages.length + subscriber.messages.length).toBe(received)
    })
  })
}

/** Opens an end, keeps what its handlers are told and fails on what the contract forbids. */
class Recorder<Out, In extends { readonly nonce: string }> {
  readonly messages: In[] = []
  readonly ends: CloseReason[] = []
  writables = 0
  onMessage: () => void = () => {}
  readonly duplex: Duplex<Out, In>

  constructor(duplex: Duplex<Out, In>) {
    this.duplex = duplex
  }

  open(): void {
    this.duplex.open({
      onMessage: (message) => {
        if (this.ends.length > 0) throw new Error('a message after the end')
        this.messages.push(message)
        this.onMessage()
      },
      onWritable: () => {
        this.writables += 1
      },
      onEnd: (reason) => {
        this.ends.push(reason)
      },
    })
  }

  /** Sends as soon as the transport is free. */
  async sends(message: Out): Promise<void> {
    await vi.waitFor(() => expect(this.duplex.writable).toBe(true), { timeout: PATIENCE_MS, interval: 1 })
    this.duplex.send(message)
  }
}

function request(type: string, nonce: string, words: Partial<DeltaRequest>): DeltaRequest {
  const silent = { subscribe: [], unsubscribe: [], initialVersions: new Map(), error: undefined }
  return { type, nonce, ...silent, node: { id: 'peer' }, ...words }
}

async function eventually(check: () => void): Promise<void> {
  await vi.waitFor(check, { timeout: PATIENCE_MS, interval: 1 })
}

/** Waits until a number has stood still for a while: there is no event for what does not happen. */
async function unchanging(read: () => number): Promise<void> {
  const STILL_ROUNDS = 20
  let [last, still] = [read(), 0]
  await vi.waitFor(
    () => {
      const now = read()
      still = now === last ? still + 1 : 0
      last = now
      expect(still).toBeGreaterThanOrEqual(STILL_ROUNDS)
    },
    { timeout: PATIENCE_MS, interval: 1 },
  )
}
