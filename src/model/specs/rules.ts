import type { Violation } from '../../base/errors.js'
import { isDnsName, isIpAddress } from '../dns-names.js'
import { parseDuration } from '../duration.js'
import type { IntOrString } from './fields.js'

/** The words that clients compare (kuma `pkg/core/validators/messages.go`). */
export const REASON = {
  defined: 'must be defined',
  notDefined: 'must not be defined',
  set: 'must be set',
  notSet: 'must not be set',
  notEmpty: 'must not be empty',
  definedAndPositive: 'must be defined and greater than zero',
  greaterThanZero: 'must be greater than 0',
  validPort: 'port must be a valid (1-65535)',
} as const

export function violation(field: string, reason: string): Violation[] {
  return [{ field, reason }]
}

/** Moves violations under a field: `at('to', [{field: '[0].kind'}])` is about `to[0].kind`. */
export function at(prefix: string, violations: readonly Violation[]): Violation[] {
  return violations.map(({ field, reason }) => ({ field: joinPath(prefix, field), reason }))
}

/** A check of each item, under `prefix[i]`. */
export function each<Item>(
  prefix: string,
  items: readonly Item[] | undefined,
  check: (item: Item, index: number) => readonly Violation[],
): Violation[] {
  return (items ?? []).flatMap((item, index) => at(`${prefix}[${index}]`, check(item, index)))
}

function joinPath(prefix: string, field: string): string {
  if (prefix === '' || field === '' || field.startsWith('[')) return prefix + field
  return `${prefix}.${field}`
}

/** `value "x" must be one of …`: Kuma's wording for an enum that the schema does not close. */
export function mustBeOneOf(what: string, allowed: readonly string[]): string {
  return `${what} must be one of: ${allowed.join(', ')}`
}

export function atLeastOneOf(...allowed: string[]): string {
  return `must have at least one defined: ${allowed.join(', ')}`
}

export function onlyOneOf(what: string, ...allowed: string[]): string {
  return `${what} must have only one type defined: ${allowed.join(', ')}`
}

export function exactlyOneOf(what: string, ...allowed: string[]): string {
  return `${what} must have exactly one defined: ${allowed.join(', ')}`
}

export function inRange(low: number | string, high: number | string): string {
  return `must be in inclusive range [${low}, ${high}]`
}

/** A duration above zero, if there is one. */
export function positive(field: string, value: string | undefined): Violation[] {
  return value !== undefined && parseDuration(value) <= 0n
    ? violation(field, 'must be greater than zero when defined')
    : []
}

export function notNegative(field: string, value: string | undefined): Violation[] {
  return value !== undefined && parseDuration(value) < 0n ? violation(field, 'must not be negative when defined') : []
}

export function positiveNumber(field: string, value: number | undefined): Violation[] {
  return value !== undefined && value <= 0 ? violation(field, REASON.greaterThanZero) : []
}

export function wholePercentage(field: string, value: number | undefined): Violation[] {
  return value !== undefined && (value < 0 || value > 100) ? violation(field, inRange(0, 100)) : []
}

/** A percentage that may be a decimal in a string. */
export function percentage(field: string, value: IntOrString | undefined, zeroAllowed = true): Violation[] {
  if (value === undefined) return []
  const number = decimalOf(value)
  if (number === undefined) return violation(field, 'string must be a valid number')
  if (number < 0 || number > 100) return violation(field, inRange('0.0', '100.0'))
  return !zeroAllowed && number === 0 ? violation(field, REASON.greaterThanZero) : []
}

/** The number that a field of type integer-or-string holds; undefined when the string is no decimal number. */
export function decimalOf(value: IntOrString): number | undefined {
  if (typeof value === 'number') return value
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value) ? Number(value) : undefined
}

/** For ports that the schema does not bound. */
export function validPort(field: string, value: number): Violation[] {
  return value < 1 || value > 65535 ? violation(field, REASON.validPort) : []
}

export function httpStatus(field: string, status: number): Violation[] {
  return status < 100 || status >= 600 ? violation(field, inRange(100, 599)) : []
}

const UNIX_PATH = /^(\/[^/\0]*)+\/?$/
const WINDOWS_PATH = /^[a-zA-Z]:\\(?:[^\\/:*?"<>|\r\n]+\\)*[^\\/:*?"<>|\r\n]*$/

export function isFilePath(value: string): boolean {
  return UNIX_PATH.test(value) || WINDOWS_PATH.test(value)
}

/** Loosely a URL, or a host with an optional port: what people write as an address (govalidator `IsURL`). */
export function isUrl(value: string): boolean {
  // Without a scheme or port it has to look like a host name and not like a word.
  if (!/[:.]/.test(value)) return false
  const parts =
    /^(?:(?:ftp|tcp|udp|wss?|https?):\/\/)?(?:\S+(?::\S*)?@)?(\[[^\]]+\]|[^:/?#\s[\]]+)(?::(\d{1,5}))?(?:[/?#]\S*)?$/
  const [, host = '', port = '1'] = parts.exec(value) ?? []
  if (host === '' || value.length < 3 || value.startsWith('.') || Number(port) < 1 || Number(port) > 65535) return false
  if (host.startsWith('[')) return isIpAddress(host.slice(1, -1))
  const looksNumeric = /(^|\.)\d+$/.test(host)
  return isIpAddress(host) || (!host.startsWith('-') && !looksNumeric && isDnsName(host))
}
