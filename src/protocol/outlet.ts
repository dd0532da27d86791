import type { Clock } from '../base/clock.js'
import { Deadline } from '../base/deadline.js'
import type { Duplex } from './duplex.js'

/** As long as Kuma means to wait for one message to leave (`msgSendTimeout`); a peer that reads nothing for so long is gone. */
export const WRITABLE_TIMEOUT_MS = 60_000

type Transport<Out> = Pick<Duplex<Out, never>, 'writable' | 'send' | 'abort'>

/** Sends what goes in one write at a time and gives up a stream whose transport does not take it. */
export class Outlet<Out> {
  readonly #duplex: Transport<Out>
  readonly #deadline: Deadline

  constructor(duplex: Transport<Out>, clock: Clock, timeoutMs: number) {
    this.#duplex = duplex
    this.#deadline = new Deadline(clock, timeoutMs, () => {
      const detail = `the peer took no message for ${timeoutMs} ms`
      duplex.abort({ kind: 'not-writable', detail })
    })
  }

  get free(): boolean {
    return this.#duplex.writable
  }

  send(...messages: readonly Out[]): void {
    this.#duplex.send(...messages)
    if (this.#duplex.writable) this.#deadline.stop()
    else this.#deadline.start()
  }

  /** The transport has taken a message, perhaps an earlier one than the last. */
  written(): void {
    if (this.#duplex.writable) this.#deadline.stop()
  }

  /** The stream is over. */
  release(): void {
    this.#deadline.release()
  }
}
