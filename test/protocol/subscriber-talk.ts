import type { CloseReason } from '../../src/protocol/close-reason.js'
import type { DeltaRequest, DeltaResponse } from '../../src/protocol/messages.js'
import type { Outcome, ReceivedBatch } from '../../src/protocol/ports.js'
import { type Ask, Subscriber, type SubscriberOptions } from '../../src/protocol/subscriber.js'
import { FakeClock, settled } from '../support/fake-clock.js'
import { MemoryLink } from '../support/memory-duplex.js'

type Changes = Partial<Omit<SubscriberOptions<string>, 'duplex' | 'clock' | 'asks'>>

/** A subscriber under test, a publisher played by hand, and a sink whose outcomes the test gives. */
export class SubscriberTalk {
  readonly clock = new FakeClock()
  readonly link = new MemoryLink<DeltaRequest, DeltaResponse<string>, DeltaResponse<string>, DeltaRequest>({
    toRight: (request) => request,
    toLeft: (response) => response,
  })
  readonly subscriber: Subscriber<string>
  readonly ends: CloseReason[] = []
  readonly batches: ReceivedBatch<string>[] = []
  #requests: DeltaRequest[] = []
  #conclude: ((outcome: Outcome) => void) | undefined

  /** `atStart` runs before the network moves anything. */
  constructor(asks: readonly Ask[], changes: Changes = {}, atStart?: (talk: SubscriberTalk) => void) {
    this.subscriber = new Subscriber({
      sink: {
        apply: (batch) => {
          this.batches.push(batch)
          return new Promise((resolve) => {
            this.#conclude = resolve
          })
        },
      },
      node: 'full',
      nodeShort: 'short',
      observer: { onEnd: (reason) => this.ends.push(reason) },
      ...changes,
      asks,
      duplex: this.link.left,
      clock: this.clock,
    })
    this.subscriber.start()
    atStart?.(this)
    this.link.right.open({
      onMessage: (request) => this.#requests.push(request),
      onWritable: () => {},
      onEnd: () => {},
    })
    this.link.flush()
  }

  respond(type: string, nonce: string, words: Partial<DeltaResponse<string>> = {}): this {
    this.link.right.send({ type, nonce, resources: [], removed: [], ...words })
    this.link.flush()
    return this
  }

  /** Ends the batch that is being applied. */
  async conclude(outcome: Outcome = { kind: 'applied' }): Promise<this> {
    const conclude = this.#conclude
    if (!conclude) throw new Error('nothing is being applied')
    this.#conclude = undefined
    conclude(outcome)
    await settled()
    this.link.flush()
    return this
  }

  setNames(type: string, names: readonly string[]): this {
    this.subscriber.setNames(type, names)
    this.link.flush()
    return this
  }

  /** The requests since the last call. */
  requests(): DeltaRequest[] {
    const since = this.#requests
    this.#requests = []
    return since
  }

  /** The requests since the last call, as `T nonce +name -name !error (node)`. */
  said(): string[] {
    return this.requests().map(({ type, nonce, subscribe, unsubscribe, error, node }) =>
      [
        type,
        ...(nonce ? [nonce] : []),
        ...subscribe.map((name) => `+${name}`),
        ...unsubscribe.map((name) => `-${name}`),
        ...(error === undefined ? [] : [`!${error}`]),
        `(${node})`,
      ].join(' '),
    )
  }
}
