import type { AccessRules } from '../auth/access.js'
import type { ApiUser } from '../auth/api-user.js'
import type { TenantStore } from '../store/store.js'
import type { ApiOptions } from './options.js'
import type { Reply } from './reply.js'

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

/** One operation. `path` has its parameters in braces, as Kuma's routes and its error fields do. */
export interface Route {
  readonly method: Method
  readonly path: string
  /** One line for people, printed in docs/endpoints.md. */
  readonly what: string
  /** Answers without looking at who is calling. */
  readonly anonymous?: true
  /**
   * The rules of access one of which decides, by what is asked for; absent: everyone may. Printed in docs/endpoints.md; where
   * in the order of checks it is asked is Kuma's, so handlers do it, and a test walks all of them.
   */
  readonly rules?: readonly (keyof AccessRules)[]
  readonly handle: (request: ApiRequest) => Reply | Promise<Reply>
}

/** A request as handlers see it: its tenant is bound, its caller is known. */
export interface ApiRequest {
  readonly api: ApiOptions
  readonly store: TenantStore
  readonly user: ApiUser
  readonly route: Route
  readonly query: URLSearchParams
  /** Scheme, host and path as the client sees them, with the mount's prefix: what links are made of. */
  readonly origin: { readonly scheme: string; readonly host: string; readonly path: string }
  readonly body: Buffer
  /** A path parameter, decoded; '' when the route has none of that name. */
  param(name: string): string
}
