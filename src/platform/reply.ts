import { JSON_TYPE, type Reply } from '../api/reply.js'
import type { Json } from '../model/json.js'

export function answer(value: Json, status = 200): Reply {
  return { status, contentType: JSON_TYPE, body: JSON.stringify(value) }
}

export const NO_CONTENT: Reply = { status: 204, body: '' }

/** RFC 3339, as Konnect's times are. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
