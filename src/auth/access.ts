import { AppError } from '../base/errors.js'
import { descriptorOf, type ResourceType } from '../model/registry.js'
import { ADMIN, type ApiUser, AUTHENTICATED_GROUP, UNAUTHENTICATED_GROUP } from './api-user.js'

/** A right is had by the users and by the members of the groups that it lists (kuma `pkg/config/access`). */
export interface AccessRule {
  readonly users: readonly string[]
  readonly groups: readonly string[]
}

/** The static access configuration, under Kuma's names. */
export interface AccessRules {
  readonly adminResources: AccessRule
  readonly generateDpToken: AccessRule
  readonly generateUserToken: AccessRule
  readonly generateZoneToken: AccessRule
  readonly viewConfigDump: AccessRule
  readonly viewStats: AccessRule
  readonly viewClusters: AccessRule
  readonly controlPlaneMetadata: AccessRule
}

const ADMINS: AccessRule = { users: [ADMIN], groups: [ADMIN] }
const EVERYONE: AccessRule = { users: [], groups: [UNAUTHENTICATED_GROUP, AUTHENTICATED_GROUP] }

export const DEFAULT_ACCESS: AccessRules = {
  adminResources: ADMINS,
  generateDpToken: ADMINS,
  generateUserToken: ADMINS,
  generateZoneToken: ADMINS,
  viewConfigDump: EVERYONE,
  viewStats: EVERYONE,
  viewClusters: EVERYONE,
  controlPlaneMetadata: EVERYONE,
}

/** What someone wants to do with the API. */
export type Action =
  /** Any verb on a resource; only admin-only types (secrets) ask for a right. */
  | { readonly kind: 'resource'; readonly type: ResourceType }
  | { readonly kind: 'generate-dataplane-token' }
  | { readonly kind: 'generate-user-token' }
  | { readonly kind: 'generate-zone-token'; readonly zone: string }
  | { readonly kind: 'view-config-dump' | 'view-stats' | 'view-clusters' }
  | { readonly kind: 'control-plane-metadata' }

/** Throws `permission-denied` with Kuma's detail text when the rules do not give `user` this right. */
export function requireAccess(rules: AccessRules, user: ApiUser, action: Action): void {
  const needed = ruleFor(rules, action)
  if (needed === undefined || isGranted(needed.rule, user)) return
  const who = JSON.stringify(`${user.name}/${user.groups.join(',')}`)
  throw new AppError(
    'permission-denied',
    needed.what === undefined ? DENIED : `user ${who} cannot access ${needed.what}`,
  )
}

/** Kuma's text for user tokens, which names neither the user nor the action. */
const DENIED = 'action not allowed'

interface NeededRule {
  readonly rule: AccessRule
  readonly what: string | undefined
}

/** Undefined: open to all. */
function ruleFor(rules: AccessRules, action: Action): NeededRule | undefined {
  switch (action.kind) {
    case 'resource':
      if (!descriptorOf(action.type).adminOnly) return undefined
      return { rule: rules.adminResources, what: `the resource of type "${action.type}"` }
    case 'generate-dataplane-token':
      return { rule: rules.generateDpToken, what: 'generate dataplane token' }
    case 'generate-user-token':
      return { rule: rules.generateUserToken, what: undefined }
    case 'generate-zone-token':
      return { rule: rules.generateZoneToken, what: `generate zone token for zone '${action.zone}'` }
    case 'view-config-dump':
      return { rule: rules.viewConfigDump, what: 'envoy proxy info' }
    case 'view-stats':
      return { rule: rules.viewStats, what: 'envoy proxy info' }
    case 'view-clusters':
      return { rule: rules.viewClusters, what: 'envoy proxy info' }
    case 'control-plane-metadata':
      return { rule: rules.controlPlaneMetadata, what: 'control-plane metadata' }
  }
}

function isGranted({ users, groups }: AccessRule, user: ApiUser): boolean {
  return users.includes(user.name) || user.groups.some((group) => groups.includes(group))
}
