import type { ManagerRoute } from './route.js'
import { ACCOUNT_ROUTES } from './routes-accounts.js'
import { CONTROL_PLANE_ROUTES } from './routes-control-planes.js'
import { ORGANIZATION_ROUTES } from './routes-organization.js'
import { ROLE_ROUTES } from './routes-roles.js'
import { TEAM_ROUTES } from './routes-teams.js'
import { TOKEN_ROUTES } from './routes-tokens.js'
import { ZONE_ROUTES } from './routes-zones.js'

/** Every operation of the manager but the relay: what is registered, and what docs/endpoints.md lists. */
export const MANAGER_ROUTES: readonly ManagerRoute[] = [
  ...CONTROL_PLANE_ROUTES,
  ...ZONE_ROUTES,
  ...ORGANIZATION_ROUTES,
  ...ACCOUNT_ROUTES,
  ...TOKEN_ROUTES,
  ...ROLE_ROUTES,
  ...TEAM_ROUTES,
]
