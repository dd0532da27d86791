import type { Method } from './route.js'
import { ROUTES } from './routes.js'

/** One line of docs/endpoints.md. */
export interface RouteRow {
  readonly method: Method
  /** Relative to the mount: bare, or `/v1/mesh/control-planes/{cpId}/api`. */
  readonly path: string
  readonly what: string
}

const VERBS: readonly Method[] = ['GET', 'PUT', 'POST', 'DELETE']

/** Every operation of the API, by path, reading before writing. */
export const ROUTE_TABLE: readonly RouteRow[] = ROUTES.map(({ method, path, what }) => ({ method, path, what })).sort(
  (a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : VERBS.indexOf(a.method) - VERBS.indexOf(b.method)),
)
