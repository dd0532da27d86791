import { rolesFor } from './grants.js'
import type { Access, ManagerRoute } from './route.js'
import { MANAGER_ROUTES } from './routes.js'

/** One line of docs/endpoints.md. */
export interface ManagerRouteRow {
  readonly method: string
  readonly path: string
  readonly what: string
  /** Who may, in words. */
  readonly needs: string
}

const onControlPlane = (need: Parameters<typeof rolesFor>[0]) => `${rolesFor(need).join(' or ')} on the control plane`

const NEEDS: Readonly<Record<Access, string>> = {
  member: 'any token of the organisation',
  'organization-admin': 'Organization Admin',
  self: 'the user, or Organization Admin',
  'create-control-planes': 'Admin or Creator on all control planes',
  'control-plane-see': onControlPlane('see'),
  'control-plane-read': onControlPlane('read'),
  'control-plane-write': onControlPlane('write'),
  'control-plane-connect': onControlPlane('connect'),
}

const API = '/v1/mesh/control-planes/{cpId}/api'

const VERBS: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] satisfies readonly ManagerRoute['method'][]

/** Every operation of the manager, by path, reading before writing. */
export const MANAGER_ROUTE_TABLE: readonly ManagerRouteRow[] = [
  ...MANAGER_ROUTES.map(({ method, path, what, access }) => ({ method, path, what, needs: NEEDS[access] })),
  {
    method: 'GET',
    path: `${API}/**`,
    what: "The control plane's own API, reading",
    needs: NEEDS['control-plane-read'],
  },
  { method: 'any other', path: `${API}/**`, what: "The control plane's own API", needs: NEEDS['control-plane-write'] },
  {
    method: 'GET',
    path: '/internal/shards/{shard}/feed',
    what: 'What a global needs to admit zones, as a stream of lines',
    needs: "the shard's token",
  },
  {
    method: 'POST',
    path: '/internal/shards/{shard}/events',
    what: 'What a global tells of its zones',
    needs: "the shard's token",
  },
].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : rank(a.method) - rank(b.method)))

function rank(method: string): number {
  const index = VERBS.indexOf(method)
  return index < 0 ? VERBS.length : index
}
