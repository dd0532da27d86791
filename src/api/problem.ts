import { AppError, type Violation } from '../base/errors.js'
import type { JsonObject } from '../model/json.js'

/** What a step of a request was doing when it failed: Kuma's error titles name the step, not the cause. */
export class TitledError extends AppError {
  readonly title: string
  /** What is read instead of the fixed sentence that its code would get. */
  readonly detail: string | undefined

  constructor(title: string, cause: AppError, detail?: string) {
    super(cause.code, cause.message, { cause: cause.cause ?? cause, violations: cause.violations })
    this.name = 'TitledError'
    this.title = title
    this.detail = detail
  }
}

/** Runs one step of a request; its failure carries `title`, unless an inner step has named it already. */
export async function step<T>(title: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    if (thrown instanceof TitledError) throw thrown
    throw new TitledError(title, AppError.from(thrown))
  }
}

export interface Problem {
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly violations: readonly Violation[]
}

const GENERIC_TITLE = 'Could not process the request'

/** Kuma's mapping from causes to answers (`pkg/core/rest/errors/error_handler.go`). */
export function problemOf(error: AppError): Problem {
  const problem = problemOfCode(error)
  const detail = error instanceof TitledError ? error.detail : undefined
  return detail === undefined ? problem : { ...problem, detail }
}

function problemOfCode(error: AppError): Problem {
  const title = error instanceof TitledError ? error.title : GENERIC_TITLE
  const status = error.description.http
  const { violations, message } = error
  switch (error.code) {
    case 'not-found':
      return { status, title, detail: 'Not found', violations }
    case 'invalid-resource':
      return { status, title, detail: 'Resource is not valid', violations }
    case 'undecodable':
      return { status, title: 'Bad Request', detail: message, violations }
    case 'method-not-allowed':
      return { status, title: 'Method not allowed', detail: message, violations }
    case 'already-exists':
    case 'version-conflict':
      return { status, title: 'Conflict', detail: message, violations }
    case 'permission-denied':
      return { status, title: 'Access Denied', detail: message, violations }
    case 'unauthenticated':
      return { status, title: 'Invalid authentication data', detail: 'Unauthenticated', violations }
    case 'unavailable':
      return { status, title: 'Service unavailable', detail: message, violations }
    case 'internal':
    case 'store-corrupt':
    case 'store-newer':
    case 'store-locked':
      return { status, title, detail: 'Internal Server Error', violations: [] }
    default:
      return { status, title, detail: message, violations }
  }
}

/** The body of an error. `details` and `causes` repeat `detail` and `invalid_parameters` for older clients, as Kuma does. */
export function problemJson({ status, title, detail, violations }: Problem): JsonObject {
  const named = violations.length > 0
  return {
    type: '/std-errors',
    status,
    title,
    detail,
    ...(named && { invalid_parameters: violations.map(({ field, reason }) => ({ field, reason })) }),
    details: detail,
    ...(named && { causes: violations.map(({ field, reason }) => ({ field, message: reason })) }),
  }
}

/** A list parameter or a resource that breaks a rule; `detail` of the answer is Kuma's fixed sentence. */
export function invalidResource(...violations: readonly Violation[]): AppError {
  return new AppError('invalid-resource', 'Resource is not valid', { violations })
}
