import { constants, type ServerHttp2Stream } from 'node:http2'
import type { ServerDuplexStream } from '@grpc/grpc-js'
import type { Clock } from '../../base/clock.js'
import { GRPC_STATUS } from '../../base/errors.js'
import type { CloseReason } from '../../protocol/close-reason.js'
import { type GrpcStatus, statusOfReason } from '../../wire/status.js'
import { type CallPort, type Codec, GrpcDuplex } from './duplex-from-call.js'

export type ServerCall = ServerDuplexStream<Buffer, Buffer>

/** A call that a server has taken, as a Duplex. */
export function duplexFromServerCall<Out, In>(
  call: ServerCall,
  options: { codec: Codec<Out, In>; clock: Clock; onOver: () => void },
): GrpcDuplex<Out, In> {
  const port: CallPort = {
    write: (bytes, done) => call.write(bytes, done),
    read: (onBytes) => call.on('data', onBytes),
    pause: () => call.pause(),
    resume: () => call.resume(),
    finish: (reason) => endCall(call, statusOfReason(reason)),
    reset: () => http2StreamOf(call).close(constants.NGHTTP2_CANCEL),
  }
  const duplex = new GrpcDuplex({ call: port, ...options })
  call.on('end', () => {
    // Node ends the readable side of an aborted stream too; `cancelled` follows and knows why.
    if (http2StreamOf(call).aborted) return
    duplex.end({ kind: 'peer-ended', status: GRPC_STATUS.OK, detail: 'the peer closed its side' })
  })
  call.on('cancelled', () => duplex.peerEnded(reasonOfCancel(http2StreamOf(call))))
  call.on('close', () => duplex.closed())
  return duplex
}

/** Sends a status after what was written: grpc-js takes it as an `error` event on the call. */
export function endCall(call: Pick<ServerCall, 'emit'>, { code, details }: GrpcStatus): void {
  call.emit('error', { code, details: headerText(details) })
}

/** Node refuses trailers over 64 KiB, and percent-encoding makes up to nine bytes of one character. */
const DETAILS_MAX = 4_000

function headerText(details: string): string {
  // A lone half of a surrogate pair has no UTF-8, and grpc-js would throw where nobody catches.
  return Buffer.from(details.slice(0, DETAILS_MAX), 'utf8').toString('utf8')
}

/**
 * grpc-js says `cancelled` for a reset by the peer, a lost connection, and a status that it sent by itself: for a message
 * over the limit, one that it could not decompress, or the end of the time that the peer gave the call.
 */
function reasonOfCancel(stream: ServerHttp2Stream): CloseReason {
  const sent = stream.sentTrailers ?? stream.sentHeaders
  const status = Number(sent?.['grpc-status'] ?? Number.NaN)
  if (!Number.isNaN(status)) {
    const detail = decodeURI(String(sent?.['grpc-message'] ?? ''))
    if (status === GRPC_STATUS.DEADLINE_EXCEEDED) return { kind: 'peer-ended', status, detail }
    return { kind: 'undecodable', detail }
  }
  if (!stream.session || stream.session.destroyed) return { kind: 'peer-lost', detail: 'the connection was lost' }
  return { kind: 'peer-ended', status: GRPC_STATUS.CANCELLED, detail: 'the peer cancelled the call' }
}

/** grpc-js has no public way to reset a call from the server or to learn why it ended; both are one field deep. */
function http2StreamOf(call: ServerCall): ServerHttp2Stream {
  return (call as unknown as { readonly call: { readonly stream: ServerHttp2Stream } }).call.stream
}
