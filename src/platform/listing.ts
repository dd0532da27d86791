import type { Json, JsonObject } from '../model/json.js'
import { type InvalidParameter, InvalidParameters } from './problem.js'

/** Konnect documents no default; this is what its other lists have. */
const PAGE_SIZE_DEFAULT = 10
const PAGE_SIZE_MAX = 1_000

export const FILTER_OPERATIONS = ['eq', 'neq', 'contains', 'oeq', 'ocontains'] as const
export type FilterOperation = (typeof FILTER_OPERATIONS)[number]

/** By field of the query: what it can be compared with, and how. `labels` takes a key after a dot. */
export type Filterable<T> = Readonly<
  Record<
    string,
    { readonly operations: readonly FilterOperation[]; readonly value: (item: T, key: string) => string | undefined }
  >
>

/**
 * One page of what passes the filters, in Konnect's form. Throws `InvalidParameters` for pages and filters that it does not
 * know.
 */
export function listPage<T>(
  items: readonly T[],
  query: URLSearchParams,
  filterable: Filterable<T>,
  show: (item: T) => Json,
): JsonObject {
  const faults: InvalidParameter[] = []
  const size = pageNumber(query, 'size', PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, faults)
  const number = pageNumber(query, 'number', 1, Number.MAX_SAFE_INTEGER, faults)
  const tests = [...query].flatMap(([name, value]) => filterOf(name, value, filterable, faults))
  if (faults.length > 0) throw new InvalidParameters(...faults)
  const passing = items.filter((item) => tests.every((test) => test(item)))
  const from = (number - 1) * size
  return {
    meta: { page: { number, size, total: passing.length } },
    data: passing.slice(from, from + size).map(show),
  }
}

function pageNumber(
  query: URLSearchParams,
  name: 'size' | 'number',
  fallback: number,
  max: number,
  faults: InvalidParameter[],
): number {
  const text = query.get(`page[${name}]`)
  if (text === null) return fallback
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= 1 && number <= max) return number
  faults.push({
    field: `page[${name}]`,
    rule: 'invalid',
    reason: `must be a whole number from 1 to ${max}`,
    source: 'query',
  })
  return fallback
}

const FILTER = /^filter\[([^[\]]+)\](?:\[([^[\]]+)\])?$/

function filterOf<T>(
  name: string,
  wanted: string,
  filterable: Filterable<T>,
  faults: InvalidParameter[],
): ((item: T) => boolean)[] {
  if (!name.startsWith('filter')) return []
  const [, field = '', operation = 'eq'] = FILTER.exec(name) ?? []
  const dot = field.indexOf('.')
  const known = Object.hasOwn(filterable, dot < 0 ? field : field.slice(0, dot))
    ? filterable[dot < 0 ? field : field.slice(0, dot)]
    : undefined
  const at = { field: `[filter][${field || name}][${operation}]`, source: 'query', rule: 'invalid' } as const
  if (!known) {
    faults.push({ ...at, reason: `[${field || name}] cannot be filtered by` })
    return []
  }
  if (!known.operations.some((candidate) => candidate === operation)) {
    faults.push({ ...at, reason: `[${operation}] is not a supported filter operation` })
    return []
  }
  const key = dot < 0 ? '' : field.slice(dot + 1)
  return [(item) => holds(operation as FilterOperation, known.value(item, key), wanted)]
}

/** The `o` operations take several values with commas between; one that fits is enough. */
function holds(operation: FilterOperation, value: string | undefined, wanted: string): boolean {
  const any = wanted.split(',')
  switch (operation) {
    case 'eq':
      return value === wanted
    case 'neq':
      return value !== wanted
    case 'contains':
      return value?.includes(wanted) ?? false
    case 'oeq':
      return value !== undefined && any.includes(value)
    case 'ocontains':
      return value !== undefined && any.some((part) => value.includes(part))
  }
}
