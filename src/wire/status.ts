import { unreachable } from '../base/assert.js'
import { AppError, type ErrorCode, GRPC_STATUS } from '../base/errors.js'
import type { CloseReason } from '../protocol/close-reason.js'

/** How a call ended, as gRPC says it. */
export interface GrpcStatus {
  readonly code: number
  readonly details: string
}

/** The status that refuses or fails a call. Our own mistakes are told to the log, not to the peer. */
export function statusOfError(error: AppError): GrpcStatus {
  return { code: error.description.grpc, details: error.code === 'internal' ? 'internal error' : error.message }
}

/** What the peer of a unary call answered, as an error; by the first code of the table that has that status. */
export function errorOfStatus({ code, details }: GrpcStatus): AppError {
  return new AppError(ERROR_OF_STATUS.get(code) ?? 'internal', details)
}

const ERROR_OF_STATUS: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [GRPC_STATUS.CANCELLED, 'cancelled'],
  [GRPC_STATUS.INVALID_ARGUMENT, 'invalid-argument'],
  [GRPC_STATUS.DEADLINE_EXCEEDED, 'timed-out'],
  [GRPC_STATUS.NOT_FOUND, 'not-found'],
  [GRPC_STATUS.ALREADY_EXISTS, 'already-exists'],
  [GRPC_STATUS.PERMISSION_DENIED, 'permission-denied'],
  [GRPC_STATUS.RESOURCE_EXHAUSTED, 'too-large'],
  [GRPC_STATUS.ABORTED, 'version-conflict'],
  [GRPC_STATUS.UNIMPLEMENTED, 'unimplemented'],
  [GRPC_STATUS.UNAVAILABLE, 'unavailable'],
  [GRPC_STATUS.UNAUTHENTICATED, 'unauthenticated'],
])

/**
 * The status that a server ends a stream with. Never OK: a Kuma zone takes OK on ZoneToGlobalSync for a graceful end and
 * does not come back (kds.md trap 1). Never CANCELLED where it is our wish: an admin stream so ended stays closed (trap 18).
 */
export function statusOfReason(reason: CloseReason): GrpcStatus {
  return { code: codeOfReason(reason), details: reason.kind === 'internal' ? 'internal error' : reason.detail }
}

function codeOfReason(reason: CloseReason): number {
  switch (reason.kind) {
    case 'peer-ended':
      return GRPC_STATUS.CANCELLED
    case 'undecodable':
    case 'protocol-error':
      return GRPC_STATUS.INVALID_ARGUMENT
    case 'too-large':
      return GRPC_STATUS.RESOURCE_EXHAUSTED
    case 'refused':
      return REFUSED[reason.code]
    case 'apply-failed':
    case 'internal':
      return GRPC_STATUS.INTERNAL
    case 'peer-lost':
    case 'superseded':
    case 'fell-behind':
    case 'not-writable':
    case 'zone-offline':
    case 'shutting-down':
      return GRPC_STATUS.UNAVAILABLE
    default:
      return unreachable(reason)
  }
}

const REFUSED = {
  unauthenticated: GRPC_STATUS.UNAUTHENTICATED,
  'permission-denied': GRPC_STATUS.PERMISSION_DENIED,
  'invalid-argument': GRPC_STATUS.INVALID_ARGUMENT,
  unavailable: GRPC_STATUS.UNAVAILABLE,
} as const

/** Why a client's stream ended, from the status that the server sent. The identity that is refused once is refused again. */
export function reasonOfStatus({ code, details: detail }: GrpcStatus): CloseReason {
  switch (code) {
    case GRPC_STATUS.UNAUTHENTICATED:
      return { kind: 'refused', code: 'unauthenticated', detail }
    case GRPC_STATUS.PERMISSION_DENIED:
      return { kind: 'refused', code: 'permission-denied', detail }
    case GRPC_STATUS.INVALID_ARGUMENT:
      return { kind: 'refused', code: 'invalid-argument', detail }
    default:
      return { kind: 'peer-ended', status: code, detail }
  }
}
