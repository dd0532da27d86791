import { constants, type IncomingHttpHeaders } from 'node:http2'
import { GRPC_STATUS } from '../../base/errors.js'
import type { GrpcStatus } from '../../wire/status.js'
import { ENCODINGS, type Encoding } from './message-reader.js'

/** What became of a response: its messages can be read, or the call is over before any. */
export type Reception =
  | { readonly kind: 'accepted'; readonly encoding: Encoding }
  | { readonly kind: 'refused'; readonly status: GrpcStatus }

/** By the headers that a response begins with. */
export function receptionOf(headers: IncomingHttpHeaders): Reception {
  const refused = (status: GrpcStatus): Reception => ({ kind: 'refused', status })
  if (Number(headers[':status']) !== 200) return refused(statusOfHttp(headers))
  const contentType = String(headers['content-type'])
  if (!contentType.startsWith('application/grpc'))
    return refused({ code: GRPC_STATUS.UNKNOWN, details: 'the answer is not gRPC: is this another server?' })
  const name = headers['grpc-encoding'] ?? 'identity'
  const encoding = ENCODINGS.find((each) => each === name)
  if (encoding) return { kind: 'accepted', encoding }
  return refused({ code: GRPC_STATUS.INTERNAL, details: 'the answer is compressed in a way that was not offered' })
}

/** By the fields that a response ends with; its only ones if it has no message. */
export function statusOfTrailers(fields: IncomingHttpHeaders): GrpcStatus {
  const code = fields['grpc-status']
  if (typeof code !== 'string' || !/^\d{1,3}$/.test(code)) return statusOfHttp(fields)
  return { code: Number(code), details: decoded(String(fields['grpc-message'] ?? '')) }
}

/** By what the HTTP status stands for (https://grpc.github.io/grpc/core/md_doc_http-grpc-status-mapping.html). */
function statusOfHttp(fields: IncomingHttpHeaders): GrpcStatus {
  const status = Number(fields[':status'] ?? 200)
  if (status === 200) return { code: GRPC_STATUS.UNKNOWN, details: 'the call ended without a gRPC status' }
  return { code: OF_HTTP.get(status) ?? GRPC_STATUS.UNKNOWN, details: `the server answered with HTTP status ${status}` }
}

const OF_HTTP: ReadonlyMap<number, number> = new Map([
  [400, GRPC_STATUS.INTERNAL],
  [401, GRPC_STATUS.UNAUTHENTICATED],
  [403, GRPC_STATUS.PERMISSION_DENIED],
  [404, GRPC_STATUS.UNIMPLEMENTED],
  [429, GRPC_STATUS.UNAVAILABLE],
  [502, GRPC_STATUS.UNAVAILABLE],
  [503, GRPC_STATUS.UNAVAILABLE],
  [504, GRPC_STATUS.UNAVAILABLE],
])

/** By the code that the server reset the stream with (gRPC over HTTP/2, Errors). */
export function statusOfReset(code: number): GrpcStatus {
  const known = OF_RESET.get(code)
  return known ?? { code: GRPC_STATUS.INTERNAL, details: `the server reset the call with HTTP/2 error ${code}` }
}

const OF_RESET: ReadonlyMap<number, GrpcStatus> = new Map([
  [
    constants.NGHTTP2_NO_ERROR,
    { code: GRPC_STATUS.INTERNAL, details: 'the server ended the call without a gRPC status' },
  ],
  [
    constants.NGHTTP2_REFUSED_STREAM,
    { code: GRPC_STATUS.UNAVAILABLE, details: 'the server did not take the call (REFUSED_STREAM)' },
  ],
  [constants.NGHTTP2_CANCEL, { code: GRPC_STATUS.CANCELLED, details: 'the server cancelled the call' }],
  [
    constants.NGHTTP2_ENHANCE_YOUR_CALM,
    { code: GRPC_STATUS.RESOURCE_EXHAUSTED, details: 'the server is overloaded (ENHANCE_YOUR_CALM)' },
  ],
  [
    constants.NGHTTP2_INADEQUATE_SECURITY,
    { code: GRPC_STATUS.PERMISSION_DENIED, details: 'the connection is not secure enough for the server' },
  ],
])

/** Percent-encoded UTF-8 (gRPC over HTTP/2, Status-Message); what is not stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
