/**
 * Every error zonelab can report, in one closed table: what it means, whether trying again can help,
 * and the status it becomes on gRPC and on HTTP. `docs/errors.md` is generated from it.
 */
export interface ErrorDescription {
  readonly meaning: string
  readonly retryable: boolean
  /** gRPC status code number (https://grpc.github.io/grpc/core/md_doc_statuscodes.html). */
  readonly grpc: number
  readonly http: number
}

export const GRPC_STATUS = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const

const S = GRPC_STATUS

export const ERRORS = {
  'invalid-argument': row('A request, flag or document is malformed', false, S.INVALID_ARGUMENT, 400),
  'invalid-resource': row('A resource breaks a rule of its type; the fields are named', false, S.INVALID_ARGUMENT, 400),
  'invalid-topology': row(
    'A topology file has a mistake; file, line and column are named',
    false,
    S.INVALID_ARGUMENT,
    400,
  ),
  unauthenticated: row('No credential, or one that does not hold', false, S.UNAUTHENTICATED, 401),
  'permission-denied': row('The credential holds but does not allow this', false, S.PERMISSION_DENIED, 403),
  'not-found': row('The named thing does not exist', false, S.NOT_FOUND, 404),
  'method-not-allowed': row('This control plane may not write this type', false, S.UNIMPLEMENTED, 405),
  'unsupported-media-type': row('The body is not JSON', false, S.INVALID_ARGUMENT, 415),
  'already-exists': row('Something of that name is there already', false, S.ALREADY_EXISTS, 409),
  'version-conflict': row('The resource changed since it was read', true, S.ABORTED, 409),
  'too-large': row('A message or body is over its limit; the limit is named', false, S.RESOURCE_EXHAUSTED, 413),
  undecodable: row('Bytes from a peer do not decode', false, S.INVALID_ARGUMENT, 400),
  overloaded: row('A bounded queue is full', true, S.RESOURCE_EXHAUSTED, 429),
  unimplemented: row('The peer asked for something that is not offered', false, S.UNIMPLEMENTED, 501),
  unavailable: row('A part that this needs is not reachable or is shutting down', true, S.UNAVAILABLE, 503),
  superseded: row('A newer stream of the same zone and kind has taken over', true, S.UNAVAILABLE, 503),
  'zone-offline': row('The zone that would answer is not connected', true, S.UNAVAILABLE, 400),
  'timed-out': row('No answer within the time allowed', true, S.DEADLINE_EXCEEDED, 504),
  cancelled: row('The caller went away', false, S.CANCELLED, 499),
  'store-corrupt': row('The database file is damaged; it is left untouched', false, S.INTERNAL, 500),
  'store-newer': row('The database was written by a newer zonelab', false, S.FAILED_PRECONDITION, 500),
  'store-locked': row('A live process owns the data directory', false, S.FAILED_PRECONDITION, 500),
  'store-full': row('The disk is full; nothing was lost and reads go on', true, S.UNAVAILABLE, 507),
  'port-taken': row('A port asked for by flag is in use', false, S.FAILED_PRECONDITION, 500),
  'guard-rail': row('Refused for safety; the message names the flag that allows it', false, S.FAILED_PRECONDITION, 400),
  'unsupported-node': row('This Node.js is too old', false, S.FAILED_PRECONDITION, 500),
  internal: row('A mistake of ours; please report it', false, S.INTERNAL, 500),
} as const satisfies Record<string, ErrorDescription>

export type ErrorCode = keyof typeof ERRORS

function row(meaning: string, retryable: boolean, grpc: number, http: number): ErrorDescription {
  return { meaning, retryable, grpc, http }
}

/** One violated rule of a resource, request or document. `field` is a path such as `spec.to[0].default.http`. */
export interface Violation {
  readonly field: string
  readonly reason: string
}

export interface AppErrorOptions {
  readonly cause?: unknown
  readonly violations?: readonly Violation[]
}

/**
 * The only error class that crosses a module border. The message says what happened, to what, and what to do;
 * it never holds a secret. `cause` is for logs and is never sent to a peer.
 */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly violations: readonly Violation[]

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.violations = options.violations ?? []
  }

  get description(): ErrorDescription {
    return ERRORS[this.code]
  }

  /** The one door from anything thrown. What is not an AppError is a mistake of ours: `internal`. */
  static from(thrown: unknown): AppError {
    if (thrown instanceof AppError) return thrown
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    return new AppError('internal', message, { cause: thrown })
  }
}
