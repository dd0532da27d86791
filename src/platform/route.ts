import type { Reply } from '../api/reply.js'
import type { Clock } from '../base/clock.js'
import type { Random } from '../base/random.js'
import type { RecordStore } from '../store/records.js'
import type { AdmissionFeeds } from './admission-feeds.js'
import type { Caller } from './caller.js'
import type { ControlPlanes, Trail } from './control-planes.js'
import type { ControlPlane, Records } from './entities.js'
import type { Need } from './grants.js'
import type { Provisioning } from './provision-zone.js'

/** What a route asks of its caller. */
export type Access =
  /** Any token of an active holder. */
  | 'member'
  /** A member of the predefined admin team. */
  | 'organization-admin'
  /** The user whom the path names, or an organisation admin. */
  | 'self'
  | 'create-control-planes'
  /** A role on the control plane that the path names. */
  | `control-plane-${Need}`

/** What the manager's handlers work with. */
export interface Manager {
  readonly store: RecordStore
  readonly controlPlanes: ControlPlanes
  readonly provisioning: Provisioning
  readonly feeds: AdmissionFeeds
  readonly clock: Clock
  readonly random: Random
}

/** A request whose caller is known and may do what the route does. */
export interface ManagerRequest {
  readonly manager: Manager
  readonly caller: Caller
  /** The caller's organisation. */
  readonly records: Records
  /** Whose address was called. */
  readonly region: string
  readonly query: URLSearchParams
  readonly body: Buffer
  readonly trail: Trail
  /** Of a route with `cpId`; asked for elsewhere is a mistake of ours. */
  readonly controlPlane: ControlPlane
  param(name: string): string
  header(name: string): string | undefined
}

export interface ManagerRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Parameters in braces. */
  readonly path: string
  readonly what: string
  readonly access: Access
  /** A token without a scheme is taken too, as public tools send it there (auth.md §2.2). */
  readonly bareToken?: true
  readonly handle: (request: ManagerRequest) => Promise<Reply>
}
