import { AppError } from '../../../src/base/errors.js'
import { silentLogger } from '../../../src/base/log.js'
import { seededRandom } from '../../../src/base/random.js'
import { BEHAVIOURS, type Behaviour } from '../../../src/dataplane/behaviour.js'
import { MockProxy } from '../../../src/dataplane/proxy.js'
import { ResourcePool } from '../../../src/dataplane/resource-pool.js'
import type { CloseReason } from '../../../src/protocol/close-reason.js'
import type { DeltaRequest, DeltaResponse, EncodedResponse } from '../../../src/protocol/messages.js'
import { makeBeforeBreak } from '../../../src/protocol/order.js'
import { Publisher } from '../../../src/protocol/publisher.js'
import { SharedResponses } from '../../../src/protocol/shared-responses.js'
import { type Snapshot, SnapshotSource } from '../../../src/protocol/snapshot-source.js'
import { decodeXdsResponse, encodeDeltaResponse } from '../../../src/wire/delta-codec.js'
import { ENVOY_TYPE_URL } from '../../../src/wire/envoy-codec.js'
import type { AnyValue } from '../../../src/wire/spec-codec.js'
import { FakeClock, settled } from '../../support/fake-clock.js'
import { MemoryLink } from '../../support/memory-duplex.js'

type Link = MemoryLink<EncodedResponse, DeltaRequest, DeltaRequest, DeltaResponse<AnyValue>>

const { cluster: clusters, endpoint: endpoints, listener: listeners } = ENVOY_TYPE_URL
const ORDER = makeBeforeBreak({ clusters, endpoints, listeners, routes: 'routes are inline' })

/** One proxy and a zone that serves it what `replace` says, joined in memory; time stands still unless stepped. */
export class ProxyWorld {
  readonly clock = new FakeClock()
  readonly pool = new ResourcePool()
  readonly proxy: MockProxy
  /** What the proxy said, one line a request: `Cluster +name -name (held) ACK|NACK reason`. */
  readonly said: string[] = []
  /** What the zone sent, one line a resource: `Cluster name`. */
  readonly sent: string[] = []
  readonly ends: CloseReason[] = []
  /** While set, nobody answers: each stream ends at once. */
  away = false
  /** While set, each stream is taken and ended before anything is said on it. */
  refusing = false
  streams = 0
  /** Connections that were given back. */
  released = 0
  #snapshot: Snapshot
  #source = new SnapshotSource({ responses: new SharedResponses(encode) })
  #link: Link | undefined

  constructor(snapshot: Snapshot, behaviour: string | Behaviour = 'steady') {
    this.#snapshot = snapshot
    this.proxy = new MockProxy({
      mesh: 'default',
      name: 'web',
      node: () => ({ id: 'default.web' }),
      behaviour: typeof behaviour === 'string' ? (BEHAVIOURS.get(behaviour) as Behaviour) : behaviour,
      connect: () => ({
        duplex: this.#connect(),
        release: () => {
          this.released += 1
        },
      }),
      pool: this.pool,
      clock: this.clock,
      random: seededRandom(1),
      log: silentLogger,
      onAnswered: () => {},
      onProgress: () => {},
    })
  }

  async start(): Promise<this> {
    this.proxy.start()
    await rest()
    return this
  }

  async replace(snapshot: Snapshot): Promise<void> {
    this.#snapshot = snapshot
    this.#source.replace(snapshot)
    await rest()
  }

  /** The connection is lost. */
  async cut(): Promise<void> {
    this.#link?.cut()
    await rest()
  }

  async step(ms: number): Promise<void> {
    await this.clock.stepAsync(ms)
    await rest()
  }

  /** The lines since the last call. */
  take(lines: 'said' | 'sent'): readonly string[] {
    return this[lines].splice(0)
  }

  #connect() {
    if (this.away) throw new AppError('unavailable', 'the zone is away')
    this.streams += 1
    const link: Link = new MemoryLink({
      auto: true,
      toRight: ({ bytes }) => decodeXdsResponse(bytes),
      toLeft: (request) => {
        this.said.push(wordsOf(request))
        return request
      },
    })
    this.#link = link
    this.#source = new SnapshotSource({ responses: new SharedResponses(encode) })
    this.#source.replace(this.#snapshot)
    if (this.refusing) {
      link.left.end({ kind: 'refused', code: 'unauthenticated', detail: 'no such token' })
      return link.right
    }
    const publisher = new Publisher({
      duplex: link.left,
      source: this.#source,
      clock: this.clock,
      order: ORDER,
      observer: {
        onSent: (type, { entries, removed }) => {
          this.sent.push(...entries.map(({ name }) => `${short(type)} ${name}`))
          this.sent.push(...removed.map((name) => `${short(type)} -${name}`))
        },
        onEnd: (reason) => this.ends.push(reason),
      },
    })
    publisher.start()
    return link.right
  }
}

/** Everything that can happen without time has happened. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await settled()
}

function encode(type: string, nonce: string, resources: readonly Uint8Array[], removed: readonly string[]) {
  return encodeDeltaResponse({ type, nonce, resources, removed, controlPlane: 'zone-1' })
}

function wordsOf({ type, nonce, subscribe, unsubscribe, initialVersions, error }: DeltaRequest): string {
  const held = [...initialVersions.keys()].sort().map((name) => `(${name})`)
  const answer = nonce === '' ? [] : [error === undefined ? 'ACK' : `NACK ${error}`]
  const names = [...subscribe.map((name) => `+${name}`), ...unsubscribe.map((name) => `-${name}`)]
  return [short(type), ...names, ...held, ...answer].join(' ')
}

function short(type: string): string {
  return type.slice(type.lastIndexOf('.') + 1)
}
