import type { Cancel, Clock } from '../base/clock.js'
import type { Duplex } from './duplex.js'

/** As long as Kuma means to wait for one message to leave (`msgSendTimeout`); a peer that reads nothing for so long is gone. */
export const WRITABLE_TIMEOUT_MS = 60_000

type Transport<Out> = Pick<Duplex<Out, never>, 'writable' | 'send' | 'abort'>

/** Sends one message at a time and gives up a stream whose transport does not take it. */
export class Outlet<Out> {
  readonly #duplex: Transport<Out>
  readonly #clock: Clock
  readonly #timeoutMs: number
  #cancel: Cancel | undefined

  constructor(duplex: Transport<Out>, clock: Clock, timeoutMs: number) {
    this.#duplex = duplex
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  get free(): boolean {
    return this.#duplex.writable
  }

  send(message: Out): void {
    this.release()
    this.#duplex.send(message)
    if (this.#duplex.writable) return
    this.#cancel = this.#clock.after(this.#timeoutMs, () => {
      const detail = `the peer took no message for ${this.#timeoutMs} ms`
      this.#duplex.abort({ kind: 'not-writable', detail })
    })
  }

  /** The transport has taken a message, perhaps an earlier one than the last. */
  written(): void {
    if (this.#duplex.writable) this.release()
  }

  /** The stream is over. */
  release(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
