import type { Method } from './route.js'

const JSON_TYPE = 'application/json'

/**
 * What Kuma's router (go-restful) takes as JSON: the header may be missing only where a body has no meaning, a wrong one
 * is refused on every verb, and parameters after `;` do not matter.
 */
export function isJsonContent(contentType: string | undefined, method: Method): boolean {
  if (contentType === undefined || contentType === '') return method === 'GET' || method === 'DELETE'
  return mediaTypes(contentType).includes(JSON_TYPE)
}

/** Its reading of `Accept`: exactly JSON or everything; `application/*` is neither. */
export function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept === '') return true
  return mediaTypes(accept).some((type) => type === JSON_TYPE || type === '*/*')
}

function mediaTypes(header: string): readonly string[] {
  return header.split(',').map((part) => (part.split(';', 1)[0] ?? '').trim())
}
