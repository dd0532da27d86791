import { canonicalJson, isJsonObject, type Json } from '../model/json.js'

/** One operation of a JSON patch (RFC 6902). */
export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }

/** The patch that makes `after` out of `before`: objects member by member, anything else as a whole. */
export function jsonDiff(before: Json, after: Json, path = ''): readonly PatchOperation[] {
  if (isJsonObject(before) && isJsonObject(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap((key) => {
      const at = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
      const [was, is] = [before[key], after[key]]
      if (is === undefined) return was === undefined ? [] : [{ op: 'remove', path: at } as const]
      return was === undefined ? [{ op: 'add', path: at, value: is } as const] : jsonDiff(was, is, at)
    })
  }
  return canonicalJson(before) === canonicalJson(after) ? [] : [{ op: 'replace', path, value: after }]
}
