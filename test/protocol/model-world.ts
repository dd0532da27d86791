import { expect } from 'vitest'
import type { CloseReason } from '../../src/protocol/close-reason.js'
import type { Duplex } from '../../src/protocol/duplex.js'
import type { DeltaRequest, DeltaResponse, EncodedResponse } from '../../src/protocol/messages.js'
import type { StreamOrder } from '../../src/protocol/order.js'
import type { Batch } from '../../src/protocol/ports.js'
import { Publisher } from '../../src/protocol/publisher.js'
import { SharedResponses } from '../../src/protocol/shared-responses.js'
import { SnapshotSource } from '../../src/protocol/snapshot-source.js'
import { Subscriber } from '../../src/protocol/subscriber.js'
import { FakeClock, settled } from '../support/fake-clock.js'
import { MemoryLink } from '../support/memory-duplex.js'
import { Receiver } from './model-receiver.js'
import { WireRecord } from './model-wire-record.js'
import { decode, encode, snapshot } from './resources.js'

/** Asked for with the wildcard. */
export const WHOLE_TYPES = ['C', 'L'] as const
/** Asked for by name. */
export const NAMED_TYPE = 'N'
export const TYPES = [...WHOLE_TYPES, NAMED_TYPE]
export const NAMES = ['a', 'b', 'c']

type Contents = Record<string, Record<string, string>>

interface Stream {
  readonly link: MemoryLink<EncodedResponse, DeltaRequest, DeltaRequest, DeltaResponse<string>>
  readonly publisher: Publisher
  readonly subscriber: Subscriber<string>
  readonly wire: WireRecord
  readonly publisherEnds: CloseReason[]
  readonly subscriberEnds: CloseReason[]
}

/** What faults may bring about. A mistake of ours, or a breach of the protocol between our own two roles, is not among them. */
const HONEST_ENDS = ['peer-ended', 'peer-lost', 'shutting-down', 'not-writable', 'apply-failed']

/** A source, a receiver and at most one stream between them, moved one small step at a time. */
export class World {
  readonly clock = new FakeClock()
  readonly receiver = new Receiver(TYPES)
  readonly source = new SnapshotSource({ responses: new SharedResponses(encode) })
  readonly #order: StreamOrder
  #contents: Contents = Object.fromEntries(TYPES.map((type) => [type, {}]))
  #version = 0
  #wanted: readonly string[] = []
  #stream: Stream | undefined
  readonly #streams: Stream[] = []

  constructor(order: StreamOrder) {
    this.#order = order
    this.#publish()
  }

  get contents(): Contents {
    return this.#contents
  }

  write(type: string, name: string): void {
    this.#version += 1
    this.#contents = { ...this.#contents, [type]: { ...this.#contents[type], [name]: String(this.#version) } }
    this.#publish()
  }

  remove(type: string, name: string): void {
    const { [name]: _, ...rest } = this.#contents[type] ?? {}
    this.#contents = { ...this.#contents, [type]: rest }
    this.#publish()
  }

  /** The same snapshot again: nothing changed. */
  rewrite(): void {
    this.#publish()
  }

