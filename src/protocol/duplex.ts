import type { CloseReason } from './close-reason.js'

/**
 * The port to a bidirectional stream: two adapters (a gRPC server call, a gRPC client call) and one in-memory pair.
 * Contract (`test/contract/duplex-contract.ts`):
 *
 * - `send` is legal only while `writable`; it makes the stream not writable until the transport has taken all that it was
 *   given, then `onWritable` is called. So what is in the transport is what was sent at once: a message, or several in one write.
 * - `onMessage` is called in order and never after `onEnd`. `onEnd` is called exactly once, whoever ended the stream.
 * - `end(reason)` lets the message in the transport finish and then sends a status; `abort(reason)` drops unsent bytes
 *   and resets. Both are idempotent and the first reason wins; an `abort` after an `end` drops what `end` still waits for.
 * - After an `end` or `abort` of one's own nothing more is delivered, and `onEnd` comes even while paused.
 * - `pause` stops delivery of further messages (back-pressure to the peer) until `resume`.
 * - Handlers are set before any message is delivered: `open` starts delivery.
 * - No handler is called from within a method of the same stream.
 */
export interface Duplex<Out, In> {
  readonly writable: boolean
  open(handlers: DuplexHandlers<In>): void
  send(...messages: readonly Out[]): void
  pause(): void
  resume(): void
  end(reason: CloseReason): void
  abort(reason: CloseReason): void
}

export interface DuplexHandlers<In> {
  onMessage(message: In): void
  onWritable(): void
  onEnd(reason: CloseReason): void
}
