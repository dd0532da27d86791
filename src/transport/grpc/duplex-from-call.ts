import { invariant } from '../../base/assert.js'
import type { Cancel, Clock } from '../../base/clock.js'
import { AppError } from '../../base/errors.js'
import type { CloseReason } from '../../protocol/close-reason.js'
import type { Duplex, DuplexHandlers } from '../../protocol/duplex.js'

/** What a Duplex needs of a call. Whoever makes the Duplex tells it how the call ends. */
export interface CallPort {
  /** All in one write; `done` when the transport has taken the last. */
  write(messages: readonly Uint8Array[], done: (error?: Error | null) => void): void
  /** Begins to deliver messages. */
  read(onBytes: (bytes: Buffer) => void): void
  pause(): void
  resume(): void
  /** Says goodbye after what was written; the peer learns the reason if its side of the call can. */
  finish(reason: CloseReason): void
  /** Drops what was not sent. Harmless on a call that is over. */
  reset(): void
}

export interface Codec<Out, In> {
  encode(message: Out): Uint8Array
  decode(bytes: Uint8Array): In
}

/** How long a last message may take to leave before the stream is reset; a peer that reads needs milliseconds. */
const FINISH_WITHIN_MS = 10_000

/**
 * A gRPC call as a Duplex: the contract is the port's. One write is in the transport at a time, because `writable`
 * follows the write callback, which waits for HTTP/2 flow control.
 */
export class GrpcDuplex<Out, In> implements Duplex<Out, In> {
  readonly #call: CallPort
  readonly #codec: Codec<Out, In>
  readonly #clock: Clock
  readonly #onOver: () => void
  #handlers: DuplexHandlers<In> | undefined
  #state: 'idle' | 'writing' | 'ended' = 'idle'
  #reason: CloseReason | undefined
  #finishing: Cancel | undefined

  /** `onOver` is called once, when the stream has ended, whether or not it was opened. */
  constructor(options: { call: CallPort; codec: Codec<Out, In>; clock: Clock; onOver?: () => void }) {
    this.#call = options.call
    this.#codec = options.codec
    this.#clock = options.clock
    this.#onOver = options.onOver ?? (() => {})
  }

  get writable(): boolean {
    return this.#state === 'idle'
  }

  open(handlers: DuplexHandlers<In>): void {
    invariant(!this.#handlers, 'a duplex is opened once')
    this.#handlers = handlers
    if (this.#reason) this.#tellEnd(this.#reason)
    else this.#call.read((bytes) => this.#received(bytes))
  }

  send(...messages: readonly Out[]): void {
    invariant(this.#state === 'idle', 'send while not writable')
    this.#state = 'writing'
    const encoded = messages.map((message) => this.#codec.encode(message))
    this.#call.write(encoded, (error) => {
      // A failed write is followed by the end of the call, which says more.
      if (error || this.#state !== 'writing') return
      this.#state = 'idle'
      this.#handlers?.onWritable()
    })
  }

  pause(): void {
    if (this.#state !== 'ended') this.#call.pause()
  }

  resume(): void {
    if (this.#state !== 'ended') this.#call.resume()
  }

  end(reason: CloseReason): void {
    if (!this.#settle(reason)) return
    this.#finishing = this.#clock.after(FINISH_WITHIN_MS, () => this.#call.reset())
    this.#call.finish(reason)
  }

  /** After `end` it changes no reason, but waits no longer for the peer to take it. */
  abort(reason: CloseReason): void {
    this.#settle(reason)
    this.#call.reset()
  }

  /** The call told that the peer or the connection ended it. */
  peerEnded(reason: CloseReason): void {
    this.#settle(reason)
  }

  /** Nothing of the call is left in the transport. */
  closed(): void {
    this.#finishing?.()
    this.#finishing = undefined
  }

  #received(bytes: Buffer): void {
    if (this.#state === 'ended') return
    let message: In
    try {
      message = this.#codec.decode(bytes)
    } catch (thrown) {
      this.end({ kind: 'undecodable', detail: AppError.from(thrown).message })
      return
    }
    this.#handlers?.onMessage(message)
  }

  /** The only change to `ended`. False if it was already. */
  #settle(reason: CloseReason): boolean {
    if (this.#state === 'ended') return false
    this.#state = 'ended'
    this.#reason = reason
    this.#onOver()
    if (this.#handlers) this.#tellEnd(reason)
    return true
  }

  /** Later than the call that caused it, so that who ends a stream is not called back in the middle of its work. */
  #tellEnd(reason: CloseReason): void {
    queueMicrotask(() => this.#handlers?.onEnd(reason))
  }
}
