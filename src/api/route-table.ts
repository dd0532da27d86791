import type { Method, Route } from './route.js'
import { ROUTES } from './routes.js'

/** One line of docs/endpoints.md. */
export interface RouteRow {
  readonly method: Method
  /** Relative to the mount: bare, or `/v1/mesh/control-planes/{cpId}/api`. */
  readonly path: string
  readonly what: string
  readonly rules: NonNullable<Route['rules']>
  /** Whoever presents a credential that does not hold is not refused either. */
  readonly anonymous: boolean
}

const VERBS: readonly Method[] = ['GET', 'PUT', 'POST', 'DELETE']

/** Every operation of the API, by path, reading before writing. */
export const ROUTE_TABLE: readonly RouteRow[] = ROUTES.map((route): RouteRow => {
  const { method, path, what, rules = [], anonymous = false } = route
  return { method, path, what, rules, anonymous }
}).sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : VERBS.indexOf(a.method) - VERBS.indexOf(b.method)))
