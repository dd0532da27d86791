import { isJsonObject, type Json, type JsonObject, parseJson } from '../model/json.js'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The object that these bytes spell, or undefined when they are not one JSON object in valid UTF-8 without a byte order
 * mark, when a member name comes twice anywhere (RFC 7515 §4 lets a reader refuse; parsers that keep the last one can be
 * told two different stories), or when a number overflows to infinity.
 */
export function parseStrictJsonObject(bytes: Uint8Array): JsonObject | undefined {
  let text: string
  let value: Json
  try {
    text = utf8.decode(bytes)
    value = parseJson(text)
  } catch {
    return undefined
  }
  if (!isJsonObject(value) || hasRepeatedMember(text) || hasInfiniteNumber(value)) return undefined
  return value
}

/** In valid JSON these tokens are all that is needed: whole strings (with the colon after a member name) and brackets. */
const TOKEN = /"(?:[^"\\]|\\.)*"(?<colon>\s*:)?|[{}[\]]/g

function hasRepeatedMember(validJson: string): boolean {
  const open: Set<string>[] = []
  for (const match of validJson.matchAll(TOKEN)) {
    const token = match[0]
    if (token === '{' || token === '[') open.push(new Set())
    else if (token === '}' || token === ']') open.pop()
    else if (match.groups?.colon !== undefined) {
      const names = open.at(-1)
      const name = parseJson(token.slice(0, token.lastIndexOf('"') + 1)) as string
      if (names?.has(name)) return true
      names?.add(name)
    }
  }
  return false
}

/** Walks with a list of its own: ten thousand levels must not exhaust the call stack. */
function hasInfiniteNumber(value: Json): boolean {
  const pending: (Json | undefined)[] = [value]
  while (pending.length > 0) {
    const next = pending.pop()
    if (typeof next === 'number' && !Number.isFinite(next)) return true
    if (typeof next === 'object' && next !== null) for (const member of Object.values(next)) pending.push(member)
  }
  return false
}
