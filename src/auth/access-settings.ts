import type { Setting, SettingsOf } from '../base/settings.js'
import { type AccessRules, DEFAULT_ACCESS } from './access.js'

/** Who has which right at the API, under Kuma's names (`pkg/config/access`). */

function names(env: string, doc: string, fallback: readonly string[]): Setting<readonly string[]> {
  return { env: `KUMA_ACCESS_STATIC_${env}`, doc, fallback, parse: parseNames }
}

/** Comma-separated, as in Kuma's variables, or a JSON list, as in its file. */
function parseNames(text: string): readonly string[] {
  const listed: unknown = text.startsWith('[') ? JSON.parse(text) : text.split(',').filter((name) => name !== '')
  if (Array.isArray(listed) && listed.every((name) => typeof name === 'string')) return listed
  throw new Error('expected names, separated by commas')
}

const {
  adminResources,
  generateDpToken,
  generateUserToken,
  generateZoneToken,
  viewConfigDump,
  viewStats,
  viewClusters,
  controlPlaneMetadata,
} = DEFAULT_ACCESS

export const ACCESS_SETTINGS = {
  adminResourcesUsers: names('ADMIN_RESOURCES_USERS', 'Who may read and write secrets', adminResources.users),
  adminResourcesGroups: names('ADMIN_RESOURCES_GROUPS', 'Groups that may', adminResources.groups),
  generateDpTokenUsers: names('GENERATE_DP_TOKEN_USERS', 'Who may issue dataplane tokens', generateDpToken.users),
  generateDpTokenGroups: names('GENERATE_DP_TOKEN_GROUPS', 'Groups that may', generateDpToken.groups),
  generateUserTokenUsers: names('GENERATE_USER_TOKEN_USERS', 'Who may issue user tokens', generateUserToken.users),
  generateUserTokenGroups: names('GENERATE_USER_TOKEN_GROUPS', 'Groups that may', generateUserToken.groups),
  generateZoneTokenUsers: names('GENERATE_ZONE_TOKEN_USERS', 'Who may issue zone tokens', generateZoneToken.users),
  generateZoneTokenGroups: names('GENERATE_ZONE_TOKEN_GROUPS', 'Groups that may', generateZoneToken.groups),
  viewConfigDumpUsers: names('GET_CONFIG_DUMP_USERS', "Who may see a sidecar's configuration", viewConfigDump.users),
  viewConfigDumpGroups: names('GET_CONFIG_DUMP_GROUPS', 'Groups that may', viewConfigDump.groups),
  viewStatsUsers: names('VIEW_STATS_USERS', "Who may see a sidecar's statistics", viewStats.users),
  viewStatsGroups: names('VIEW_STATS_GROUPS', 'Groups that may', viewStats.groups),
  viewClustersUsers: names('VIEW_CLUSTERS_USERS', "Who may see a sidecar's clusters", viewClusters.users),
  viewClustersGroups: names('VIEW_CLUSTERS_GROUPS', 'Groups that may', viewClusters.groups),
  controlPlaneMetadataUsers: names(
    'CONTROL_PLANE_METADATA_USERS',
    "Who may see the control plane's configuration",
    controlPlaneMetadata.users,
  ),
  controlPlaneMetadataGroups: names('CONTROL_PLANE_METADATA_GROUPS', 'Groups that may', controlPlaneMetadata.groups),
} as const

export function accessRules(settings: SettingsOf<typeof ACCESS_SETTINGS>): AccessRules {
  return {
    adminResources: { users: settings.adminResourcesUsers, groups: settings.adminResourcesGroups },
    generateDpToken: { users: settings.generateDpTokenUsers, groups: settings.generateDpTokenGroups },
    generateUserToken: { users: settings.generateUserTokenUsers, groups: settings.generateUserTokenGroups },
    generateZoneToken: { users: settings.generateZoneTokenUsers, groups: settings.generateZoneTokenGroups },
    viewConfigDump: { users: settings.viewConfigDumpUsers, groups: settings.viewConfigDumpGroups },
    viewStats: { users: settings.viewStatsUsers, groups: settings.viewStatsGroups },
    viewClusters: { users: settings.viewClustersUsers, groups: settings.viewClustersGroups },
    controlPlaneMetadata: { users: settings.controlPlaneMetadataUsers, groups: settings.controlPlaneMetadataGroups },
  }
}