  connect(resume: boolean): void {
    // A stream's successor opens when its sink has let go of the last batch (SPEC.md, A5).
    if (this.#stream || this.receiver.isApplying) return
    const versions = (type: string) => (resume ? { initialVersions: this.receiver.versions(type) } : {})
    const whole = WHOLE_TYPES.map((type) => ({ type, subscribe: ['*'], ...versions(type) }))
    const named = { type: NAMED_TYPE, subscribe: this.#wanted, ...versions(NAMED_TYPE) }
    const asks = this.#wanted.length > 0 ? [...whole, named] : whole
    const stream = this.#open(asks)
    this.#stream = stream
    this.#streams.push(stream)
    stream.publisher.start()
    stream.subscriber.start()
  }

  wantNames(names: readonly string[]): void {
    this.#wanted = names
    this.receiver.keepOnly(NAMED_TYPE, names)
    this.#stream?.subscriber.setNames(NAMED_TYPE, names)
  }

  /** One thing that the network can do now; `false` if there is none. */
  move(choice: number): boolean {
    const moves = this.#stream?.link.moves() ?? []
    const move = moves[choice % Math.max(1, moves.length)]
    move?.run()
    return move !== undefined
  }

  stall(side: 'left' | 'right', stalled: boolean): void {
    if (this.#stream) this.#stream.link[side].stalled = stalled
  }

  cut(): void {
    this.#stream?.link.cut()
  }

  end(side: 'publisher' | 'subscriber'): void {
    this.#stream?.[side].end({ kind: 'shutting-down', detail: 'bye' })
  }

  /** A request that our subscriber would not send: with an old nonce, or for everything again. */
  interject(type: string, nonce: string, subscribe: readonly string[]): void {
    const stream = this.#stream
    if (!stream?.link.right.writable || !stream.wire.asked.has(type)) return
    const words = { nonce, subscribe, unsubscribe: [], initialVersions: new Map(), error: undefined, node: 'odd' }
    stream.link.right.send({ type, ...words })
  }

  /** Lets promises settle, forgets a stream that has ended, and checks every invariant of SPEC.md. */
  async check(): Promise<void> {
    await settled()
    for (const stream of this.#streams) {
      expect(stream.publisherEnds.length, 'a publisher is told its end once').toBeLessThanOrEqual(1)
      expect(stream.subscriberEnds.length, 'a subscriber is told its end once').toBeLessThanOrEqual(1)
      for (const { kind, detail } of [...stream.publisherEnds, ...stream.subscriberEnds])
        expect(HONEST_ENDS, `${kind}: ${detail}`).toContain(kind)
      expect(stream.wire.violations).toEqual([])
    }
    expect(this.receiver.violations).toEqual([])
    const last = this.#stream
    if (last && last.publisherEnds.length + last.subscriberEnds.length === 2) this.#stream = undefined
  }

  /** Faults are over: everything moves, applies and answers until all is quiet. */
  async heal(): Promise<void> {
    this.stall('left', false)
    this.stall('right', false)
    for (let quiet = false; !quiet; ) {
      this.connect(true)
      quiet = !this.move(0) && !this.receiver.conclude(() => false)
      await this.check()
    }
    expect(this.#stream, 'a stream is open when all is quiet').toBeDefined()
  }

  /** What the receiver is to hold when all has been applied. */
  expected(type: string): Record<string, string> {
    const held = Object.entries(this.#contents[type] ?? {})
    return Object.fromEntries(type === NAMED_TYPE ? held.filter(([name]) => this.#wanted.includes(name)) : held)
  }

  /** Responses on the wire, ever. */
  get sentCount(): number {
    return this.#streams.reduce((count, { wire }) => count + wire.sentCount, 0)
  }

  #publish(): void {
    this.source.replace(snapshot(this.#contents))
  }

  #open(asks: ConstructorParameters<typeof Subscriber<string>>[0]['asks']): Stream {
    const wire = new WireRecord(this.#order, () => this.#contents)
    const link = new MemoryLink<EncodedResponse, DeltaRequest, DeltaRequest, DeltaResponse<string>>({
      toRight: decode,
      toLeft: (request) => request,
    })
    const [publisherEnds, subscriberEnds]: [CloseReason[], CloseReason[]] = [[], []]
    const publisher = new Publisher({
      duplex: wire.tap(link.left) satisfies Duplex<EncodedResponse, DeltaRequest>,
      source: this.source,
      clock: this.clock,
      order: this.#order,
      observer: {
        onSent: (type: string, batch: Batch) => wire.sent(type, batch),
        onEnd: (reason) => publisherEnds.push(reason),
      },
    })
    const subscriber = new Subscriber({
      duplex: link.right,
      sink: this.receiver,
      clock: this.clock,
      asks,
      node: 'full',
      nodeShort: 'short',
      nackRepeatsWildcard: true,
      observer: {
        onReceived: (_type, nonce) => this.receiver.receiving(wire.namesAt(nonce)),
        onEnd: (reason) => subscriberEnds.push(reason),
      },
    })
    return { link, publisher, subscriber, wire, publisherEnds, subscriberEnds }
  }
}
