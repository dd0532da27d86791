import { PROCESS_SETTINGS, STORE_SETTINGS, TLS_SETTINGS } from '../base/process-settings.js'
import {
  flag,
  port,
  type ReadSettings,
  readSettings,
  type SettingSources,
  type SettingsOf,
  text,
} from '../base/settings.js'

/** Every setting of `zonelab platform run`. */
export const PLATFORM_SETTINGS = {
  listen: text({ env: 'ZONELAB_LISTEN', doc: 'Address that every listener binds', fallback: '127.0.0.1' }),
  regions: text({
    env: 'ZONELAB_PLATFORM_REGIONS',
    doc: 'Comma-separated `REGION=PORT`: where the API of each region is served',
    fallback: 'us=5690',
  }),
  shards: text({
    env: 'ZONELAB_PLATFORM_SHARDS',
    doc: 'JSON array of global deployments: `{"name","region","api","sync","tokenFile"}`; of several instances all addresses, with commas between',
    fallback: '[]',
  }),
  shardCaFile: text({
    env: 'ZONELAB_PLATFORM_SHARD_CA_FILE',
    doc: 'CA of the global deployments whose `api` is https',
    fallback: '',
  }),
  organizations: text({
    env: 'ZONELAB_PLATFORM_ORGANIZATIONS',
    doc: 'Comma-separated organisations that are made at start, each with an admin',
    fallback: 'main',
  }),
  adminTokenFile: text({
    env: 'ZONELAB_ADMIN_TOKEN_FILE',
    doc: "File (0600) for the first organisation's admin token, the others' beside it; empty: none",
    fallback: '',
  }),
  diagnosticsPort: port({
    env: 'ZONELAB_PLATFORM_DIAGNOSTICS_PORT',
    doc: "Readiness, metrics and the operator's view",
    fallback: 5691,
  }),
  tls: flag({ env: 'ZONELAB_PLATFORM_TLS', doc: 'TLS on the API of every region', fallback: true }),
  ...TLS_SETTINGS,
  ...STORE_SETTINGS,
  ...PROCESS_SETTINGS,
} as const

export type PlatformConfig = SettingsOf<typeof PLATFORM_SETTINGS>

/** Throws `invalid-argument` that names every faulty setting. */
export function readPlatformConfig(sources: SettingSources): ReadSettings<typeof PLATFORM_SETTINGS> {
  return readSettings(PLATFORM_SETTINGS, sources)
}
