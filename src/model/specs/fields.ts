import { z } from 'zod'
import { AppError } from '../../base/errors.js'
import { formatDuration, parseDuration } from '../duration.js'
import type { Json } from '../json.js'

/**
 * The scalar fields of plugin specs. A field accepts what Kuma's OpenAPI schema accepts and yields what Kuma stores:
 * what Go would refuse after the schema has passed carries `undecodable` in its issue.
 */
export interface UndecodableParams {
  readonly undecodable: string
}

/** A Go duration; stored in Go's own form (`2h` becomes `2h0m0s`). */
export const duration = z.string().transform((text, context) => {
  try {
    return formatDuration(parseDuration(text))
  } catch (error) {
    const params: UndecodableParams = { undecodable: AppError.from(error).message }
    context.addIssue({ code: 'custom', params })
    return z.NEVER
  }
})

/** OpenAPI `integer` of format int32. */
export const int32 = z.int32()

/** Declared int32 in the schema, an unsigned integer in Go: a negative one passes the first and fails the second. */
export const uint32 = z.int32().check((context) => {
  if (context.value >= 0) return
  const undecodable = `json: cannot unmarshal number ${context.value} into Go value of type uint32`
  context.issues.push({ code: 'custom', input: context.value, params: { undecodable } })
})

/** A number, or a decimal in a string: percentages and factors. */
export const intOrString = z.union([z.int(), z.string()])
export type IntOrString = z.infer<typeof intOrString>

export const stringMap = z.record(z.string(), z.string())

/** Free-form JSON that is kept as it came. */
export const anyJson = z.custom<Json>((value) => value !== undefined)

/** An HTTP header name: lower case, RFC 7230 token characters. */
export const headerName = z
  .string()
  .min(1, { abort: true })
  .max(256, { abort: true })
  .regex(/^[a-z0-9!#$%&'*+\-.^_\x60|~]+$/)

/** A port number that the schema bounds. */
export const portNumber = z.int32().min(1).max(65535)
