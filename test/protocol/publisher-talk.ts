import type { CloseReason } from '../../src/protocol/close-reason.js'
import type { DeltaRequest, DeltaResponse, EncodedResponse } from '../../src/protocol/messages.js'
import { Publisher, type PublisherOptions } from '../../src/protocol/publisher.js'
import { SharedResponses } from '../../src/protocol/shared-responses.js'
import { SnapshotSource } from '../../src/protocol/snapshot-source.js'
import { FakeClock } from '../support/fake-clock.js'
import { MemoryLink } from '../support/memory-duplex.js'
import { decode, encode, snapshot } from './resources.js'

type Changes = Partial<Omit<PublisherOptions, 'duplex' | 'clock'>>

/** A publisher under test and a peer played by hand: the test says each request and sees each response. */
export class PublisherTalk {
  readonly clock = new FakeClock()
  readonly source = new SnapshotSource({ responses: new SharedResponses(encode) })
  readonly link = new MemoryLink<EncodedResponse, DeltaRequest, DeltaRequest, DeltaResponse<string>>({
    toRight: decode,
    toLeft: (request) => request,
  })
  readonly publisher: Publisher
  /** Why the publisher's own end closed, each time that it was told. */
  readonly ends: CloseReason[] = []
  peerEnd: CloseReason | undefined
  /** What the observer was told, one line each. */
  readonly reports: string[] = []
  #responses: DeltaResponse<string>[] = []

  constructor(changes: Changes = {}) {
    this.publisher = new Publisher({
      source: this.source,
      observer: {
        onAnswered: (type, { response }, error) =>
          this.reports.push(`answered ${type} ${response.nonce} ${error ?? 'ok'}`),
        onStaleNonce: (type, nonce) => this.reports.push(`stale ${type} ${nonce}`),
        onWithheld: (type, reason) => this.reports.push(`withheld ${type}: ${reason}`),
        onOverdue: (type, waitedMs) => this.reports.push(`overdue ${type} ${waitedMs}`),
        onEnd: (reason) => this.ends.push(reason),
      },
      ...changes,
      duplex: this.link.left,
      clock: this.clock,
    })
    this.publisher.start()
    this.link.right.open({
      onMessage: (response) => this.#responses.push(response),
      onWritable: () => {},
      onEnd: (reason) => {
        this.peerEnd = reason
      },
    })
  }

  replace(types: Parameters<typeof snapshot>[0]): this {
    this.source.replace(snapshot(types))
    this.link.flush()
    return this
  }

  request(type: string, words: Partial<DeltaRequest> = {}): this {
    this.link.right.send({
      type,
      nonce: '',
      subscribe: [],
      unsubscribe: [],
      initialVersions: new Map(),
      error: undefined,
      node: { id: 'peer' },
      ...words,
    })
    this.link.flush()
    return this
  }

  /** The responses since the last call. */
  responses(): DeltaResponse<string>[] {
    const since = this.#responses
    this.#responses = []
    return since
  }

  /** The only response since the last call. */
  response(): DeltaResponse<string> {
    const [only, ...others] = this.responses()
    if (!only || others.length > 0) throw new Error(`expected one response, got ${1 + others.length} or none`)
    return only
  }

  /** The responses since the last call, as `T +name@version -name`. */
  said(): string[] {
    return this.responses().map(line)
  }

  /** Takes the only response, acknowledges it and says what it was. */
  ack(): string {
    const response = this.response()
    this.request(response.type, { nonce: response.nonce })
    return line(response)
  }
}

export function line({ type, resources, removed }: DeltaResponse<string>): string {
  return [type, ...resources.map(({ payload }) => `+${payload}`), ...removed.map((name) => `-${name}`)].join(' ')
}
