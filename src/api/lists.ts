import { AppError, type Violation } from '../base/errors.js'
import type { Labels } from '../model/labels.js'
import { invalidResource } from './problem.js'
import type { ApiRequest } from './route.js'

export interface Page {
  readonly size: number
  readonly offset: number
}

const PAGE_SIZE_DEFAULT = 100
const PAGE_SIZE_MAX = 1000
/** What Go's strconv.Atoi takes. */
const INTEGER = /^[+-]?\d+$/

/** The `size` of a list. Throws `invalid-argument`, worded as Kuma does. */
export function readPageSize(query: URLSearchParams): number {
  const given = query.get('size') ?? ''
  if (given === '') return PAGE_SIZE_DEFAULT
  const size = Number(given)
  if (!INTEGER.test(given) || !Number.isSafeInteger(size)) throw invalidPageSize('invalid format')
  if (size <= 0) throw invalidPageSize('must be greater than 0')
  if (size > PAGE_SIZE_MAX) {
    throw invalidPageSize(`invalid page size of ${size}. Maximum page size is ${PAGE_SIZE_MAX}`)
  }
  return size
}

function invalidPageSize(reason: string): AppError {
  return new AppError('invalid-argument', 'Invalid page size', { violations: [{ field: 'size', reason }] })
}

/** The `offset` of a list: for clients an opaque token out of `next`, for us how many items are before the page. */
export function readOffset(query: URLSearchParams): number {
  const given = query.get('offset') ?? ''
  if (given === '') return 0
  const offset = Number(given)
  if (INTEGER.test(given) && Number.isSafeInteger(offset) && offset >= 0) return offset
  const reason = `strconv.Atoi: parsing ${JSON.stringify(given)}: invalid syntax`
  throw new AppError('invalid-argument', `invalid: invalid offset: ${reason}`)
}

export interface PageOf<T> {
  readonly total: number
  readonly items: readonly T[]
  /** The next page's URL; null on the last. */
  readonly next: string | null
}

/** Cuts a page out of all that matches. */
export function pageOf<T>(all: readonly T[], { size, offset }: Page, request: ApiRequest): PageOf<T> {
  const end = offset + size
  const next = end < all.length ? nextLink(request, end) : null
  return { total: all.length, items: all.slice(offset, end), next }
}

/** Absolute, with the query's keys in order and the rest of it kept (kuma `pkg/api-server/pagination.go`). */
function nextLink({ query, origin }: ApiRequest, offset: number): string {
  const pairs = [...query].filter(([key]) => key !== 'offset')
  pairs.push(['offset', String(offset)])
  pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const encoded = pairs.map(([key, value]) => `${queryEscape(key)}=${queryEscape(value)}`).join('&')
  return `${origin.scheme}://${origin.host}${origin.path}?${encoded}`
}

/** Go's url.QueryEscape, so that links are the same bytes. */
function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

const LABEL_FILTER = 'filter[labels.'

/** `filter[labels.KEY]=V`, all of which must hold; of a repeated key the last counts. */
export function readLabelFilter({ query, route }: ApiRequest): Labels {
  const labels: Record<string, string> = {}
  const violations: Violation[] = []
  for (const [key, value] of query) {
    if (!key.startsWith('filter[')) continue
    const field = `${route.path}.${key}`
    if (!key.startsWith(LABEL_FILTER)) violations.push({ field, reason: 'filters are only supported on labels' })
    else if (key.indexOf(']') !== key.length - 1) {
      violations.push({ field, reason: 'advanced filters are not supported' })
    } else labels[key.slice(LABEL_FILTER.length, -1)] = value
  }
  if (violations.length > 0) throw invalidResource(...violations)
  return labels
}
