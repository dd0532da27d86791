import type { z } from 'zod'
import { AppError } from '../base/errors.js'
import { type InvalidParameter, InvalidParameters } from './problem.js'

/** The manager's own documents are a few words; what goes to a tenant's API has that one's limit. */
const BODY_BYTES_MAX = 64 * 1024

/** Throws `too-large`, `undecodable`, or `InvalidParameters` that name every fault. */
export function readBody<S extends z.ZodType>(bytes: Buffer, schema: S): z.output<S> {
  if (bytes.length > BODY_BYTES_MAX) throw new AppError('too-large', `the body is over ${BODY_BYTES_MAX} bytes`)
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new AppError('undecodable', 'the body is not JSON', { cause })
  }
  const parsed = schema.safeParse(value, { reportInput: true })
  if (parsed.success) return parsed.data
  throw new InvalidParameters(...parsed.error.issues.flatMap(parametersOf))
}

function parametersOf(issue: z.core.$ZodIssue): InvalidParameter[] {
  const at = { field: issue.path.join('.'), source: 'body' } as const
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        ...at,
        field: [...issue.path, key].join('.'),
        rule: 'unknown_property',
        reason: `${key} is not a known property`,
      }))
    case 'invalid_type':
      return issue.input === undefined
        ? [{ ...at, rule: 'required', reason: 'is a required field' }]
        : [{ ...at, rule: `is_${issue.expected}`, reason: `must be of type ${issue.expected}` }]
    case 'too_big':
      return [{ ...at, ...limit('max', issue.origin), maximum: Number(issue.maximum) }]
    case 'too_small':
      return [{ ...at, ...limit('min', issue.origin), minimum: Number(issue.minimum) }]
    case 'invalid_format':
      return [{ ...at, rule: issue.format === 'uuid' ? 'is_uuid' : 'matches_regex', reason: issue.message }]
    case 'invalid_value':
      return [
        { ...at, rule: 'enum', reason: `must be one of ${issue.values.join(', ')}`, choices: issue.values.map(String) },
      ]
    // What is wrong with the key of an entry; its path is the entry's.
    case 'invalid_key':
      return issue.issues.flatMap((inner) => parametersOf({ ...inner, path: issue.path }))
    case 'custom':
      return [{ ...at, rule: String(issue.params?.rule ?? 'invalid'), reason: issue.message }]
    default:
      return [{ ...at, rule: 'invalid', reason: issue.message }]
  }
}

function limit(end: 'min' | 'max', origin: string): { rule: string; reason: string } {
  const word = origin === 'string' ? 'length' : origin === 'array' || origin === 'record' ? 'items' : 'value'
  return { rule: `${end}_${word}`, reason: end === 'max' ? 'is over its maximum' : 'is under its minimum' }
}
