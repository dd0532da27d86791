import { Child } from '../child.js'
import { systemTime } from '../open-loop.js'
import { PROCESSES, type Size } from '../propagation/tiers.js'
import { allAnswers } from './answers.js'
import type { RelayGlobal } from './relay-global.js'
import type { RelaySidecars } from './relay-sidecars.js'
import type { RelayZones } from './relay-zones.js'
import type { Sizes } from './sizes.js'

/** The same two hops on bare node:http2: no TLS, nothing decoded, nothing kept. */
export class Relay {
  readonly #size: Size
  readonly #global = new Child<RelayGlobal>('last-ack/relay-global.js')
  readonly #zones = Array.from({ length: PROCESSES }, () => new Child<RelayZones>('last-ack/relay-zones.js'))
  readonly #sidecars = Array.from({ length: PROCESSES }, () => new Child<RelaySidecars>('last-ack/relay-sidecars.js'))
  #bytes = 0

  constructor(size: Size) {
    this.#size = size
  }

  get children(): readonly { end(): void }[] {
    return [...this.#sidecars, ...this.#zones, this.#global]
  }

  async start(sizes: Sizes): Promise<void> {
    this.#bytes = sizes.down
    const port = await this.#global.call('start')
    for (const [part, zones] of this.#zones.entries()) {
      const count = Math.ceil((this.#size.zones - part) / PROCESSES)
      for (const each of await zones.call('start', port, count, sizes)) {
        await this.#sidecars[part]?.call('start', each, this.#size.sidecars, sizes)
      }
    }
  }

  turn(): Promise<readonly number[]> {
    const dueMs = systemTime.nowMs()
    void this.#global.call('send', this.#bytes)
    return allAnswers(this.#size, dueMs, async () =>
      (await Promise.all(this.#sidecars.map((child) => child.call('take')))).flat(),
    )
  }
}
