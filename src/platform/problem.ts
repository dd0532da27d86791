import { AppError } from '../base/errors.js'
import type { JsonObject } from '../model/json.js'
import { DatabaseAway } from '../store/database-away.js'

/** Where in a request a parameter was. */
export type Source = 'body' | 'query' | 'path' | 'header'

/** One entry of `invalid_parameters`; `rule` and what goes with it are Konnect's words (auth.md §2.3). */
export interface InvalidParameter {
  readonly field: string
  readonly reason: string
  readonly rule?: string
  readonly source?: Source
  readonly minimum?: number
  readonly maximum?: number
  readonly choices?: readonly string[]
}

/** A request whose parameters break rules, all of them named. */
export class InvalidParameters extends AppError {
  readonly parameters: readonly InvalidParameter[]

  constructor(...parameters: readonly InvalidParameter[]) {
    super('invalid-argument', parameters.map(({ field, reason }) => `${field}: ${reason}`).join('; '), {
      violations: parameters,
    })
    this.name = 'InvalidParameters'
    this.parameters = parameters
  }
}

export const PROBLEM_TYPE = 'application/problem+json'

interface Words {
  readonly title: string
  readonly type?: string
  /** Instead of the error's own message, which would say more than the caller may know. */
  readonly detail?: string
}

const TYPES = 'https://kongapi.info/konnect'

const WORDS: Readonly<Record<number, Words>> = {
  400: { title: 'Bad Request', type: `${TYPES}/bad-request` },
  401: { title: 'Unauthenticated', type: `${TYPES}/unauthenticated`, detail: 'A valid token is required' },
  403: { title: 'Forbidden', type: `${TYPES}/unauthorized`, detail: 'Permission denied' },
  404: { title: 'Not Found', type: `${TYPES}/not-found`, detail: 'Not found' },
  409: { title: 'Conflict', type: `${TYPES}/conflict` },
  413: { title: 'Payload Too Large' },
  429: { title: 'Too Many Requests' },
  503: { title: 'Service Unavailable' },
  507: { title: 'Insufficient Storage', detail: 'No space is left; nothing was written' },
}
const DATABASE_AWAY: Words = {
  title: 'Service Unavailable',
  detail: 'The database is away; look whether this was done before you try again',
}
const INTERNAL: Words = { title: 'Internal Server Error', detail: 'Something went wrong; the log says what' }

/** Konnect's error body. `trace` is the request's id. */
export function problemJson(error: AppError, trace: string): JsonObject {
  const status = error.description.http
  const { title, type, detail } = error instanceof DatabaseAway ? DATABASE_AWAY : (WORDS[status] ?? INTERNAL)
  const parameters = error instanceof InvalidParameters ? error.parameters : []
  return {
    status,
    title,
    ...(type !== undefined && { type }),
    instance: `konnect:trace:${trace}`,
    detail: detail ?? (parameters.length > 0 ? 'Invalid Parameters' : error.message),
    ...(parameters.length > 0 && { invalid_parameters: parameters.map((parameter) => ({ ...parameter })) }),
  } as JsonObject
}
