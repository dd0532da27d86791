/**
 * What a call came to, in one word that a case can expect. `OK`: a stream that stays open, a unary call that is answered.
 * `CONNECTION`: refused below gRPC, by a reset, a goodbye, a closed connection or a failed handshake.
 * `TIMEOUT`: nothing happened until the deadline.
 */
export const ANSWERS = [
  'OK',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'INVALID_ARGUMENT',
  'RESOURCE_EXHAUSTED',
  'UNAVAILABLE',
  'UNIMPLEMENTED',
  'CANCELLED',
  'OTHER',
  'CONNECTION',
  'TIMEOUT',
] as const
export type Answer = (typeof ANSWERS)[number]
