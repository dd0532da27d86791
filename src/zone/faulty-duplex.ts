import type { Cancel, Clock } from '../base/clock.js'
import type { CloseReason } from '../protocol/close-reason.js'
import type { Duplex, DuplexHandlers } from '../protocol/duplex.js'

/** What a fault may do to one stream; asked for each message, since faults come and go. */
export interface StreamFaults<Out> {
  /** What comes in is not heard. */
  readonly deaf: () => boolean
  /** What goes out is lost, and counts as written. */
  readonly mute: () => boolean
  /** The least time between two messages that are read; 0: as they come. */
  readonly readEveryMs: () => number
  /** What goes out instead of the message. */
  readonly changed: (message: Out) => Out
}

/** A stream that a fault can get at. Without a fault it is the stream itself. */
export class FaultyDuplex<Out, In> implements Duplex<Out, In> {
  readonly #inner: Duplex<Out, In>
  readonly #faults: StreamFaults<Out>
  readonly #clock: Clock
  #handlers: DuplexHandlers<In> | undefined
  #pausedByOwner = false
  #resting: Cancel | undefined
  #swallowing = false

  constructor(inner: Duplex<Out, In>, faults: StreamFaults<Out>, clock: Clock) {
    this.#inner = inner
    this.#faults = faults
    this.#clock = clock
  }

  get writable(): boolean {
    return !this.#swallowing && this.#inner.writable
  }

  open(handlers: DuplexHandlers<In>): void {
    this.#handlers = handlers
    this.#inner.open({
      onMessage: (message) => {
        if (this.#faults.deaf()) return
        this.#rest()
        handlers.onMessage(message)
      },
      onWritable: () => handlers.onWritable(),
      onEnd: (reason) => {
        this.#resting?.()
        handlers.onEnd(reason)
      },
    })
  }

  send(...messages: readonly Out[]): void {
    if (!this.#faults.mute()) {
      this.#inner.send(...messages.map((message) => this.#faults.changed(message)))
      return
    }
    this.#swallowing = true
    queueMicrotask(() => {
      this.#swallowing = false
      this.#handlers?.onWritable()
    })
  }

  pause(): void {
    this.#pausedByOwner = true
    this.#inner.pause()
  }

  resume(): void {
    this.#pausedByOwner = false
    if (this.#resting === undefined) this.#inner.resume()
  }

  end(reason: CloseReason): void {
    this.#inner.end(reason)
  }

  abort(reason: CloseReason): void {
    this.#inner.abort(reason)
  }

  /** A slow reader takes the next message only after a while. */
  #rest(): void {
    const restMs = this.#faults.readEveryMs()
    if (restMs === 0 || this.#resting !== undefined) return
    this.#inner.pause()
    this.#resting = this.#clock.after(restMs, () => {
      this.#resting = undefined
      if (!this.#pausedByOwner) this.#inner.resume()
    })
  }
}
