import type { Http2Stream } from 'node:http2'
import { AppError } from '../../base/errors.js'
import type { CloseReason } from '../../protocol/close-reason.js'
import type { MessageReader } from './message-reader.js'

export interface IncomingEvents {
  /** What the peer sent is no message, or one over the limit. Nothing is delivered any more. */
  onFault(reason: CloseReason): void
  /** The peer has said all that it will, and all of it was delivered. */
  onEnd(): void
}

/** What the peer of a call sends, as messages: delivered one after another, and held back while paused. */
export class IncomingMessages {
  readonly #stream: Http2Stream
  readonly #reader: MessageReader
  readonly #events: IncomingEvents
  #onMessage: (message: Buffer) => void = () => {}
  #paused = false
  #state: 'open' | 'ended' | 'told' = 'open'

  constructor(stream: Http2Stream, reader: MessageReader, events: IncomingEvents) {
    this.#stream = stream
    this.#reader = reader
    this.#events = events
  }

  /** Everything has come, and some of it waits for `resume`. */
  get held(): boolean {
    return this.#state === 'ended'
  }

  /** Begins to deliver. */
  read(onMessage: (message: Buffer) => void): void {
    this.#onMessage = onMessage
    this.#stream.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk)
      this.#deliver()
    })
    this.#stream.on('end', () => {
      if (this.#state !== 'open') return
      this.#state = 'ended'
      this.#deliver()
    })
  }

  pause(): void {
    this.#paused = true
    this.#stream.pause()
  }

  /** Messages that came in one chunk with the last are delivered first, though not from within this call. */
  resume(): void {
    this.#paused = false
    queueMicrotask(() => {
      this.#deliver()
      if (!this.#paused) this.#stream.resume()
    })
  }

  #deliver(): void {
    while (!this.#paused && this.#state !== 'told') {
      const message = this.#next()
      if (message === undefined) break
      this.#onMessage(message)
    }
    if (this.#paused || this.#state !== 'ended') return
    this.#state = 'told'
    this.#events.onEnd()
  }

  #next(): Buffer | undefined {
    try {
      return this.#reader.next()
    } catch (thrown) {
      // Where the next message would begin is not known: what still comes is let go.
      this.#state = 'told'
      this.#stream.removeAllListeners('data')
      const { code, message: detail } = AppError.from(thrown)
      this.#events.onFault({ kind: code === 'too-large' ? 'too-large' : 'undecodable', detail })
      return undefined
    }
  }
}
