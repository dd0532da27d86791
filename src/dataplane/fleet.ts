import type { Cancel, Clock } from '../base/clock.js'
import type { Hops } from '../base/hops.js'
import type { Logger } from '../base/log.js'
import { type Random, seededRandom } from '../base/random.js'
import type { Outcome, ReceivedBatch } from '../protocol/ports.js'
import type { AnyValue } from '../wire/spec-codec.js'
import type { Connection } from './connections.js'
import type { FleetMember } from './fleet-file.js'
import { nodeOf } from './node.js'
import { MockProxy } from './proxy.js'
import { ResourcePool } from './resource-pool.js'

export interface FleetOptions {
  readonly members: readonly FleetMember[]
  /** Where they are, as hops and laggards name it. */
  readonly zone: string
  readonly rampPerSecond: number
  readonly seed: number
  /** Opens a stream with the token in that file, or the process's. */
  readonly connect: (tokenFile: string | undefined) => Connection
  /** The proxy's own admin port, by `mesh/name`, if it has one. */
  readonly adminPortOf: (id: string) => number | undefined
  readonly clock: Clock
  readonly log: Logger
  readonly hops: Hops
  readonly onProgress: () => void
}

/** Many mock proxies of one zone. What they hold in common they hold once. */
export class Fleet {
  /** By `mesh/name`. */
  readonly proxies: ReadonlyMap<string, MockProxy>
  readonly #options: FleetOptions
  readonly #pool = new ResourcePool()
  readonly #random: Random
  #cancelRamp: Cancel | undefined

  constructor(options: FleetOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.proxies = new Map(options.members.map((member) => [idOf(member), this.#proxy(member)]))
  }

  /** Distinct resources in memory. */
  get pooled(): number {
    return this.#pool.size
  }

  /** Begins to start the proxies, one after the other at the ramp's pace. */
  start(): void {
    this.#startNext([...this.proxies.values()], 0)
  }

  stop(): void {
    this.#cancelRamp?.()
    for (const proxy of this.proxies.values()) proxy.stop()
  }

  #startNext(proxies: readonly MockProxy[], index: number): void {
    const proxy = proxies[index]
    if (!proxy) return
    proxy.start()
    // Between half and one and a half of the even step, so that nothing beats in time with the ramp.
    const stepMs = (1_000 / this.#options.rampPerSecond) * (0.5 + this.#random.next())
    this.#cancelRamp = this.#options.clock.after(stepMs, () => this.#startNext(proxies, index + 1))
  }

  #proxy(member: FleetMember): MockProxy {
    const { connect, adminPortOf, clock, log, seed, onProgress } = this.#options
    const id = idOf(member)
    return new MockProxy({
      mesh: member.mesh,
      name: member.name,
      node: () => nodeOf(member, adminPortOf(id)),
      behaviour: member.behaviour,
      connect: () => connect(member.tokenFile),
      pool: this.#pool,
      clock,
      // Of its own, so that what one proxy does never depends on when the others did something.
      random: seededRandom(seed ^ hash(id)),
      log,
      onAnswered: (proxy, batch, outcome) => this.#emit(proxy, batch, outcome),
      onProgress,
    })
  }

  #emit({ mesh, name }: MockProxy, batch: ReceivedBatch<AnyValue>, outcome: Outcome): void {
    const { hops, zone } = this.#options
    if (!hops.active) return
    const refused = new Set(outcome.kind === 'refused' ? outcome.refusals.map((refusal) => refusal.name) : [])
    const hop = { hop: 'dataplane-applied', tenant: '', peer: `${zone}/${mesh}.${name}`, type: batch.type } as const
    for (const resource of batch.resources) {
      if (!refused.has(resource.name)) hops.emit({ ...hop, name: resource.name, version: resource.version })
    }
    for (const removed of batch.removed) {
      if (!refused.has(removed)) hops.emit({ ...hop, name: removed, version: undefined })
    }
  }
}

function idOf({ mesh, name }: FleetMember): string {
  return `${mesh}/${name}`
}

/** FNV-1a, 32 bits: spreads names over seeds. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  return value >>> 0
}
