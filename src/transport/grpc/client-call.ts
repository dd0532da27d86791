import type { ClientDuplexStream, StatusObject } from '@grpc/grpc-js'
import type { Clock } from '../../base/clock.js'
import { GRPC_STATUS } from '../../base/errors.js'
import type { CloseReason } from '../../protocol/close-reason.js'
import type { Duplex } from '../../protocol/duplex.js'
import { reasonOfStatus } from '../../wire/status.js'
import { type Codec, GrpcDuplex } from './duplex-from-call.js'

export interface ClientCallOptions<Out, In> {
  readonly codec: Codec<Out, In>
  readonly clock: Clock
  readonly onOver: () => void
  /** The connection is gone now. */
  readonly lost: () => boolean
}

/** A call that a client has made, as a Duplex. */
export function duplexFromClientCall<Out, In>(
  call: ClientDuplexStream<Buffer, Buffer>,
  { codec, clock, onOver, lost }: ClientCallOptions<Out, In>,
): Duplex<Out, In> {
  let writing = false
  let finishing = false
  const duplex = new GrpcDuplex<Out, In>({
    codec,
    clock,
    onOver,
    call: {
      write: (bytes, done) => {
        writing = true
        call.write(asBuffer(bytes), (error: Error | null | undefined) => {
          writing = false
          done(error)
          if (finishing) call.cancel()
        })
      },
      read: (onBytes) => call.on('data', onBytes),
      pause: () => call.pause(),
      resume: () => call.resume(),
      // A client has no status to send: its goodbye is a reset, after the message that is on its way.
      finish: () => {
        finishing = true
        if (!writing) call.cancel()
      },
      reset: () => call.cancel(),
    },
  })
  call.on('error', () => {
    // `status` follows and says the same; without a listener Node would throw.
  })
  call.on('status', (status: StatusObject) => {
    duplex.peerEnded(reasonOfEnd(status, lost()))
    duplex.closed()
  })
  return duplex
}

function reasonOfEnd(status: StatusObject, lost: boolean): CloseReason {
  if (status.code === GRPC_STATUS.UNAVAILABLE && lost) return { kind: 'peer-lost', detail: status.details }
  return reasonOfStatus(status)
}

/** The same bytes as the Buffer that grpc-js wants. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
