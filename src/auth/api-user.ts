import type { IncomingHttpHeaders } from 'node:http'

/** Who calls the REST API, as `GET /who-am-i` shows it. */
export interface ApiUser {
  readonly name: string
  readonly groups: readonly string[]
}

/** What of an HTTP request tells who is calling: the socket's peer and the headers, never what a proxy forwards. */
export interface ApiRequest {
  readonly remoteAddress: string | undefined
  readonly headers: IncomingHttpHeaders
}

/** The name of the user, and of the group, that may do everything. */
export const ADMIN = 'mesh-system:admin'
export const AUTHENTICATED_GROUP = 'mesh-system:authenticated'
export const UNAUTHENTICATED_GROUP = 'mesh-system:unauthenticated'

export const ANONYMOUS_USER: ApiUser = { name: 'mesh-system:anonymous', groups: [UNAUTHENTICATED_GROUP] }
export const ADMIN_USER: ApiUser = { name: ADMIN, groups: [ADMIN, AUTHENTICATED_GROUP] }
