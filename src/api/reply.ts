import type { Json } from '../model/json.js'

/** What a handler answers with. */
export interface Reply {
  readonly status: number
  /** Absent when there is no body. */
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

export const JSON_TYPE = 'application/json'

/** JSON as Kuma prints it: indented by one space, a newline at the end. */
export function json(value: Json, status = 200): Reply {
  return { status, contentType: JSON_TYPE, body: `${JSON.stringify(value, null, 1)}\n` }
}

export function text(body: string | Buffer, contentType = 'text/plain'): Reply {
  return { status: 200, contentType, body }
}
