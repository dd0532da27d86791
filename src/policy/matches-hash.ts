import { createHash } from 'node:crypto'
import type { JsonObject } from '../model/json.js'
import type { MeshHTTPRouteMatch } from '../model/specs/mesh-http-route.js'

/** Kuma's name for the matches of a rule: SHA-256 of their JSON as Go prints it, in base64 (kuma `HashMatches`). */
export function matchesHash(matches: readonly (MeshHTTPRouteMatch | JsonObject)[]): string {
  const ordered = (matches as readonly MeshHTTPRouteMatch[]).map(inGoOrder)
  return createHash('sha256')
    .update(goEscaped(JSON.stringify(ordered)))
    .digest('base64')
}

/** Members in the order of Kuma's structs. */
function inGoOrder({ path, method, queryParams, headers }: MeshHTTPRouteMatch): object {
  return {
    path: path && { value: path.value, type: path.type },
    method,
    queryParams: queryParams?.map(({ type, name, value }) => ({ type, name, value })),
    headers: headers?.map(({ type, name, value }) => ({ type, name, value: value || undefined })),
  }
}

/** Go's encoder writes these so that its output may stand inside HTML (encoding/json `HTMLEscape`). */
function goEscaped(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
