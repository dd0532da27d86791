import type { CloseReason } from '../protocol/close-reason.js'
import type { Duplex, DuplexHandlers } from '../protocol/duplex.js'

/** A duplex whose reader can be made to stop for good, as a hung process does: the peer's messages pile up on the way. */
export class ReadingGate<Out, In> implements Duplex<Out, In> {
  readonly #duplex: Duplex<Out, In>
  #shut = false

  constructor(duplex: Duplex<Out, In>) {
    this.#duplex = duplex
  }

  shut(): void {
    this.#shut = true
    this.#duplex.pause()
  }

  get writable(): boolean {
    return this.#duplex.writable
  }

  open(handlers: DuplexHandlers<In>): void {
    this.#duplex.open(handlers)
  }

  send(...messages: readonly Out[]): void {
    this.#duplex.send(...messages)
  }

  pause(): void {
    this.#duplex.pause()
  }

  resume(): void {
    if (!this.#shut) this.#duplex.resume()
  }

  end(reason: CloseReason): void {
    this.#duplex.end(reason)
  }

  abort(reason: CloseReason): void {
    this.#duplex.abort(reason)
  }
}
