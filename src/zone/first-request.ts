import type { Clock } from '../base/clock.js'
import type { CloseReason } from '../protocol/close-reason.js'
import type { Duplex, DuplexHandlers } from '../protocol/duplex.js'

/** What came first on a stream, and the stream as if nothing had been read from it. */
export interface FirstMessage<Out, In> {
  readonly message: In
  readonly duplex: Duplex<Out, In>
}

/** Nobody has proved anything yet: an honest peer speaks as soon as its stream is open. */
const FIRST_WITHIN_MS = 10_000

/**
 * Waits for the first message of a stream before anyone serves it: who a sidecar is, its first request says. The
 * returned duplex delivers that message again when it is opened. Resolves to the reason when the stream ends first.
 */
export function firstMessage<Out, In>(
  duplex: Duplex<Out, In>,
  clock: Clock,
): Promise<FirstMessage<Out, In> | CloseReason> {
  return new Promise((resolve) => {
    let inner: DuplexHandlers<In> | undefined
    let ended: CloseReason | undefined
    let first = true
    const cancel = clock.after(FIRST_WITHIN_MS, () => {
      duplex.end({ kind: 'protocol-error', detail: `nothing was asked within ${FIRST_WITHIN_MS} ms` })
    })
    duplex.open({
      onMessage(message) {
        if (!first) {
          inner?.onMessage(message)
          return
        }
        first = false
        cancel()
        duplex.pause()
        resolve({ message, duplex: replaying(message) })
      },
      onWritable: () => inner?.onWritable(),
      onEnd(reason) {
        cancel()
        ended = reason
        if (first) resolve(reason)
        else inner?.onEnd(reason)
      },
    })

    function replaying(message: In): Duplex<Out, In> {
      return {
        get writable() {
          return duplex.writable
        },
        open(handlers) {
          // Not from within `open` (the contract of Duplex); what came after waits for `resume`.
          queueMicrotask(() => {
            inner = handlers
            if (ended) handlers.onEnd(ended)
            else {
              handlers.onMessage(message)
              duplex.resume()
            }
          })
        },
        send: (...out) => duplex.send(...out),
        pause: () => duplex.pause(),
        resume: () => duplex.resume(),
        end: (reason) => duplex.end(reason),
        abort: (reason) => duplex.abort(reason),
      }
    }
  })
}
