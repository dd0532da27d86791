import type { z } from 'zod'
import type { Violation } from '../../base/errors.js'
import type { UndecodableParams } from './fields.js'

/**
 * What a schema finds, in the words of Kuma's OpenAPI validator (`k8s.io/kube-openapi/pkg/validation/errors`), in its
 * order: by text. What is not about a field below `spec` has the empty field, as Kuma sends it.
 */
export interface SchemaFaults {
  readonly violations: readonly Violation[]
  /** Set when the schema holds and Go's decoder would still refuse: its message. */
  readonly undecodable: string | undefined
}

type Issue = z.core.$ZodIssue

/** `issues` must come from a parse of the spec with `reportInput`. */
export function schemaFaults(issues: readonly Issue[]): SchemaFaults {
  const undecodable: Violation[] = []
  const texts: string[] = []
  // Zod also measures the length of what should not have had one.
  const mistyped = new Set(issues.filter(({ code }) => code === 'invalid_type').map(({ path }) => fieldPath(path)))
  for (const issue of issues) {
    const path = fieldPath(issue.path)
    if ((issue.code === 'too_small' || issue.code === 'too_big') && mistyped.has(path)) continue
    if (issue.code === 'custom') {
      const { undecodable: reason } = issue.params as unknown as UndecodableParams
      undecodable.push({ field: path, reason })
    } else {
      texts.push(...issueTexts(issue, path))
    }
  }
  if (texts.length > 0) return { violations: texts.sort().map(toViolation), undecodable: undefined }
  return { violations: undecodable, undecodable: undecodable[0]?.reason }
}

function fieldPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key)}`),
    'spec',
  )
}

function toViolation(text: string): Violation {
  const space = text.indexOf(' ')
  const about = text.slice(0, space)
  return about.startsWith('spec.') ? { field: about, reason: text.slice(space + 1) } : { field: '', reason: text }
}

function issueTexts(issue: Issue, path: string): string[] {
  if (issue.input === undefined) return [`${path.includes('.') ? path : `.${path}`} in body is required`]
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int'
        ? fractionTexts('format' in issue ? String(issue.format) : '', path)
        : typeTexts(issue.expected, issue.input, path)
    case 'invalid_value': {
      const expected = typeof issue.values[0]
      const enumText = `${path} in body should be one of [${issue.values.join(' ')}]`
      return typeof issue.input === expected ? [enumText] : [...typeTexts(expected, issue.input, path), enumText]
    }
    case 'invalid_union': {
      // Integer or string: the validator says that none held, and what was wrong with the first.
      const none = `"${path}" must validate at least one schema (anyOf)`
      const isNumber = typeof issue.input === 'number'
      return [none, ...(isNumber ? fractionTexts('', path) : [mustBe(path, 'integer', typeName(issue.input))])]
    }
    case 'too_small':
      return issue.minimum === INT32_MIN
        ? [formatText('with format int32', path)]
        : [`${path} in body should ${bound(issue.origin, 'least', issue.minimum)}`]
    case 'too_big':
      return issue.maximum === INT32_MAX
        ? [formatText('with format int32', path)]
        : [`${path} in body should ${bound(issue.origin, 'most', issue.maximum)}`]
    case 'invalid_format':
      return [`${path} in body should match '${unslashed(issue.pattern ?? '')}'`]
    default:
      return [`${path} in body is invalid: ${issue.message}`]
  }
}

/** Every number in a spec is an integer, nearly every one an int32. */
function typeTexts(expected: string, input: unknown, path: string): string[] {
  if (expected === 'record') return [mustBe(path, 'object', typeName(input))]
  if (expected !== 'number') return [mustBe(path, expected, typeName(input))]
  const isNamed = input === null || typeof input === 'string' || Array.isArray(input)
  return [isNamed ? mustBe(path, 'integer', typeName(input)) : mustBe(path, 'int32', '')]
}

/** A number that is no integer of the format: the validator names the format and then, in Go's words, the type. */
function fractionTexts(format: string, path: string): string[] {
  return format === 'int32'
    ? [formatText('with format int32', path), mustBe(path, 'int32', 'float64')]
    : [formatText('(default format)', path), mustBe(path, 'integer', 'number')]
}

function formatText(format: string, path: string): string {
  return `Checked value must be of type integer ${format} in ${path}`
}

function mustBe(path: string, expected: string, given: string): string {
  return `${path} in body must be of type ${expected}: "${given}"`
}

function typeName(input: unknown): string {
  if (input === null) return 'null'
  return Array.isArray(input) ? 'array' : typeof input
}

function bound(origin: string, side: 'least' | 'most', limit: number | bigint): string {
  if (origin === 'string') return `be at ${side} ${limit} chars long`
  if (origin === 'array') return `have at ${side} ${limit} items`
  return `be ${side === 'least' ? 'greater' : 'less'} than or equal to ${goFloat(Number(limit))}`
}

/** The validator's numbers are Go floats, printed with `%v`: an exponent from a million on. */
function goFloat(value: number): string {
  if (Math.abs(value) < 1e6) return String(value)
  return value.toExponential().replace(/e\+(\d)$/, 'e+0$1')
}

const INT32_MIN = -(2 ** 31)
const INT32_MAX = 2 ** 31 - 1

/** Zod gives a pattern as a literal, `/…/`. */
function unslashed(pattern: string): string {
  return pattern.startsWith('/') ? pattern.slice(1, pattern.lastIndexOf('/')) : pattern
}
