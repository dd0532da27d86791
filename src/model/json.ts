/** JSON values, and the one canonical text form that specs are stored, compared and sent in. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

/** Canonical JSON text: keys sorted by code unit, no spaces, `undefined` members dropped. Equal texts mean equal values. */
export type JsonText = string & { readonly __brand: 'JsonText' }

export function canonicalJson(value: Json): JsonText {
  return write(value) as JsonText
}

export const EMPTY_JSON_OBJECT = '{}' as JsonText

/** Throws SyntaxError on text that is not JSON; parse texts of peers inside a boundary that turns it into an AppError. */
export function parseJson(text: string): Json {
  return JSON.parse(text) as Json
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function write(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((item) => write(item ?? null)).join(',')}]`
  const object = value as JsonObject
  const members: string[] = []
  for (const key of Object.keys(object).sort()) {
    const member = object[key]
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${write(member)}`)
  }
  return `{${members.join(',')}}`
}
